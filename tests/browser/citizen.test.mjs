// A family's page: live, offline, without a script, on paper, in two languages.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { balance, closePage, openPage, openVoucher, startBrowser, withPage } from "./lib/browser.mjs";
import { startTown } from "./lib/server.mjs";

/** What the whole way from the link to the balance may weigh, letters and styles included. */
const WEIGHT_MAX = 40_000;

let browser;
let town;
before(async () => {
  [browser, town] = [await startBrowser(), await startTown()];
});
after(async () => {
  await browser?.close();
  await town?.end();
});

const page = (name, options, body) => test(name, () => withPage(browser, town, options, body));
const live = (page) => page.locator("[data-when=live]").waitFor({ state: "visible" });
const offline = (page) => page.locator("[data-when=offline]").waitFor({ state: "visible" });

page("from the link to the balance in little weight, nothing from elsewhere", {}, async (page) => {
  const wire = await page.context().newCDPSession(page);
  await wire.send("Network.enable");
  let weight = 0;
  wire.on("Network.loadingFinished", ({ encodedDataLength }) => (weight += encodedDataLength));
  await openVoucher(page, town.voucher("2026/0001"));
  await page.evaluate(() => document.fonts.ready);
  await page.waitForLoadState("load");
  console.log(`the voucher page weighs ${weight} bytes of at most ${WEIGHT_MAX}`);
  assert.ok(weight > 10_000 && weight <= WEIGHT_MAX, `${weight} bytes`);
  assert.equal(new URL(page.url()).hash, "", "the secret is gone from the address");
});

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
  assert.equal(await page.locator("#print").isVisible(), false);
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

page("the language stays", {}, async (page) => {
  await openVoucher(page, town.voucher("2026/0013"));
  await page.locator(".language").click();
  await balance(page, "€220.00");
  for (const address of ["/v/buono", "/shop", "/console", "/accessibilita", "/"]) {
    if (address === "/console") page.expected.push(/401/);
    await page.goto(address);
    assert.equal(await page.locator("html").getAttribute("lang"), "en", address);
  }
  await page.locator(".language").click();
  await page.locator("h1", { hasText: "Buoni spesa" }).waitFor();
});

page("the sheet has balance, moment, code, shops and rules, and nobody's name", {}, async (page) => {
  const voucher = town.voucher("2026/0001");
  await openVoucher(page, voucher);
  const file = join(mkdtempSync(join(tmpdir(), "buono-sheet-")), "sheet.pdf");
  await page.pdf({ path: file, format: "A4" });
  const text = execFileSync("pdftotext", ["-layout", file, "-"], { encoding: "utf8" }).replace(/\s+/g, " ");
  for (const there of ["50,00 €", voucher.code, /Saldo del \d\d\/\d\d\/\d{4} \d\d:\d\d/, "Regole", "Alimentari Forlì", "Comune di Borgo San Rocco"]) {
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

page("letters twice as large lose nothing", { width: 390 }, async (page) => {
  await openVoucher(page, town.voucher("2026/0001"));
  await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
  const [inner, wide] = await page.evaluate(() => [document.documentElement.clientWidth, document.documentElement.scrollWidth]);
  assert.ok(wide <= inner, `${wide} of ${inner}`);
});

page("the keyboard reaches everything and shows where it is", { width: 1280 }, async (page) => {
  await openVoucher(page, town.voucher("2026/0001"));
  const seen = [];
  for (let at = 0; at < 40; at++) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const { activeElement: node } = document;
      const { outlineStyle, outlineWidth } = getComputedStyle(node);
      if (node === document.body) return undefined;
      return { name: node.id || node.className || node.textContent.trim(), ring: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 };
    });
    if (!focus) break;
    seen.push(focus);
  }
  assert.equal(seen[0].name, "skip");
  assert.ok(seen.every(({ ring }) => ring), JSON.stringify(seen));
  for (const wanted of ["language", "print", "sure", "wanted"]) assert.ok(seen.some(({ name }) => name.includes(wanted)), wanted);
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
