// A till's life: joining, its name, being disconnected by its shop or by the municipality.
import assert from "node:assert/strict";
import { test } from "node:test";
import { closePage, keyIn, loseAnswers, openConsole, openPage, openTill, practise, result, scan, typeCode } from "./lib/browser.mjs";
import { browser, town } from "./lib/stage.mjs";

const shop = (number = 0) => town.demo.terminals[number];
const enrolment = async () => (await (await town.staff())("POST", `/shops/${shop().shop_id}/enrolments`)).enrolment_code;
const who = (page, text) => page.locator("#who", { hasText: text }).waitFor();

/** A page as a till that has just joined. */
async function join(page, label) {
  const { data } = await town.call("POST", "/v1/terminals/enrol", { body: { enrolment_code: await enrolment(), label } });
  await page.addInitScript((token) => sessionStorage.getItem("joined") ?? (localStorage.setItem("buono.token", token), sessionStorage.setItem("joined", "1")), data.token);
  await page.goto("/shop");
  await who(page, label);
  return data;
}

test("a wrong code says so, the right one works once, and the till stays joined", async () => {
  const page = await openPage(browser, town, {});
  page.expected.push(/404/);
  await page.goto("/negozio");
  await page.locator("#enrolment").fill("AAAA-AAAA");
  await page.locator("#join").click();
  await page.locator("#notice", { hasText: "Codice non valido" }).waitFor();
  await page.locator("#enrolment").fill(" prova 2026 ");
  await page.locator("#label").fill("Banco");
  await page.locator("#join").click();
  await who(page, "Banco");
  await page.reload();
  await who(page, "Banco");
  await page.locator(".tiles").waitFor();
  await closePage(page);
});

test("a till whose answer was lost has joined all the same: the code that is used by now is its own", async () => {
  const page = await openPage(browser, town, {});
  page.expected.push(/ERR_FAILED|404/);
  const code = await enrolment();
  await page.goto(`/shop#join=${code}`);
  let lost = 0;
  await page.route("**/v1/terminals/enrol", async (route) => {
    if ((lost += 1) > 1) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await page.locator("#label").fill("Cassa ritrovata");
  await page.locator("#join").click();
  await page.locator("#notice", { hasText: "rete" }).waitFor();
  await page.locator("#join").click();
  await who(page, "Cassa ritrovata");
  assert.equal(lost, 2);
  const { items } = await (await town.staff())("GET", `/shops/${shop().shop_id}/terminals`);
  assert.equal(items.filter(({ label }) => label === "Cassa ritrovata").length, 1);
  await closePage(page);
  // a stranger's code stays one
  const other = await openPage(browser, town, {});
  other.expected.push(/401|404/);
  await other.goto(`/shop#join=${code}`);
  await other.locator("#join").click();
  await other.locator("#notice", { hasText: "Codice non valido" }).waitFor();
  await closePage(other);
});

test("a browser that keeps nothing says so before anybody uses up a code", async () => {
  const page = await openPage(browser, town, {});
  await page.addInitScript(() => Object.defineProperty(window, "localStorage", { get() { throw new DOMException("no", "SecurityError"); } }));
  await page.goto("/shop");
  await page.locator("#unstorable", { hasText: "non lascia salvare nulla" }).waitFor();
  assert.equal(await page.locator("#join").count(), 0);
  await closePage(page);
});

test("a scanner that types the whole link joins, also one for another keyboard, wherever the cursor is", async () => {
  for (const [typed, focused] of [[(code) => `${town.url}/shop#join=${code}`, true], [(code) => `http'--127.0.0.1-shop£joinì${code.replaceAll("-", "'")}`, false]]) {
    const page = await openPage(browser, town, {});
    await page.goto("/shop");
    await page.locator("#enrolment").waitFor();
    const code = await enrolment();
    if (focused) await page.locator("#enrolment").focus();
    if (focused) await page.keyboard.type(typed(code));
    // the test's own keyboard has no such keys
    else await page.evaluate((keys) => keys.forEach((key) => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }))), [...typed(code), "Enter"]);
    if (focused) await page.keyboard.press("Enter");
    if (!focused) await page.locator("#join").click();
    await page.locator(".tiles").waitFor();
    await closePage(page);
  }
});

