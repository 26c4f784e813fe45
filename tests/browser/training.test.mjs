// Practice: the same screens, and not one request about money.
import assert from "node:assert/strict";
import { test } from "node:test";
import { closePage, keyIn, openPage, openTill, result, typeCode } from "./lib/browser.mjs";
import { browser, town } from "./lib/stage.mjs";

/** A page in training that asks the server for nothing. */
async function training(options) {
  const page = await openPage(browser, town, options);
  await openTill(page, town, 0, "training");
  await page.locator(".ways .btn-primary", { hasText: "Comincia" }).click();
  await page.locator("#training-banner", { hasText: "PROVA" }).waitFor();
  page.on("request", (request) => assert.ok(!request.url().includes("/v1/"), `practice asked ${request.url()}`));
  return page;
}

async function take(page, code, cents) {
  await typeCode(page, code);
  await page.locator(".pad").waitFor();
  await keyIn(page, cents);
  await page.locator("#take").click();
}

for (const width of [390, 1280]) {
  test(`a guided first payment, ${width} px`, async () => {
    const page = await training({ width });
    const guide = (step) => page.locator("#training-banner", { hasText: `Passo ${step}` }).waitFor({ state: "attached" });
    await page.locator("nav a[href='#pay']").click();
    await guide(1);
    await page.keyboard.type("PROVA:1");
    await page.keyboard.press("Enter");
    await guide(2);
    await keyIn(page, 1230);
    await page.locator("#take").click();
    await guide(3);
    await page.locator("#yes").click();
    await guide(4);
    await result(page, "done", "12,30");
    assert.match(await page.locator("#result").innerText(), /PROVA[\s\S]*restano 37,70/);
    await closePage(page);
  });
}

test("not enough, PIN, blocked, expired and a lost answer, as in the shop", async () => {
  const page = await training();
  await take(page, "prova 2", 1000);
  await page.locator(".split", { hasText: "Chiedi 2,00" }).waitFor();
  await page.locator("#yes").click();
  await result(page, "done", "8,00");
  await take(page, "PROVA-3", 500);
  await page.locator("#pin").fill("1");
  await page.locator("#yes").click();
  await result(page, "refused", "PIN sbagliato");
  await take(page, "PROVA-3", 500);
  await page.locator("#pin").fill("12345");
  await page.locator("#yes").click();
  await result(page, "done", "5,00");
  await typeCode(page, "PROVA-4");
  await result(page, "refused", "Buono bloccato");
  await typeCode(page, "PROVA-6");
  await result(page, "refused", "Buono scaduto");
  // a red says what to do, and with what number
  await page.locator("#result", { hasText: "il titolare chiami il Comune" }).locator("a[href^='tel:']").waitFor();
  await take(page, "PROVA-5", 300);
  await page.locator("#yes").click();
  await result(page, "wait", "Sto controllando");
  await result(page, "done", "3,00");
  await page.evaluate(() => (location.hash = "operations"));
  await page.locator("#total", { hasText: "16,00" }).waitFor();
  await page.locator("#operations button").first().click();
  await page.locator("#yes").click();
  await result(page, "done", "3,00");
  await closePage(page);
  const { data } = await town.call("GET", "/v1/operations", { headers: { authorization: `Bearer ${town.demo.terminals[0].token}` } });
  assert.deepEqual(data.items, [], "the shop has taken nothing");
});

test("what is practised in one window is never a result in another", async () => {
  const page = await openPage(browser, town);
  page.expected.push(/ERR_FAILED/);
  await openTill(page, town, 1);
  const other = await page.context().newPage();
  await other.goto("/shop#training");
  await other.locator(".ways .btn-primary").click();
  // the second question of the practice waits until this test says so
  await other.evaluate(() => {
    const whole = window.setTimeout;
    window.held = [];
    window.setTimeout = (act, wait) => (wait === 1000 ? window.held.push(act) : whole(act, wait));
  });
  await take(other, "PROVA-5", 300);
  await other.locator("#yes").click();
  await result(other, "wait", "Sto controllando");
  // it waits for the other window, and then shows nothing that happened there
  await take(page, town.demo.vouchers[81].code, 100);
  await page.locator("#yes").click();
  await result(page, "wait", "Aspetta");
  await other.evaluate(() => window.held.forEach((act) => act()));
  await result(other, "done", "3,00");
  await page.locator("#notice", { hasText: "non è stato inviato" }).waitFor();
  assert.equal(await page.locator("#result").count(), 0);
  await closePage(page);
});

test("a real voucher in practice, and a practice voucher in the shop, are refused in plain words", async () => {
  const page = await training();
  await typeCode(page, town.demo.vouchers[80].code);
  await page.locator("#notice", { hasText: "Questo è un buono vero" }).waitFor();
  await page.evaluate(() => (location.hash = "training"));
  page.removeAllListeners("request");
  await page.locator("button", { hasText: "Esci dalla prova" }).click();
  await page.locator("#training-banner").waitFor({ state: "hidden" });
  await typeCode(page, "PROVA-1");
  await page.locator("#notice", { hasText: "Questo è un buono di prova" }).waitFor();
  await closePage(page);
});

test("practice needs no code of the municipality and ends with the window", async () => {
  const page = await openPage(browser, town);
  await page.goto("/shop#training");
  await page.locator(".cards svg").nth(5).waitFor();
  await page.locator(".ways .btn-primary").click();
  await page.locator(".card button").first().click();
  await page.locator(".pad").waitFor();
  await page.reload();
  await page.locator("#training-banner").waitFor();
  const fresh = await page.context().newPage();
  await fresh.goto("/shop");
  await fresh.locator("#enrol").waitFor();
  await closePage(page);
});
