// The shop's app for whoever uses no mouse, sees little or hears a screen read: keyboard alone, letters
// twice as large, and names for everything.
import assert from "node:assert/strict";
import { test } from "node:test";
import { closePage, keyIn, openPage, openTill, part, typeCode } from "./lib/browser.mjs";
import { browser, town } from "./lib/stage.mjs";

/** Goes on with the Tab key until this has the focus, as somebody does who has no mouse. */
async function tabTo(page, selector) {
  for (let step = 0; step < 60; step++) {
    if (await page.evaluate((selector) => document.activeElement?.matches(selector), selector)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`${selector} cannot be reached with the Tab key`);
}

/** Reaches it so, and presses a key there. */
async function press(page, selector, key = "Enter") {
  await tabTo(page, selector);
  await page.keyboard.press(key);
}

test("a payment and its undoing with the keyboard alone", async () => {
  const page = await openPage(browser, town, { width: 1280 });
  await openTill(page, town, 0);
  await press(page, ".tiles a[href='#pay']");
  await tabTo(page, "#voucher");
  await page.keyboard.type(town.demo.vouchers[30].code);
  await press(page, "#look");
  await page.locator(".pad").waitFor();
  for (const digit of ["5", "00"]) {
    await press(page, `[data-key="${digit}"]`, "Space");
    await page.locator("h1").focus();
  }
  await press(page, "#take");
  await press(page, "#yes", "Space");
  await page.locator("#result.done", { hasText: "5,00" }).waitFor();
  await press(page, "#next");
  await press(page, "nav a[href='#operations']");
  await page.locator("#operations button").first().waitFor();
  await press(page, "#operations button");
  await press(page, "#reason-mistake", "ArrowDown");
  await press(page, "#yes");
  await page.locator("#result.done", { hasText: "Restituito" }).waitFor();
  await closePage(page);
});

test("a claim, its lines, people and their PIN with the keyboard alone", async () => {
  await town.redeem(town.demo.vouchers[33], 700, 3);
  const page = await openPage(browser, town, { width: 1280 });
  await openTill(page, town, 3);
  await part(page, "claims", "#claim-all");
  await press(page, "#claim-all");
  await press(page, "dialog [value=yes]");
  await page.locator("#result.done", { hasText: "7,00" }).waitFor();
  await press(page, "#to-claims");
  await page.locator("#claims button").first().waitFor();
  await press(page, "#claims button");
  await page.locator("#claim-lines li", { hasText: "7,00" }).waitFor();
  await tabTo(page, "#claim-document");
  await part(page, "till", "#add-person");
  await press(page, "#add-person");
  await tabTo(page, "#person-label");
  await page.keyboard.type("Giulia");
  await tabTo(page, "#person-pin");
  await page.keyboard.type("4711");
  await press(page, "#person-yes");
  await page.locator("#people li", { hasText: "Giulia" }).waitFor();
  // before "nobody in particular"
  await part(page, "staff", "#names li >> nth=1");
  await press(page, "#names li:first-child button");
  await tabTo(page, "#staff-pin");
  await page.keyboard.type("4711");
  await page.keyboard.press("Enter");
  await page.locator("#at-till", { hasText: "Giulia" }).waitFor();
  await closePage(page);
});

test("what is seen is also told", async () => {
  const page = await openPage(browser, town);
  await openTill(page, town, 1);
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), "H1", "a new screen is announced by its title");
  await typeCode(page, town.demo.vouchers[31].code);
  await page.locator(".pad").waitFor();
  await page.getByRole("button", { name: "Cancella l'ultima cifra" }).waitFor();
  await page.getByRole("status").filter({ hasText: "0,00" }).waitFor();
  await keyIn(page, 100);
  await page.getByRole("button", { name: "Avanti" }).click();
  await page.getByRole("button", { name: "Sì, prendi 1,00" }).click();
  await page.getByRole("alert").filter({ hasText: "Incassato" }).waitFor();
  assert.match(await page.title(), /^Incassato · /);
  await page.getByRole("button", { name: "Prossimo cliente" }).click();
  await page.getByRole("navigation", { name: "Parti dell'app" }).getByRole("link", { name: "Operazioni" }).click();
  await page.getByRole("button", { name: /^Annulla 1,00\s€ delle / }).waitFor();
  await closePage(page);
});

test("letters twice as large push nothing off the screen", async () => {
  const page = await openPage(browser, town, { width: 390 });
  await openTill(page, town, 2);
  const wide = async (where) => {
    await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
    const [inner, scroll] = await page.evaluate(() => [document.documentElement.clientWidth, document.documentElement.scrollWidth]);
    assert.ok(scroll <= inner, `${where}: ${scroll} px wide on a screen of ${inner}`);
  };
  await town.redeem(town.demo.vouchers[32], 300, 2);
  await town.claim(2);
  await town.redeem(town.demo.vouchers[32], 200, 2);
  const parts = { start: ".tiles", pay: "#voucher", operations: "#operations button", claims: "#claims button", till: "#add-person", help: ".steps", training: ".cards svg" };
  for (const [name, wanted] of Object.entries(parts)) {
    await part(page, name, wanted);
    await wide(name);
  }
  await part(page, "claims", "#claims button");
  await page.locator("#claims button").first().click();
  await page.locator("#claim-lines li").waitFor();
  await wide("claim");
  await part(page, "operations", "#operations button");
  await page.locator("#operations button").first().click();
  await page.locator("#undo").waitFor();
  await wide("undo");
  await typeCode(page, town.demo.vouchers[32].code);
  await page.locator(".pad").waitFor();
  await wide("amount");
  await keyIn(page, 99900);
  await page.locator("#take").click();
  await page.locator("#yes").waitFor();
  await wide("confirm");
  await page.locator("#yes").click();
  await page.locator("#result.done").waitFor();
  await wide("result");
  // everything can still be scrolled to and pressed
  await page.locator("#next").click();
  await closePage(page);
});
