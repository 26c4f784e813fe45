// A family's page: live, offline, without a script, replaced, kept, on paper.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { balance, openVoucher, withPage } from "./lib/browser.mjs";
import { browser, page, town } from "./lib/stage.mjs";

const live = (page) => page.locator("[data-when=live]").waitFor({ state: "visible" });
const offline = (page) => page.locator("[data-when=offline]").waitFor({ state: "visible" });

test("what the server says about keeping, and about scripts", async () => {
  const html = await (await fetch(`${town.url}/v`)).text();
  const style = /\/assets\/page-[0-9a-f]{8}\.css/.exec(html)[0];
  const asset = await fetch(town.url + style, { headers: { "accept-encoding": "br" } });
  assert.equal(asset.headers.get("content-encoding"), "br");
  assert.match(asset.headers.get("cache-control"), /immutable/);
  const again = await fetch(town.url + style, { headers: { "accept-encoding": "br", "if-none-match": asset.headers.get("etag") } });
  assert.equal(again.status, 304);
  const plain = await fetch(town.url + style, { headers: { "accept-encoding": "identity" } });
  assert.equal(plain.headers.get("content-encoding"), null);
  const door = await fetch(`${town.url}/v`);
  assert.equal(door.headers.get("cache-control"), "no-cache");
  assert.equal((await fetch(`${town.url}/v`, { headers: { "if-none-match": door.headers.get("etag") } })).status, 304);
  assert.doesNotMatch(door.headers.get("content-security-policy"), /unsafe|data:|\*/);
  const { headers } = await town.call("POST", "/v1/citizen/session", { body: { code: town.voucher("2026/0001").code } });
  const opened = await fetch(`${town.url}/v/buono`, { headers: { cookie: headers.get("set-cookie").split(";")[0] } });
  assert.equal(opened.headers.get("cache-control"), "no-store");
});

page("follows the balance, keeps what somebody was typing, and blocks", { width: 320 }, async (page) => {
  const voucher = town.voucher("2026/0002");
  await openVoucher(page, voucher);
  await balance(page, "450,00 €");
  await page.locator("#wanted").fill("forli alim");
  assert.deepEqual(await page.locator(".shops li:visible strong").allInnerTexts(), ["Alimentari Forlì"]);
  await town.redeem(voucher, 1000);
  await balance(page, "440,00 €");
  assert.equal(await page.locator("#wanted").inputValue(), "forli alim");
  assert.equal(await page.evaluate(() => document.activeElement.id), "wanted");
  await page.locator("#sure").check();
  await page.locator(".lost button").click();
  await page.locator(".alert-danger", { hasText: "Bloccato" }).waitFor();
  assert.equal(await page.locator(".qr").count(), 0);
  assert.equal((await town.redeem(voucher, 1)).data.code, "voucher_blocked");
});

page("a block by the office, and a new code, are seen at once", {}, async (page) => {
  // the old code's stream is refused
  page.expected.push(/409/);
  const voucher = town.voucher("2026/0005");
  const office = await town.staff();
  await openVoucher(page, voucher);
  await office("POST", `/vouchers/${voucher.voucher_id}/block`, { reason: "prova" });
  await page.locator(".alert-danger", { hasText: "Bloccato" }).waitFor();
  await office("POST", `/vouchers/${voucher.voucher_id}/unblock`, { reason: "prova" });
  await page.locator(".qr").waitFor();
  await office("POST", `/vouchers/${voucher.voucher_id}/reissue`, { reason: "prova" });
  await page.locator(".alert-warning", { hasText: "Codice sostituito" }).waitFor();
  // whoever found the old link learns neither balance nor movements
  assert.doesNotMatch(await page.locator("main").innerText(), /\d,\d\d\s€/);
  assert.equal(await page.locator(".amount, .typed, .qr").count(), 0);
  // nor is offered what is refused, or told that there were no movements
  const nothingMore = async () => assert.equal(await page.locator("[data-print], a[href$='.pdf'], #movements, a[href='#movements'], #lost").count(), 0);
  await nothingMore();
  await page.reload();
  await page.locator(".alert-warning", { hasText: "Codice sostituito" }).waitFor();
  await nothingMore();
  assert.doesNotMatch(await page.locator("main").innerText(), /Nessun movimento/i);
});

