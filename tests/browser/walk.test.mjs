// The main job, from the two files to the shops' list, with the pages alone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { balance, closePage, keyIn, openConsole, openPage, openVoucher, typeCode } from "./lib/browser.mjs";
import { browser, town } from "./lib/stage.mjs";

/** One of the demonstration's files as an office would send it for another year. */
function anotherYear(name, change) {
  const file = readFileSync(new URL(`../../deploy/demo/${name}`, import.meta.url)).toString("latin1");
  return { name, mimeType: "text/csv", buffer: Buffer.from(change(file), "latin1") };
}

const shops = anotherYear("esercizi.csv", (text) => text.replace(/^ES/gm, "N27-"));
const families = anotherYear("beneficiari.csv", (text) =>
  text.replace(/^2026\/(\d+);[^;]*;/gm, (_, number) => `2027/${number};;`),
);

async function upload(page, kind, file, wrong) {
  await page.locator("#kind").selectOption(kind);
  await page.locator("#file").setInputFiles(file);
  await page.locator("#upload button").click();
  await page.locator("#report h3", { hasText: "Da decidere" }).waitFor();
  const rows = await page.locator("#problems tbody tr.wrong-row").allInnerTexts();
  for (const reason of wrong) assert.ok(rows.some((row) => reason.test(row)), `${reason} in ${rows.join("\n")}`);
  await page.locator("#report button", { hasText: "Applica" }).click();
  await page.locator("#report h3", { hasText: "Applicato" }).waitFor();
  return page.locator("#report .sum").innerText();
}

async function enrolmentCode(page, reference) {
  await page.locator('.tabs a[href="#shops"]').click();
  await page.locator("#shop-query").fill(reference);
  await page.locator("#shop-list button", { hasText: "Nuova cassa" }).click();
  const code = await page.locator("dialog h2").innerText();
  await page.locator("dialog button").click();
  return code;
}

async function newTill(code) {
  const page = await openPage(browser, town, { width: 390 });
  await page.goto("/shop");
  await page.locator("#enrolment").fill(code.toLowerCase());
  await page.locator("#join").click();
  await page.locator(".tiles").waitFor();
  return page;
}

async function lookUp(till, code) {
  await typeCode(till, code);
  await till.locator(".pad").waitFor();
}

async function take(till, cents) {
  await keyIn(till, cents);
  await till.locator("#take").click();
  await till.locator("#yes").click();
}

const paid = (till, amount) => till.locator("#result.done", { hasText: amount }).waitFor();

/** The message with the link of a new voucher of fifty euro. */
async function link() {
  for (;;) {
    // the last one may be under way
    const whole = readFileSync(join(town.data, "messages.jsonl"), "utf8").split("\n").slice(0, -1);
    const lines = whole.map((line) => JSON.parse(line).text);
    const known = new Set(town.demo.vouchers.map((voucher) => voucher.link));
    const links = lines.filter((text) => text.includes(" 50,00 €")).map((text) => /\S+\/v#\S+/.exec(text)[0]);
    const fresh = links.find((found) => !known.has(found));
    if (fresh) return fresh;
    await new Promise((done) => setTimeout(done, 100));
  }
}

test("both files, a link, fifty euro in two shops, a decline, a reversal and the list", async () => {
  const console_ = await openPage(browser, town, { width: 1280 });
  await openConsole(console_, town);
  const loaded = await upload(console_, "shops", shops, [/18\s+partita_iva\s+L'ultima cifra/, /30\s+iban\s+Le cifre di controllo/]);
  assert.match(loaded, /Nuove\s+40/);
  assert.match(await upload(console_, "beneficiaries", families, []), /Nuove\s+\d{3}/);
  const codes = [await enrolmentCode(console_, "N27-001"), await enrolmentCode(console_, "N27-002")];
  await closePage(console_);

  const family = await openPage(browser, town, { width: 390 });
  await openVoucher(family, { link: await link() });
  await balance(family, "50,00 €");
  const code = await family.locator(".typed").innerText();
  const [first, second] = [await newTill(codes[0]), await newTill(codes[1])];

  await lookUp(first, code);
  await take(first, 2050);
  await paid(first, "20,50");
  assert.match(await first.locator("#result").innerText(), /restano 29,50\s€[\s\S]*Ricevuta [0-9A-F]{4}-[0-9A-F]{4}/);
  await balance(family, "29,50 €");

  // the first shop looks while the second is about to take the rest
  await lookUp(first, code);
  await lookUp(second, code);
  await take(second, 2950);
  await paid(second, "29,50");
  await balance(family, "0,00 €");
  first.expected.push(/409/);
  await take(first, 1);
  await first.locator("#result.refused", { hasText: "Saldo insufficiente" }).waitFor();
  assert.match(await first.locator("#result").innerText(), /Non è stato preso nulla[\s\S]*restano 0,00\s€/);

  await second.evaluate(() => (location.hash = "operations"));
  await second.locator("#operations button").first().click();
  await second.locator("#yes").click();
  await paid(second, "29,50");
  await second.locator("#to-list").click();
  await balance(family, "29,50 €");
  const movements = await family.locator(".lines").first().locator("li").allInnerTexts();
  assert.deepEqual(movements.map((text) => /[+−]\d+,\d\d/.exec(text)[0]), ["+29,50", "−29,50", "−20,50", "+50,00"]);

  const [download] = await Promise.all([second.waitForEvent("download"), second.locator("#download-csv").click()]);
  assert.match(download.suggestedFilename(), /^operazioni-\d{4}-\d\d-\d\d-\d{4}-\d\d-\d\d\.csv$/);
  assertItalianExcelOpens(readFileSync(await download.path()), ["29,50", "-29,50"]);
  for (const page of [family, first, second]) await closePage(page);
});

/** Byte order mark, semicolons, decimal commas, CRLF; a row for each amount. */
function assertItalianExcelOpens(bytes, amounts) {
  assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
  const text = bytes.subarray(3).toString("utf8");
  assert.ok(text.endsWith("\r\n") && !/[^\r]\n/.test(text));
  const [head, ...rows] = text.trimEnd().split("\r\n").map((line) => line.split(";"));
  const column = head.indexOf('"Importo"');
  assert.deepEqual(rows.map((row) => row[column]), amounts);
}
