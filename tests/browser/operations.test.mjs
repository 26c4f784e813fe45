// What the shop has taken, and giving it back.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { closePage, keyIn, notice, openPage, openTill, result, typeCode } from "./lib/browser.mjs";
import { browser, town } from "./lib/stage.mjs";

/** The list of a shop that has taken these cents from a voucher each. */
function list(name, number, amounts, body, options = {}) {
  test(name, async () => {
    const taken = [];
    for (const [at, cents] of amounts.entries()) taken.push((await town.redeem(town.demo.vouchers[60 + number * 5 + at], cents, number)).data);
    const page = await openPage(browser, town, options);
    await openTill(page, town, number, "operations");
    await page.locator("#operations li").nth(amounts.length - 1).waitFor();
    await body(page, taken, town.demo.vouchers[60 + number * 5]);
    await closePage(page);
  });
}

const undo = (page, at = 0) => page.locator("#operations button").nth(at).click();
const history = async (voucher) => (await town.settled(), await (await town.staff())("GET", `/vouchers/${voucher.voucher_id}/history`)).items;

/** Presses a button and gives what is saved. */
async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(button).click()]);
  return [download.suggestedFilename(), readFileSync(await download.path())];
}

for (const width of [390, 1280]) {
  list(`totals, periods and a search by receipt, ${width} px`, width === 390 ? 0 : 1, [1230, 250], async (page, taken) => {
    // what was asked for and paid is in it too: it is no debt
    await page.locator("#total", { hasText: /Incassati 14,80\s€, tolte le restituzioni, in 2 operazioni/ }).waitFor();
    for (const period of ["week", "month"]) {
      await page.locator(`#period-${period}`).click();
      await page.locator("#total", { hasText: "2 operazioni" }).waitFor();
    }
    await page.locator("#period-range").click();
    await page.locator("#from").fill("2020-01-01");
    await page.locator("#to").fill("2020-01-31");
    await page.locator("#show-range").click();
    await page.locator("#operations li", { hasText: "Nessuna operazione" }).waitFor();
    await page.locator("#period-today").click();
    await page.locator("#operations li").nth(1).waitFor();
    await page.locator("#receipt").fill(taken[0].receipt_code.toLowerCase().replace("-", " "));
    assert.equal(await page.locator("#operations li").count(), 1);
    assert.match(await page.locator("#operations li").innerText(), /12,30/);
    await page.locator("#receipt").fill("FFFF-FFFF");
    await page.locator("#operations li", { hasText: "Nessuna ricevuta" }).waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#download-csv").click()]);
    assert.match(download.suggestedFilename(), /^operazioni-.*\.csv$/);
    assert.match(readFileSync(await download.path(), "utf8"), new RegExp(taken[1].receipt_code));
  }, { width });
}

list("list, total, file and mail are of the same days, whatever was tapped last", 0, [], async (page) => {
  page.expected.push(/ERR_INTERNET_DISCONNECTED/);
  const said = () => page.locator("#total").innerText();
  const file = async () => (await saved(page, "#download-csv"))[0];
  await page.locator("#total", { hasText: "2 operazioni" }).waitFor();
  await page.locator("#period-range").click();
  await page.locator("#total", { hasText: "2 operazioni" }).waitFor();
  // typed, and nobody has tapped anything
  await page.locator("#from").fill("2020-01-01");
  await page.locator("#to").fill("2020-01-31");
  await page.locator("#to").blur();
  await page.locator("#operations li", { hasText: "Nessuna operazione" }).waitFor();
  assert.equal(await file(), "operazioni-2020-01-01-2020-01-31.csv");
  await page.locator("#period-today").click();
  await page.locator("#total", { hasText: "2 operazioni" }).waitFor();
  await page.context().setOffline(true);
  await page.locator("#period-month").click();
  await notice(page, "Senza rete");
  assert.deepEqual([await said(), await page.locator("#operations li").count()], ["", 0]);
  await page.locator("#receipt").fill("F");
  assert.equal(await page.locator("#operations li").count(), 0, "nothing is known, and nothing is said of it");
  await page.locator("#receipt").fill("");
  await page.context().setOffline(false);
  await page.locator("#period-month").click();
  await page.locator("#total", { hasText: "2 operazioni" }).waitFor();
  assert.equal(await page.locator("#notice").innerText(), "");
});