page("an old link and an old code say that there is a new one, and whom to ask", {}, async (page) => {
  page.expected.push(/409/, /410/);
  const voucher = town.voucher("2026/0017");
  const { code } = await (await town.staff())("POST", `/vouchers/${voucher.voucher_id}/reissue`, { reason: "persa" });
  await page.goto(voucher.link);
  const said = page.locator("#opening.alert", { hasText: "Il Comune ti ha dato un codice nuovo" });
  await said.waitFor();
  assert.match(await said.locator("a").getAttribute("href"), /^tel:0599/);
  assert.equal(new URL(page.url()).hash, "", "the secret is gone from the address");
  await page.locator("#code").fill(voucher.code);
  await page.locator("form button").click();
  await page.locator(".alert-warning", { hasText: "Codice sostituito" }).locator("a[href^='tel:']").waitFor();
  assert.doesNotMatch(await page.locator("main").innerText(), /\d,\d\d\s€/);
  await page.locator("#code").fill(code);
  await page.locator("form button").click();
  await page.locator(".qr").waitFor();
});

/** Opens a voucher in another tab of the phone that shows the first; from then on the phone's session is of this one. */
async function openBeside(page, voucher) {
  const beside = await page.context().newPage();
  await beside.goto("/v");
  await beside.locator("#code").fill(voucher.code);
  await beside.locator("form button").click();
  await beside.waitForURL("**/v/buono");
  await beside.close();
}

page("two vouchers on one phone: the page of the first becomes the whole page of the other", {}, async (page) => {
  const [mother, other] = [town.voucher("2026/0021"), await town.programmeWithVoucher({ name: "Della nonna", cents: 7700 })];
  await page.addInitScript(() => (window.print = () => sessionStorage.setItem("printed", "yes")));
  // seen again, told of a change, and about to be printed
  const looks = [
    () => page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))),
    () => town.redeem(mother, 100),
    () => page.locator("[data-print=sheet]").click(),
  ];
  for (const look of looks) {
    await openVoucher(page, mother);
    await openBeside(page, other);
    assert.match(await page.locator(".it-brand-title").innerText(), /Buoni spesa/);
    await look();
    await page.locator(".it-brand-title", { hasText: "Della nonna" }).waitFor();
    await live(page);
    await balance(page, "77,00 €");
    assert.deepEqual(await page.locator('input[name="voucher"]').evaluateAll((all) => all.map(({ value }) => value)), [other.voucher_id, other.voucher_id]);
  }
  assert.equal(await page.evaluate(() => sessionStorage.getItem("printed")), null, "no paper of one voucher for whoever saw another");
});

page("a stream that comes back with the session of another voucher brings that one's whole page", {}, async (page) => {
  const [mother, other] = [town.voucher("2026/0022"), town.voucher("2026/0025")];
  const { headers } = await town.call("POST", "/v1/citizen/session", { body: { code: other.code } });
  const [name, value] = headers.get("set-cookie").split(";")[0].split("=");
  let streams = 0;
  await page.route("**/v1/citizen/voucher/events", async (route) => {
    if ((streams += 1) > 1) {
      await page.context().addCookies([{ name, value, url: town.url }]);
      return route.continue();
    }
    // nothing has happened to either: their numbers tell them not apart
    return route.fulfill({ contentType: "text/event-stream", body: 'retry: 10\nevent: voucher\ndata: {"voucher_seq":1}\n\n' });
  });
  await openVoucher(page, mother);
  await balance(page, "390,00 €");
  assert.equal(await page.locator('.lost input[name="voucher"]').inputValue(), other.voucher_id);
  assert.equal(await page.locator("[data-part=balance]").getAttribute("data-seq"), "1");
});

page("parts that are none, from somebody on the way, leave the voucher there and are no word of the server's", {}, async (page) => {
  await openVoucher(page, town.voucher("2026/0024"));
  await page.route("**/v/buono/parti", (route) => route.fulfill({ contentType: "text/html", body: "<p>Accetta" }));
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await offline(page);
  assert.ok(await page.locator(".qr").isVisible());
});