test("the screen to join on leads to practice, which needs no code", async () => {
  const page = await openPage(browser, town, {});
  await page.goto("/shop");
  await page.locator("#practice").click();
  await page.locator(".ways .btn-primary", { hasText: "Comincia" }).click();
  page.on("request", (request) => assert.ok(!request.url().includes("/v1/"), `practice asked ${request.url()}`));
  await practise(page);
  await page.locator("#next").click();
  await page.evaluate(() => (location.hash = "training"));
  await page.locator(".ways button", { hasText: "Esci" }).click();
  await page.locator("#enrol").waitFor();
  await page.locator("a[href='#help'] >> visible=true").first().click();
  await page.locator("summary", { hasText: "schermata" }).click();
  await page.locator("details[open]", { hasText: /Android[\s\S]*Computer/ }).waitFor();
  await closePage(page);
});

test("who joins, and who asks for help, finds what is said of accessibility", async () => {
  const page = await openPage(browser, town, {});
  await page.goto("/shop");
  for (const screen of ["join", "help"]) {
    await page.goto(`/shop#${screen}`);
    await page.locator(screen === "join" ? "#enrol" : ".steps").waitFor();
    await page.getByRole("link", { name: "Dichiarazione di accessibilità" }).click();
    await page.waitForURL("**/accessibilita");
    await page.locator("h1", { hasText: "Dichiarazione di accessibilità" }).waitFor();
  }
  await closePage(page);
});

test("an iPhone is told to put the app on its home screen first: what joins in the browser stays there", async () => {
  for (const [standalone, told] of [["false", 1], ["true", 0], ["undefined", 0]]) {
    const page = await openPage(browser, town, {});
    await page.addInitScript(`Object.defineProperty(navigator, "standalone", { value: ${standalone} })`);
    await page.goto("/shop#join=PROVA-2026");
    await page.locator("#enrol").waitFor();
    assert.equal(await page.locator("#to-home-screen", { hasText: "schermata Home" }).count(), told);
    await closePage(page);
  }
});

test("the console's QR opens the app with the code in it", async () => {
  const office = await openPage(browser, town, { width: 1280 });
  await openConsole(office, town, "clerk");
  await office.locator('.tabs a[href="#shops"]').click();
  await office.locator("#shop-query").fill(shop().shop);
  await office.locator("#shop-list button", { hasText: "Nuova cassa" }).first().click();
  const code = await office.locator("dialog h2").innerText();
  await office.locator("dialog svg.qr-code").waitFor();
  const link = await office.locator("dialog a").getAttribute("href");
  assert.equal(link, `${town.url}/shop#join=${code}`);
  await closePage(office);
  const page = await openPage(browser, town, {});
  await page.goto(link);
  assert.equal(await page.locator("#enrolment").inputValue(), code);
  await page.locator("#join").click();
  await page.locator(".tiles").waitFor();
  await who(page, shop().shop);
  assert.ok(!page.url().includes(code), "the code does not stay in the address");
  await page.evaluate(() => (location.hash = "join"));
  await page.locator("h1", { hasText: "già collegata" }).waitFor();
  await closePage(page);
});

test("a payment before the server has told of the shop is settled as any other", async () => {
  const page = await openPage(browser, town, {});
  page.expected.push(/503/);
  await page.route("**/v1/shop", (route) => route.fulfill({ status: 503 }));
  await page.goto("/negozio");
  await page.locator("#enrolment").fill(await enrolment());
  await page.locator("#join").click();
  await page.locator(".tiles").waitFor();
  await loseAnswers(page, "**/v1/redemptions", Infinity);
  await typeCode(page, town.demo.vouchers[71].code);
  await keyIn(page, 100);
  await page.locator("#take").click();
  await page.locator("#yes").click();
  await result(page, "wait", "Sto controllando");
  await page.unroute("**/v1/shop");
  await page.unroute("**/v1/redemptions");
  await page.reload();
  await result(page, "done", "1,00");
  await closePage(page);
});

test("a till is renamed, and the totals know it", async () => {
  const page = await openPage(browser, town, {});
  page.expected.push(/400/);
  await openTill(page, town, 1, "till");
  await page.locator("#label").fill("   ");
  await page.locator("#rename-yes").click();
  await page.locator("#notice strong").waitFor();
  await page.locator("#label").fill("Cassa del pane");
  await page.locator("#rename-yes").click();
  await page.locator("#notice", { hasText: "Nome cambiato" }).waitFor();
  await who(page, "Cassa del pane");
  await town.redeem(town.demo.vouchers[70], 100, 1);
  const { data } = await town.call("GET", "/v1/operations", { headers: { authorization: `Bearer ${town.demo.terminals[1].token}` } });
  assert.equal(data.totals.terminals[0].label, "Cassa del pane");
  await closePage(page);
});

