// Phones as old as the build says: nothing is missing that is needed to pay, to be paid and to be asked.
import assert from "node:assert/strict";
import { test } from "node:test";
import { balance, closePage, keyIn, makeOld, notice, openConsole, openPage, openTill, openVoucher, result, typeCode } from "./lib/browser.mjs";
import { browser, page, town } from "./lib/stage.mjs";

page("an old phone follows the balance of its voucher", {}, async (page) => {
  await makeOld(page);
  const voucher = town.voucher("2026/0002");
  await openVoucher(page, voucher);
  await town.redeem(voucher, 1000);
  await balance(page, "440,00 €");
  await page.locator("[data-part=movements] li", { hasText: "10,00" }).waitFor();
  assert.equal(await page.locator("[data-when=offline]").isVisible(), false);
});

page("an old phone that hears nothing for long says so", {}, async (page) => {
  await makeOld(page);
  await page.clock.install();
  const voucher = town.voucher("2026/0003");
  await openVoucher(page, voucher);
  await page.route("**/v/buono/parti", () => {});
  const asked = page.waitForRequest("**/v/buono/parti");
  await town.redeem(voucher, 100);
  await asked;
  await page.clock.fastForward(16_000);
  await page.locator("[data-when=offline]").waitFor({ state: "visible" });
});

test("an old phone takes a payment, and asks as any other", async () => {
  const page = await openPage(browser, town, {});
  await makeOld(page);
  await openTill(page, town, 0);
  await typeCode(page, town.demo.vouchers[30].code);
  await page.locator(".pad").waitFor();
  await keyIn(page, 250);
  await page.locator("#take").click();
  await page.locator("#yes").click();
  await result(page, "done", "2,50");
  assert.deepEqual(await page.locator("#above").evaluate((above) => [above.inert, getComputedStyle(above).visibility]), [true, "hidden"], "covered");
  assert.equal(await page.locator("#result .told").getAttribute("role"), "alert");
  await page.locator("#next").click();
  await page.locator("#notice[role=alert]").waitFor({ state: "attached" });
  await page.evaluate(() => (location.hash = "till"));
  await page.locator("#add-person").click();
  await page.locator("#person-label").fill("Ada");
  await page.locator("#person-yes").click();
  await notice(page, "Ada può andare in cassa");
  await asks(page);
  await closePage(page);
});

/** A question whose dialog holds who answers it until it is answered. */
async function asks(page) {
  const away = page.locator("#people li", { hasText: "Ada" }).getByRole("button", { name: "Togli" });
  const dialog = page.locator("dialog");
  const inside = () => page.evaluate(() => document.querySelector("dialog").contains(document.activeElement));
  await away.click();
  assert.equal(await dialog.evaluate((dialog) => getComputedStyle(dialog).position), "fixed");
  assert.equal(await page.locator("#screen").evaluate((screen) => Boolean(screen.closest("[aria-hidden=true]"))), true);
  for (let step = 0; step < 5; step++) {
    await page.keyboard.press("Tab");
    assert.ok(await inside(), "the Tab key leads out");
  }
  await page.locator("#add-person").evaluate((add) => add.click());
  assert.equal(new URL(page.url()).hash, "#till", "what is behind cannot be reached");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await away.click();
  await dialog.locator("button[value=yes]").click();
  await notice(page, "Ada");
  await away.waitFor({ state: "detached" });
  assert.equal(await page.locator("[aria-hidden=true]:is(main, header, nav)").count(), 0);
}

test("an old browser opens the console, and a code for a till with its QR", async () => {
  const page = await openPage(browser, town, { width: 1280 });
  await makeOld(page);
  await openConsole(page, town, "clerk");
  await page.locator('.tabs a[href="#shops"]').click();
  await page.locator("#shop-query").fill(town.demo.terminals[0].shop);
  await page.locator("#shop-list button", { hasText: "Nuova cassa" }).first().click();
  await page.locator("dialog svg.qr-code path[d^=M]").waitFor();
  await page.locator("dialog button[value=yes]").click();
  await page.locator("dialog").waitFor({ state: "detached" });
  await closePage(page);
});

/** The declarations of a style sheet's innermost blocks, each with its rule. */
const rules = (css) => [...css.matchAll(/([^{}]*)\{([^{}]*)\}/g)].map(([, selector, body]) => [selector, body.split(";").map((text) => text.split(/:(.*)/s).map((part) => part.trim()))]);

test("where an old browser knows no min(), max() or clamp(), it is told a plain size before", async () => {
  const newer = /(^|[^a-z-])(min|max|clamp)\(/;
  let seen = 0;
  for (const [address, cookie] of [["/v"], ["/shop"], ["/console", await town.session("clerk")]]) {
    const { data: html } = await town.call("GET", address, { headers: cookie ? { cookie } : {} });
    for (const [, style] of html.matchAll(/<link rel="stylesheet" href="([^"]+)"/g)) {
      const { data: css } = await town.call("GET", style);
      for (const [selector, declarations] of rules(css)) {
        declarations.forEach(([property, value = ""], at) => {
          if (!newer.test(value)) return;
          seen += 1;
          const plain = declarations.slice(0, at).some(([before, told]) => before === property && !newer.test(told));
          assert.ok(plain, `${style}: ${selector} { ${property}: ${value} } stands alone`);
        });
      }
    }
  }
  assert.ok(seen >= 8, `${seen} such sizes, where the sources have more`);
});