page("what is asked of a voucher is not done to another that the phone has opened since", { script: false }, async (page) => {
  const [mother, other] = [town.voucher("2026/0027"), town.voucher("2026/0026")];
  const open = async ({ code }) => {
    await page.goto("/v");
    await page.locator("#code").fill(code);
    await page.locator("form button").click();
    await page.waitForURL("**/v/buono");
  };
  const cookie = async () => (await page.context().cookies()).find(({ name }) => name.endsWith("voucher"));
  /** What the page leads to whose form is sent when the other voucher has been opened. */
  const send = async (form) => {
    await openBeside(page, other);
    const before = await cookie();
    if (form === "blocca") await page.locator("#sure").check();
    await page.locator(`form[action="/v/${form}"] button`).click();
    await page.waitForURL("**/v/buono");
    await balance(page, "100,00 €");
    assert.equal(await page.locator(".alert-danger").count(), 0, form);
    assert.deepEqual(await cookie(), before, `${form} changed the session`);
  };
  for (const form of ["blocca", "ricorda"]) {
    await open(mother);
    await send(form);
  }
  await open(mother);
  await page.locator('form[action="/v/ricorda"] button').click();
  await page.locator('form[action="/v/dimentica"]').waitFor();
  await send("dimentica");
  for (const voucher of [mother, other]) assert.equal((await town.redeem(voucher, 1)).status, 201, voucher.reference);
});

page("a phone keeps the voucher open only where its holder wants it, until he does not", { script: false }, async (page) => {
  const open = async () => {
    await page.goto("/v");
    await page.locator("#code").fill(town.voucher("2026/0018").code);
    await page.locator("form button").click();
    await page.waitForURL("**/v/buono");
  };
  const cookie = async () => (await page.context().cookies()).find(({ name }) => name.endsWith("voucher"));
  await open();
  assert.equal((await cookie()).expires, -1, "gone with the browser");
  await page.locator('form[action="/v/ricorda"] button').click();
  await page.locator('form[action="/v/dimentica"]').waitFor();
  const kept = await cookie();
  assert.ok(kept.expires > Date.now() / 1000 + 30 * 86_400 && kept.httpOnly && kept.sameSite === "Strict", JSON.stringify(kept));
  assert.doesNotMatch(kept.value, new RegExp(town.voucher("2026/0018").link.split("#")[1]), "not the link's secret");
  await page.locator('form[action="/v/dimentica"] button').click();
  await page.waitForURL("**/v");
  assert.equal(await cookie(), undefined);
  // also for whoever has copied it
  await page.context().addCookies([{ ...kept, url: town.url, domain: undefined, path: undefined }]);
  await page.goto("/v/buono");
  assert.ok(await page.locator("#code").isVisible());
});

page("the link tapped again keeps what the phone was told to keep, and of that voucher alone", {}, async (page) => {
  const days = async () => ((await page.context().cookies()).find(({ name }) => name.endsWith("voucher")).expires - Date.now() / 1000) / 86_400;
  const kept = town.voucher("2026/0028");
  await openVoucher(page, kept);
  await page.locator('form[action="/v/ricorda"] button').click();
  await page.locator('form[action="/v/dimentica"]').waitFor();
  const asked = await days();
  assert.ok(asked > 30, `${asked} days`);
  // away first: only the fragment would change, were the page the same
  await page.goto("about:blank");
  await openVoucher(page, kept);
  assert.ok(Math.abs((await days()) - asked) < 1, `${await days()} days, not ${asked}`);
  assert.ok(await page.locator('form[action="/v/dimentica"]').isVisible());
  await openBeside(page, town.voucher("2026/0029"));
  assert.ok((await days()) < 0, "nobody asked to keep the other one");
});

