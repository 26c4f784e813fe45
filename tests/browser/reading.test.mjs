// What a family must be able to read: its language, its direction, its size, on little data and by keyboard.
import assert from "node:assert/strict";
import { test } from "node:test";
import { balance, chooseLanguage, openVoucher } from "./lib/browser.mjs";
import { browser, page, town } from "./lib/stage.mjs";
import { ALL } from "./lib/states.mjs";

/** What the whole way from the link to the balance may weigh, letters and styles included. */
const WEIGHT_MAX = 40_000;

for (const lang of ALL) {
  page(`in ${lang}: from the link to the balance in little weight, every word in its language`, { lang }, async (page) => {
    const wire = await page.context().newCDPSession(page);
    await wire.send("Network.enable");
    const weights = {};
    const kinds = new Map();
    wire.on("Network.responseReceived", ({ requestId, type }) => kinds.set(requestId, type));
    wire.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      const kind = kinds.get(requestId) ?? "Other";
      weights[kind] = (weights[kind] ?? 0) + encodedDataLength;
    });
    await openVoucher(page, town.voucher("2026/0001"));
    await page.evaluate(() => document.fonts.ready);
    await page.waitForLoadState("load");
    const weight = Object.values(weights).reduce((sum, bytes) => sum + bytes, 0);
    console.log(`${lang}: the voucher page weighs ${weight} bytes of at most ${WEIGHT_MAX}: ${JSON.stringify(weights)}`);
    assert.ok(weight > 10_000 && weight <= WEIGHT_MAX, `${weight} bytes`);
    assert.equal(new URL(page.url()).hash, "", "the secret is gone from the address");
    const html = page.locator("html");
    assert.deepEqual([await html.getAttribute("lang"), await html.getAttribute("dir")], [lang, lang === "ar" ? "rtl" : "ltr"]);
    // a key of the catalogue, or a value's place in a text
    assert.doesNotMatch(await page.locator("body").innerText(), /\b(site|page|door|status|kind|trouble)-[a-z]|[{}$]/);
    assert.equal(await page.locator(".languages a").count(), ALL.length);
  });
}

page("amounts and codes are read from left to right in Arabic", { lang: "ar" }, async (page) => {
  const voucher = town.voucher("2026/0001");
  await openVoucher(page, voucher);
  // where each letter stands, not in which order it was written
  const order = await page.evaluate(() => {
    const seen = (selector) => {
      const text = document.createTreeWalker(document.querySelector(selector), NodeFilter.SHOW_TEXT).nextNode();
      const places = Array.from(text.data, (letter, at) => {
        const range = document.createRange();
        range.setStart(text, at);
        range.setEnd(text, at + 1);
        return { letter, left: range.getBoundingClientRect().left };
      });
      const printed = places.filter(({ letter }) => /[\d.,€A-Z-]/.test(letter));
      return printed.sort((a, b) => a.left - b.left).map(({ letter }) => letter).join("");
    };
    return [seen(".amount"), seen(".typed bdi"), seen(".lines strong")];
  });
  assert.deepEqual(order, ["50,00€", voucher.code, "50,00€"]);
  const [inner, scroll] = await page.evaluate(() => [document.documentElement.clientWidth, document.documentElement.scrollWidth]);
  assert.ok(scroll <= inner);
});

page("the language stays", { width: 1280 }, async (page) => {
  await openVoucher(page, town.voucher("2026/0013"));
  await chooseLanguage(page, "English");
  await balance(page, "€220.00");
  for (const address of ["/v/buono", "/shop", "/console", "/accessibilita", "/"]) {
    if (address === "/console") page.expected.push(/401/);
    await page.goto(address);
    assert.equal(await page.locator("html").getAttribute("lang"), "en", address);
  }
  await chooseLanguage(page, "Italiano");
  await page.locator("h1", { hasText: "Buoni spesa" }).waitFor();
});

page("letters twice as large lose nothing", { width: 390 }, async (page) => {
  await openVoucher(page, town.voucher("2026/0001"));
  await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
  const [inner, wide] = await page.evaluate(() => [document.documentElement.clientWidth, document.documentElement.scrollWidth]);
  assert.ok(wide <= inner, `${wide} of ${inner}`);
});

page("large letters stay, with and without a script, and fit at 200 % zoom too", { script: false }, async (page) => {
  const size = () => page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize));
  await page.goto("/v");
  const normal = await size();
  await page.locator(".size").click();
  assert.equal(await size(), normal * 1.5);
  await page.locator("#code").fill(town.voucher("2026/0001").code);
  await page.locator("form button").click();
  await page.waitForURL("**/v/buono");
  assert.equal(await size(), normal * 1.5);
  // a zoom of 200 % leaves half of the phone's points
  await page.setViewportSize({ width: 195, height: 390 });
  const [inner, wide] = await page.evaluate(() => [document.documentElement.clientWidth, document.documentElement.scrollWidth]);
  assert.ok(wide <= inner, `${wide} of ${inner}`);
  await page.locator(".size").click();
  assert.equal(await size(), normal);
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
      return { name: node.id || node.dataset.print || node.className || node.textContent.trim(), ring: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 };
    });
    if (!focus) break;
    seen.push(focus);
  }
  assert.equal(seen[0].name, "skip");
  assert.ok(seen.every(({ ring }) => ring), JSON.stringify(seen));
  for (const wanted of ["Lingua", "sheet", "card", "sure", "wanted"]) assert.ok(seen.some(({ name }) => name.includes(wanted)), wanted);
});