list("all of a payment goes back once, and says so after a lost answer", 2, [600], async (page, _, voucher) => {
  page.expected.push(/ERR_FAILED/);
  let answers = 0;
  await page.route("**/reversals", async (route) => {
    answers += 1;
    if (answers > 1) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await undo(page);
  await page.locator("#reason-goods").check();
  await page.locator("#yes").click();
  await result(page, "done", "6,00");
  await page.locator("#to-list").click();
  await page.locator("#operations li", { hasText: "annullata" }).waitFor();
  assert.equal(await page.locator("#operations button").count(), 0);
  assert.match(await page.locator("#total").innerText(), /0,00/);
  assert.deepEqual((await history(voucher)).map(({ kind }) => kind), ["issue", "redemption", "reversal"]);
});

list("a part goes back, then another, with a reason of one's own, and never more than was taken", 3, [1000], async (page, _, voucher) => {
  const sent = [];
  page.on("request", (request) => request.url().endsWith("/reversals") && sent.push(request.postDataJSON()));
  await undo(page);
  await page.locator("#undo-amount").fill("10,01");
  await page.locator("#yes").click();
  await page.locator("#notice", { hasText: "Al massimo 10,00" }).waitFor();
  await page.locator("#undo-amount").fill("2,50");
  await page.locator("#reason-other").check();
  await page.locator("#other-reason").fill("uova rotte");
  await page.locator("#yes").click();
  await result(page, "done", "2,50");
  await page.locator("#to-list").click();
  await page.locator("#operations li", { hasText: "restituiti 2,50" }).waitFor();
  await undo(page);
  assert.equal(await page.locator("#undo-amount").inputValue(), "7,50");
  await page.locator("#yes").click();
  await result(page, "done", "7,50");
  assert.deepEqual(sent, [{ reason: "uova rotte", amount_cents: 250 }, { reason: "Importo sbagliato" }]);
  const balance = (await history(voucher)).map(({ amount_cents }) => amount_cents);
  assert.deepEqual(balance.slice(1), [1000, 250, 750]);
});

list("two windows give back once", 4, [800], async (page, _, voucher) => {
  page.expected.push(/422/);
  const other = await page.context().newPage();
  await other.goto("/shop#operations");
  for (const window of [page, other]) await undo(window);
  await other.locator("#undo-amount").fill("3,00");
  await page.locator("#yes").click();
  await result(page, "done", "8,00");
  await other.locator("#yes").click();
  await result(other, "refused", "già partita");
  assert.deepEqual((await history(voucher)).map(({ kind }) => kind), ["issue", "redemption", "reversal"]);
});

list("the list comes as a sheet, as a document and by mail", 5, [1234], async (page) => {
  const today = new Date().toLocaleDateString("sv-SE", { timeZone: "Europe/Rome" });
  for (const [format, start] of [["xlsx", "PK"], ["pdf", "%PDF-"]]) {
    const [name, bytes] = await saved(page, `#download-${format}`);
    assert.equal(name, `operazioni-${today}-${today}.${format}`);
    assert.equal(bytes.subarray(0, start.length).toString("latin1"), start);
    assert.ok(bytes.length > 3000, `${bytes.length} bytes of ${format}`);
  }
  await page.locator("#email").fill("forno@example.it");
  await page.locator("#mail-yes").click();
  await page.locator("#notice", { hasText: "Parte tra poco" }).waitFor();
  const mails = async () => (await town.asTill(5, "/v1/statements")).items;
  while ((await mails()).some(({ status }) => status === "pending")) await page.waitForTimeout(200);
  assert.deepEqual((await mails()).map(({ status, format }) => [status, format]), [["sent", "xlsx"]]);
  const [mail] = readdirSync(join(town.data, "mail"));
  assert.match(readFileSync(join(town.data, "mail", mail), "utf8"), /forno@example\.it[\s\S]*operazioni\.xlsx/);
});

list("what the server does not make is not offered", 6, [100], async (page) => {
  const offered = () => page.locator("[id^=download-], #mail").evaluateAll((all) => all.map(({ id }) => id));
  assert.deepEqual(await offered(), ["download-csv", "download-xlsx", "download-pdf", "mail"]);
  await page.route("**/v1/shop", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), downloads: ["csv"], permissions: [] } });
  });
  await page.goto("/shop");
  await page.waitForFunction(() => !localStorage.getItem("buono.shop")?.includes("xlsx"));
  await page.locator(".tiles a[href='#operations']").click();
  await page.locator("#download-csv").waitFor();
  assert.deepEqual(await offered(), ["download-csv"]);
});

test("a shop sees its customer's initials, and on no screen who that is", async () => {
  const reference = "2026/0036";
  const voucher = town.voucher(reference);
  const file = readFileSync(new URL("../../deploy/demo/beneficiari.csv", import.meta.url)).toString("latin1");
  const [, taxCode, surname, name, mobile] = file.split("\n").find((line) => line.startsWith(reference)).split(";");
  const page = await openPage(browser, town, {});
  // what reaches the phone is as good as shown
  const answers = [];
  page.on("response", (answer) => answer.url().includes("/v1/") && answers.push(answer.text()));
  await openTill(page, town, 0);
  const nobody = async (screen) => {
    const shown = [await page.locator("body").innerText(), await page.locator("body").innerHTML(), ...(await Promise.all(answers))].join("\n");
    for (const personal of [surname, taxCode, mobile.replace(/\D/g, "").slice(-9)]) {
      assert.ok(!shown.replaceAll(" ", "").toLowerCase().includes(personal.toLowerCase()), `${personal} on ${screen}`);
    }
    assert.doesNotMatch(shown, new RegExp(`\\b${name}\\b`), screen);
  };
  await typeCode(page, voucher.code);
  await page.locator("#holder", { hasText: `Titolare ${name[0]}.${surname[0]}.` }).waitFor();
  await nobody("amount");
  await keyIn(page, 320);
  await page.locator("#take").click();
  await page.locator("#yes").waitFor();
  await nobody("confirm");
  await page.locator("#yes").click();
  await result(page, "done", "3,20");
  await nobody("result");
  await page.evaluate(() => (location.hash = "operations"));
  await page.locator("#operations li", { hasText: "3,20" }).waitFor();
  await nobody("operations");
  await page.locator("#operations button").first().click();
  await page.locator("#undo-amount").waitFor();
  await nobody("undo");
  assert.ok(answers.length > 3, "nothing was heard");
  await closePage(page);
});