test("the home screen gets an icon that opens the voucher in the browser that keeps it, in the page's language", async () => {
  const answer = await fetch(`${town.url}/v/app.webmanifest?lang=ar`);
  assert.equal(answer.headers.get("content-type"), "application/manifest+json");
  const manifest = await answer.json();
  assert.deepEqual([manifest.scope, manifest.start_url, manifest.display, manifest.lang, manifest.dir], ["/v", "/v/buono", "browser", "ar", "rtl"]);
  const icon = await fetch(town.url + manifest.icons[0].src);
  assert.equal(icon.headers.get("content-type"), manifest.icons[0].type);
});

page("a QR that changes is asked for anew in time, whatever the phone's clock says", {}, async (page) => {
  page.expected.push(/ERR_INTERNET_DISCONNECTED/);
  const { code } = await town.programmeWithVoucher({ name: "A minuti", rotating_qr: true });
  // a phone that believes in another century
  await page.clock.install({ time: new Date("2001-02-03T04:05:06") });
  await page.goto("/v");
  await page.locator("#code").fill(code);
  await page.locator("form button").click();
  await page.waitForURL("**/v/buono");
  await live(page);
  // registered before the time is read: meanwhile the page may renew the QR by itself
  const parts = page.waitForRequest("**/v/buono/parti");
  const left = Number(await page.locator("[data-rotates-ms]").getAttribute("data-rotates-ms"));
  assert.ok(left > 0 && left <= 60_000, `${left} ms`);
  assert.equal(await page.locator(".typed:visible").count(), 0, "a picture of the screen has no code in it");
  await page.locator(".spoken summary").click();
  assert.equal(await page.locator(".spoken .typed").innerText(), code);
  await page.clock.fastForward(61_000);
  await (await parts).response();
  // whoever was reading the code out goes on
  assert.ok(await page.locator(".spoken .typed").isVisible());
  await page.locator(".spoken summary").click();
  await page.context().setOffline(true);
  await offline(page);
  assert.ok(await page.locator(".spoken .typed").isVisible(), "an old QR is refused, the code is not");
  await page.context().setOffline(false);
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator(".rotating:visible").count(), 0);
  assert.equal(await page.locator(".qr.print-only:visible").count(), 1);
});

page("a balance that is the same is not told again, and nobody loses their place in the code", {}, async (page) => {
  const { code } = await town.programmeWithVoucher({ name: "Ad alta voce", rotating_qr: true });
  await page.goto("/v");
  await page.locator("#code").fill(code);
  await page.locator("form button").click();
  await page.waitForURL("**/v/buono");
  await live(page);
  await page.locator(".spoken summary").click();
  // what a screen reader says of itself: changes of the balance that are not hidden from everybody
  await page.evaluate(() => {
    window.told = [];
    const visible = ({ target, addedNodes }) => [...addedNodes].some((node) => (node instanceof Element ? node : target).checkVisibility());
    new MutationObserver((all) => window.told.push(...all.filter(visible))).observe(document.querySelector("[data-part=balance]"), { childList: true, characterData: true, subtree: true });
  });
  // as a minute later
  await page.route("**/v/buono/parti", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace("<svg", "<svg data-next").replace(/\d\d:\d\d/g, "23:59") });
  });
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.locator(".rotating [data-next]").waitFor();
  assert.match(await page.locator("[data-when=offline]").textContent(), /23:59/);
  assert.equal(await page.evaluate(() => window.told.length), 0);
  assert.equal(await page.evaluate(() => document.activeElement.parentElement.className), "spoken screen-only");
  assert.ok(await page.locator(".spoken .typed").isVisible());
  await town.redeem({ code }, 100);
  await balance(page, "49,00 €");
  assert.ok((await page.evaluate(() => window.told.length)) > 0);
});

page("a voucher whose import was undone says that it is closed", {}, async (page) => {
  const made = await town.programmeWithVoucher({ name: "Da annullare" });
  await page.goto("/v");
  await page.locator("#code").fill(made.code);
  await page.locator("form button").click();
  await balance(page, "50,00 €");
  await live(page);
  await (await town.staff())("POST", `/imports/${made.import}/undo`);
  await page.locator(".alert-danger", { hasText: "Chiuso dal Comune" }).waitFor();
  assert.equal(await page.locator(".amount, .typed, .qr").count(), 0);
});