test("a refusal that is not the server's own disconnects nothing", async () => {
  const page = await openPage(browser, town, {});
  page.expected.push(/401/);
  await openTill(page, town, 3);
  for (const answer of [{ status: 401 }, { status: 401, json: { message: "proxy" } }, { status: 200, contentType: "text/html", body: "<p>Benvenuti" }]) {
    await page.route("**/v1/shop", (route) => route.fulfill(answer));
    const answered = page.waitForResponse("**/v1/shop");
    await page.reload();
    await answered;
    await page.locator(".tiles").waitFor();
    // what was answered is also worked off
    await page.evaluate(() => new Promise((done) => setTimeout(done, 50)));
    await who(page, shop(3).shop);
    assert.equal(await page.evaluate(() => localStorage.getItem("buono.token")), shop(3).token);
    await page.unroute("**/v1/shop");
  }
  await closePage(page);
});

test("a till leaves: its token is worth nothing any more", async () => {
  const page = await openPage(browser, town, {});
  await openTill(page, town, 2, "till");
  await page.locator("button", { hasText: "Scollega questa cassa" }).click();
  await page.locator("dialog").waitFor();
  // Enter is no yes here
  await page.keyboard.press("Enter");
  await page.locator("dialog").waitFor({ state: "detached" });
  await page.locator("button", { hasText: "Scollega questa cassa" }).click();
  await page.locator("dialog .btn-danger").click();
  await page.locator("#enrol").waitFor();
  const { status } = await town.call("GET", "/v1/shop", { headers: { authorization: `Bearer ${town.demo.terminals[2].token}` } });
  assert.equal(status, 401);
  assert.equal(await page.locator("#revoked").count(), 0, "it left by itself");
  await closePage(page);
});

test("a till that the municipality revokes stops at once; what was not settled is kept, shown, and settled later", async () => {
  const page = await openPage(browser, town, {});
  page.expected.push(/401/, /ERR_FAILED/);
  const joined = await join(page, "Banco 2");
  const voucher = town.demo.vouchers[71];
  const { help_phone } = (await town.asTill(0, "/v1/shop")).municipality;
  await page.route("**/v1/redemptions", async (route) => {
    await route.fetch();
    await route.abort();
  });
  await typeCode(page, voucher.code);
  await page.locator(".pad").waitFor();
  await keyIn(page, 420);
  await page.locator("#take").click();
  await page.locator("#yes").click();
  await page.locator("#result.wait", { hasText: "Sto controllando" }).waitFor();
  await (await town.staff())("POST", `/terminals/${joined.terminal_id}/revoke`);
  await page.unroute("**/v1/redemptions");
  await page.locator("#result.wait", { hasText: "scollegata" }).waitFor();
  assert.ok(await page.locator("#next").isVisible());
  // whom to call is still known, wherever it says so
  const called = async (place) => assert.equal(await page.locator(`${place} a[href^="tel:"]`).getAttribute("href"), `tel:${help_phone.replace(/\s/g, "")}`);
  await called("#result");
  await page.reload();
  await page.locator("#revoked", { hasText: "Chiedi al Comune" }).waitFor();
  await page.locator("#kept", { hasText: "4,20" }).waitFor();
  await called("#revoked");
  await page.locator("a[href='#help'] >> visible=true").first().click();
  await page.locator(".contacts").waitFor();
  await called(".contacts");
  await page.evaluate(() => (location.hash = "join"));
  await page.locator("#enrolment").fill(await enrolment());
  await page.locator("#join").click();
  await page.locator("#result.done", { hasText: "4,20" }).waitFor();
  await closePage(page);
});

test("a till that is revoked while a green stands says so at the next scan", async () => {
  const page = await openPage(browser, town, {});
  page.expected.push(/401/);
  const joined = await join(page, "Banco 3");
  const [voucher, second] = town.demo.vouchers.slice(72, 74);
  await typeCode(page, voucher.code);
  await page.locator(".pad").waitFor();
  await keyIn(page, 130);
  await page.locator("#take").click();
  await page.locator("#yes").click();
  await result(page, "done", "1,30");
  await (await town.staff())("POST", `/terminals/${joined.terminal_id}/revoke`);
  await scan(page, second.qr_text);
  await page.locator("#revoked", { hasText: "scollegata" }).waitFor();
  await page.locator("#enrol").waitFor();
  await closePage(page);
});

test("a till that is revoked while it saves a file is disconnected as by any other call", async () => {
  const page = await openPage(browser, town, {});
  page.expected.push(/401/);
  const joined = await join(page, "Banco 4");
  await page.locator(".tiles a[href='#operations']").click();
  await page.locator("#operations li").first().waitFor();
  await (await town.staff())("POST", `/terminals/${joined.terminal_id}/revoke`);
  await page.locator("#download-csv").click();
  await page.locator("#revoked", { hasText: "scollegata" }).waitFor();
  await closePage(page);
});