page("says when it is offline and since when the balance is from, and comes back", {}, async (page) => {
  page.expected.push(/ERR_INTERNET_DISCONNECTED/);
  const voucher = town.voucher("2026/0006");
  await openVoucher(page, voucher);
  await page.context().setOffline(true);
  await offline(page);
  assert.match(await page.locator("[data-when=offline]").innerText(), /Questo è il saldo del \d\d\/\d\d\/\d{4} \d\d:\d\d/);
  await town.redeem(voucher, 100);
  await page.context().setOffline(false);
  await balance(page, "319,00 €");
  await live(page);
});

page("a server that is gone is noticed, and followed again when it is back", {}, async (page) => {
  page.expected.push(/ERR_CONNECTION_REFUSED/, /ERR_INCOMPLETE_CHUNKED_ENCODING/, /ERR_EMPTY_RESPONSE/, /ERR_CONNECTION_RESET/);
  const voucher = town.voucher("2026/0007");
  await openVoucher(page, voucher);
  await town.stop("SIGKILL");
  await offline(page);
  await town.restart();
  await live(page);
  await town.redeem(voucher, 100);
  await balance(page, "309,00 €");
});

page("a link that opens nothing says what to do", {}, async (page) => {
  page.expected.push(/404/);
  await page.goto(`/v#${"0".repeat(26)}`);
  await page.locator("#opening", { hasText: "chiama il Comune" }).waitFor();
  assert.ok(await page.locator("#code").isVisible());
});

page("a page of somebody on the way does not lose the link: it opens when the server answers", {}, async (page) => {
  page.expected.push(/403/);
  const answers = [{ status: 403, contentType: "text/html", body: "<p>Accetta" }, { status: 200, contentType: "text/html", body: "<p>Accetta" }];
  await page.route("**/v1/citizen/session", (route) => (answers.length ? route.fulfill(answers.shift()) : route.continue()));
  await page.goto(town.voucher("2026/0019").link);
  await page.locator("#opening", { hasText: "Senza rete" }).waitFor();
  await page.waitForURL("**/v/buono");
  await page.locator(".balance .amount").waitFor();
});

page("one answer that is lost is asked for again, though the stream lives", {}, async (page) => {
  page.expected.push(/ERR_FAILED/);
  const voucher = town.voucher("2026/0020");
  await page.clock.install();
  await openVoucher(page, voucher);
  const before = await page.locator(".balance .amount").innerText();
  let lost = 0;
  await page.route("**/v/buono/parti", (route) => ((lost += 1) === 1 ? route.abort() : route.continue()));
  await town.redeem(voucher, 100);
  await offline(page);
  await page.clock.fastForward(11_000);
  await live(page);
  assert.notEqual(await page.locator(".balance .amount").innerText(), before);
});

page("a link tapped without network opens by itself when there is one", {}, async (page) => {
  page.expected.push(/ERR_FAILED/);
  let down = true;
  await page.route("**/v1/citizen/session", (route) => (down ? route.abort() : route.continue()));
  await page.goto(town.voucher("2026/0008").link);
  await page.locator("#opening", { hasText: "Senza rete" }).waitFor();
  down = false;
  await page.waitForURL("**/v/buono");
  await balance(page, "250,00 €");
});

page("the link that skips to the page opens nothing, and loses no link that waits", {}, async (page) => {
  page.expected.push(/ERR_FAILED/);
  const asked = [];
  page.on("request", (request) => request.method() === "POST" && asked.push(request.postDataJSON().token));
  const skip = async () => {
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/v#main");
    // what was heard of it is also worked off
    await page.evaluate(() => new Promise((done) => setTimeout(done, 50)));
  };
  await page.goto("/v");
  await skip();
  assert.deepEqual([asked, await page.locator("#opening").innerText()], [[], ""]);
  let down = true;
  await page.route("**/v1/citizen/session", (route) => (down ? route.abort() : route.continue()));
  const { link } = town.voucher("2026/0008");
  await page.goto("about:blank");
  await page.goto(link);
  await page.locator("#opening", { hasText: "Senza rete" }).waitFor();
  await skip();
  down = false;
  await page.waitForURL("**/v/buono");
  assert.deepEqual([...new Set(asked)], [link.split("#")[1]]);
});

page("without a script: the code, or the whole link, typed", { script: false }, async (page) => {
  const voucher = town.voucher("2026/0009");
  await page.goto(voucher.link);
  const hint = page.locator("noscript .alert");
  assert.match(await hint.innerText(), /tutto il link del messaggio/);
  for (const text of [voucher.code.toLowerCase().replaceAll("-", " "), voucher.link]) {
    await page.goto("/v");
    await page.locator("#code").fill(text);
    await page.locator("form button").click();
    await page.waitForURL("**/v/buono");
    await balance(page, "170,00 €");
  }
  await town.redeem(voucher, 7000);
  await page.locator("a", { hasText: "Aggiorna" }).click();
  await balance(page, "100,00 €");
  assert.equal(await page.locator("[data-print]").first().isVisible(), false);
  await page.locator("#sure").check();
  await page.locator(".lost button").click();
  await page.locator(".alert-danger", { hasText: "Bloccato" }).waitFor();
});

page("a wrong code keeps the form and says why", { script: false }, async (page) => {
  page.expected.push(/404/);
  await page.goto("/v");
  await page.locator("#code").fill("non è un codice");
  await page.locator("form button").click();
  await page.locator("#code-wrong").waitFor();
  assert.equal(await page.locator("#code").getAttribute("aria-invalid"), "true");
});

page("a code that has a PIN asks for it, and keeps the code", { script: false }, async (page) => {
  const made = await town.programmeWithVoucher({ name: "Con PIN", pin_above_cents: 2000 });
  const { pin } = await (await town.staff())("POST", `/vouchers/${made.voucher_id}/pin`);
  await page.goto("/v");
  await page.locator("#code").fill(made.code);
  await page.locator("form button").click();
  await page.locator("#pin").fill(pin === "00000" ? "00001" : "00000");
  await page.locator("form button").click();
  await page.locator("#pin-wrong").waitFor();
  assert.equal(await page.locator("#code").inputValue(), made.code);
  await page.locator("#pin").fill(pin);
  await page.locator("form button").click();
  await page.waitForURL("**/v/buono");
  await balance(page, "50,00 €");
});

page("a session that is over is told kindly and the code opens it again", {}, async (page) => {
  page.expected.push(/401/);
  const voucher = town.voucher("2026/0010");
  await openVoucher(page, voucher);
  await page.context().clearCookies();
  await town.redeem(voucher, 100);
  await page.locator(".alert", { hasText: "per proteggere il tuo buono" }).waitFor();
  await page.locator("#code").fill(voucher.code);
  await page.locator("form button").click();
  await balance(page, "339,00 €");
});

page("a block after the session is over asks for the code, in a page", {}, async (page) => {
  page.expected.push(/401/);
  await openVoucher(page, town.voucher("2026/0011"));
  await page.context().clearCookies();
  await page.locator("#sure").check();
  await page.locator(".lost button").click();
  await page.locator("#code").waitFor();
});

page("the door that a form has led to is a page in any language, and in large letters", { script: false }, async (page) => {
  for (const [form, reference] of [["blocca", "2026/0012"], ["ricorda", "2026/0013"]]) {
    await page.goto("/v");
    await page.locator("#code").fill(town.voucher(reference).code);
    await page.locator("form button").click();
    await page.waitForURL("**/v/buono");
    await page.context().clearCookies();
    if (form === "blocca") await page.locator("#sure").check();
    await page.locator(`form[action="/v/${form}"] button`).click();
    await page.locator("#code").waitFor();
    await page.locator("a.size").click();
    await page.locator("html.big #code").waitFor();
    // a day later, from the phone's list of pages
    for (const address of [form, "dimentica"]) {
      await page.goto(`/v/${address}?lang=en`);
      await page.locator("html[lang=en] #code").waitFor();
    }
    await page.context().clearCookies();
  }
});

page("the sheet has balance, moment, code, shops and rules, and nobody's name", {}, async (page) => {
  const voucher = town.voucher("2026/0001");
  await openVoucher(page, voucher);
  const file = join(mkdtempSync(join(tmpdir(), "buono-sheet-")), "sheet.pdf");
  await page.pdf({ path: file, format: "A4" });
  const text = execFileSync("pdftotext", ["-layout", file, "-"], { encoding: "utf8" }).replace(/\s+/g, " ");
  for (const there of ["50,00 €", voucher.code, /Saldo del \d\d\/\d\d\/\d{4} \d\d:\d\d/, "Regole", "Alimentari Forlì", "Comune di Borgo San Rocco", "0599 000 100", "Questo foglio non si aggiorna"]) {
    assert.ok(there instanceof RegExp ? there.test(text) : text.includes(there), `${there} in ${text}`);
  }
  const row = readFileSync(new URL("../../deploy/demo/beneficiari.csv", import.meta.url)).toString("latin1").split("\n").find((line) => line.startsWith("2026/0001"));
  const [, taxCode, , name, mobile] = row.split(";");
  const phone = mobile.replaceAll(" ", "");
  for (const personal of [taxCode, name, phone, "Movimenti", "Hai perso il buono", "Aggiorna"]) {
    assert.ok(!text.replaceAll(" ", "").includes(personal.replaceAll(" ", "")), `${personal} in ${text}`);
  }
  const pages = execFileSync("pdfinfo", [file], { encoding: "utf8" });
  assert.match(pages, /Page size:\s+59[45]\.\d+ x 84[12]/);
});

page("the card has what a till needs, in the size of a purse", {}, async (page) => {
  await page.addInitScript(() => (window.print = () => (window.printed = document.documentElement.className)));
  const voucher = town.voucher("2026/0016");
  await openVoucher(page, voucher);
  await page.locator('[data-print="card"]').click();
  await page.waitForFunction(() => window.printed !== undefined);
  assert.equal(await page.evaluate(() => window.printed), "card");
  const file = join(mkdtempSync(join(tmpdir(), "buono-card-")), "card.pdf");
  // a browser that keeps to the style's own size
  await page.evaluate(() => document.documentElement.classList.add("card"));
  await page.pdf({ path: file, preferCSSPageSize: true });
  assert.match(execFileSync("pdfinfo", [file], { encoding: "utf8" }), /Pages:\s+1\n[\s\S]*Page size:\s+242\.\d+ x 15[23]/);
  const text = execFileSync("pdftotext", ["-layout", file, "-"], { encoding: "utf8" }).replace(/\s+/g, " ");
  for (const there of [voucher.code, "0599 000 100", "Comune di Borgo San Rocco", "Saldo del"]) assert.ok(text.includes(there), `${there} in ${text}`);
  for (const other of ["Regole", "Alimentari", "Movimenti"]) assert.ok(!text.includes(other), `${other} in ${text}`);
  await page.locator('[data-print="sheet"]').click();
  await page.waitForFunction(() => window.printed === "");
});

page("sheet and card are to be had as PDF without a script", { script: false }, async (page) => {
  await page.goto("/v");
  await page.locator("#code").fill(town.voucher("2026/0016").code);
  await page.locator("form button").click();
  await page.waitForURL("**/v/buono");
  const texts = [];
  for (const [name, saved] of [["Scarica il foglio in PDF", "buono.pdf"], ["Scarica la tessera in PDF", "buono-tessera.pdf"]]) {
    const answer = await page.request.get(await page.getByRole("link", { name }).getAttribute("href"));
    assert.equal(answer.headers()["content-type"], "application/pdf", name);
    assert.ok(answer.headers()["content-disposition"].endsWith(`filename="${saved}"`), answer.headers()["content-disposition"]);
    const file = join(mkdtempSync(join(tmpdir(), "buono-pdf-")), saved);
    writeFileSync(file, await answer.body());
    texts.push(execFileSync("pdftotext", ["-layout", file, "-"], { encoding: "utf8" }));
  }
  const code = town.voucher("2026/0016").code;
  assert.deepEqual(texts.map((text) => [text.includes(code), text.includes("Alimentari Forlì")]), [[true, true], [true, false]], "a card has no list of shops");
});

test("shops: by what they sell, by distance where the phone says it, and in the phone's own map", async () => {
  const office = await town.staff();
  const head = "insegna;ragione_sociale;codice_fiscale;indirizzo;comune;categoria;lat;lon\n";
  const shop = (name, tax, lat, lon) => `${name};Prova;${tax};Via ${name};Borgo;Ferramenta;${lat};${lon}\n`;
  const rows = shop("Lontana", "LOXFPD83E08Z138V", '44,70', '10,90') + shop("Vicina", "ZZAVZB61P64Z138T", "44.6501", "10.9201") + shop("Altrove", "VRDLGI75B41F205N", "", "");
  const done = await office("POST", "/shops/import?file_name=luoghi.csv", head + rows);
  assert.equal(done.report.new, 3, JSON.stringify(done.report));
  await office("POST", `/imports/${done.import_id}/apply`);
  await withPage(browser, town, {}, async (page) => {
    await openVoucher(page, town.voucher("2026/0015"));
    const names = () => page.locator(".shops li:visible strong").allInnerTexts();
    const found = page.locator("#found");
    await page.locator("#category").selectOption("Ferramenta");
    assert.deepEqual(await names(), ["Altrove", "Lontana", "Vicina"]);
    await page.locator("#near").click();
    await found.filter({ hasText: "non dice dove sei" }).waitFor();
    await page.context().grantPermissions(["geolocation"]);
    await page.context().setGeolocation({ latitude: 44.65, longitude: 10.92 });
    await page.locator("#near").click();
    await page.locator(".away").first().waitFor();
    // no shop is lost where the municipality has not said its place
    assert.deepEqual(await names(), ["Vicina", "Lontana", "Altrove"]);
    assert.deepEqual(await page.locator(".shops li:visible .away").allInnerTexts(), ["a 0 km", "a 5,8 km"]);
    assert.match(await page.locator(".shops li:visible a").first().getAttribute("href"), /^https:\/\/www\.openstreetmap\.org\/\?mlat=44\.6501&mlon=10\.9201/);
    await page.locator("#category").selectOption("");
    assert.ok((await names()).length > 30);
  });
  const { headers } = await town.call("POST", "/v1/citizen/session", { body: { code: town.voucher("2026/0015").code } });
  const cookie = headers.get("set-cookie").split(";")[0];
  for (const [agent, link] of [["Android 9", /href="geo:44\.65/], ["iPhone", /href="maps:\?ll=44\.65/]]) {
    const { data } = await town.call("GET", "/v/buono", { headers: { cookie, "user-agent": agent } });
    assert.match(data, link);
  }
});

test("names from outside are only text", async () => {
  const office = await town.staff();
  const name = '=HYPERLINK("http://x","y")<script>document.title="owned"</script>';
  const file = `insegna;ragione_sociale;codice_fiscale;indirizzo;comune\n"${name.replaceAll('"', '""')}";Prova;RSSMRA80A01H501U;Via "1";Borgo\n`;
  const done = await office("POST", "/shops/import?file_name=x.csv", file);
  assert.equal(done.report.new, 1, JSON.stringify(done.report));
  await office("POST", `/imports/${done.import_id}/apply`);
  await withPage(browser, town, {}, async (page) => {
    await openVoucher(page, town.voucher("2026/0014"));
    assert.ok((await page.locator(".shops").innerText()).includes(name));
    assert.notEqual(await page.title(), "owned");
  });
});

test("whoever guesses codes is told to wait, in a page", async () => {
  let answer;
  for (let guess = 0; guess < 80 && answer?.status !== 429; guess++) {
    answer = await fetch(`${town.url}/v`, { method: "POST", headers: { "accept-language": "it" }, body: new URLSearchParams({ code: "AAAA-AAAA-AAAA-A" }) });
  }
  assert.equal(answer.status, 429);
  assert.match(answer.headers.get("content-type"), /text\/html/);
  assert.match(await answer.text(), /Aspetta un momento e riprova/);
});
