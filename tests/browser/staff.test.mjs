// Who is at the till, and what a shop asks its municipality: never in the way of a payment, and nothing vanishes.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { assertAccessible, closePage, keyIn, notice, openConsole, openPage, openTill, result, typeCode } from "./lib/browser.mjs";
import { browser, town } from "./lib/stage.mjs";

let next = 30;

/** A till of a shop of its own, and vouchers that nobody has touched. */
function till(name, number, body, options = {}) {
  test(name, async () => {
    const page = await openPage(browser, town, { width: 390, ...options });
    await openTill(page, town, number);
    await body(page, number);
    await closePage(page);
  });
}

/** A call in the till's name. */
async function call(number, method, path, body) {
  const headers = { authorization: `Bearer ${town.demo.terminals[number].token}`, "idempotency-key": crypto.randomUUID() };
  const { status, data } = await town.call(method, path, { body, headers });
  assert.ok(status < 300, `${method} ${path}: ${JSON.stringify(data)}`);
  return data;
}

const part = async (page, name, wanted) => {
  await page.evaluate((name) => (location.hash = name), name);
  await page.locator(wanted).first().waitFor();
};

async function pay(page, cents) {
  await typeCode(page, town.demo.vouchers[(next += 1)].code);
  await page.locator(".pad").waitFor();
  await keyIn(page, cents);
  await page.locator("#take").click();
  await page.locator("#yes").click();
  await result(page, "done", "Incassato");
  await page.locator("#next").click();
}

const strip = (page, text) => page.locator("#at-till", { hasText: text }).waitFor();

async function add(page, label, pin) {
  await part(page, "till", "#add-person");
  await page.locator("#add-person").click();
  await page.locator("#person-label").fill(label);
  if (pin) await page.locator("#person-pin").fill(pin);
  await page.locator("#person-yes").click();
  await notice(page, `${label} può andare in cassa`);
}

/** What is on the screen goes by mail, which says so where it is not everybody's. */
async function mailed(page, number, staff, said) {
  await page.locator("#email").fill("forno@example.it");
  const [answer] = await Promise.all([page.waitForResponse("**/v1/statements"), page.locator("#mail-yes").click()]);
  await notice(page, "Parte tra poco");
  const { statement_id } = await answer.json();
  const told = async () => (await town.asTill(number, "/v1/statements")).items.find((item) => item.statement_id === statement_id);
  while ((await told()).status === "pending") await page.waitForTimeout(200);
  const { status, staff: whose, terminal } = await told();
  assert.deepEqual([status, whose, terminal], ["sent", staff, null]);
  const mail = (await readFile(join(town.data, "mail", `${statement_id}.eml`), "latin1")).replace(/=\r\n/g, "");
  assert.equal(/Sono solo quelle[^\r]*/.exec(mail)?.[0], said);
}

till("a shop that names nobody is shown nothing and asked nothing", 0, async (page) => {
  assert.equal(await page.locator("#staff-strip").isVisible(), false);
  await part(page, "staff", "#add-person");
  await pay(page, 100);
  assert.equal(await page.locator("#staff-strip").isVisible(), false);
  await part(page, "operations", "#operations button");
  assert.equal(await page.locator("#by-staff").innerText(), "");
});

till("names are added, one tap changes who is at the till, and each payment says whose it is", 1, async (page) => {
  await add(page, "Giulia");
  await add(page, "Omar", "4711");
  await assertAccessible(page, "people");
  // nobody is at the till, and a payment goes as always
  await strip(page, "Chi c'è in cassa?");
  await pay(page, 100);
  await page.locator("#at-till").click();
  await page.locator("#names button", { hasText: "Giulia" }).click();
  await strip(page, "In cassa: Giulia");
  await pay(page, 200);
  // in the middle of a payment, which is there again afterwards
  await typeCode(page, town.demo.vouchers[(next += 1)].code);
  await page.locator(".pad").waitFor();
  await page.locator("#at-till").click();
  await assertAccessible(page, "who is at the till");
  await page.locator("#names button", { hasText: "Omar" }).click();
  page.expected.push(/409/);
  for (const digit of "0000") await page.locator(`[data-key="${digit}"]`).click();
  await page.locator("#enter").click();
  await notice(page, "PIN sbagliato");
  await assertAccessible(page, "a PIN");
  for (const digit of "47119") await page.locator(`[data-key="${digit}"]`).click();
  await page.locator('[data-key="Backspace"]').click();
  await page.locator("#enter").click();
  await strip(page, "In cassa: Omar");
  await keyIn(page, 400);
  await page.locator("#take").click();
  await page.locator("#yes").click();
  await result(page, "done", "4,00");
  await page.locator("#next").click();
  await part(page, "operations", "#operations button >> nth=2");
  const lines = await page.locator("#operations li small").allInnerTexts();
  assert.deepEqual(lines.map((line) => /Omar|Giulia/.exec(line)?.[0]), ["Omar", "Giulia", undefined]);
  const totals = await page.locator("#by-staff li").allInnerTexts();
  assert.deepEqual(totals.map((line) => line.replace(/\s+/g, " ")).sort(), ["Giulia 2,00 €", "Nessuno in particolare 1,00 €", "Omar 4,00 €"]);
  await assertAccessible(page, "operations by person");
  // one person's alone, on the screen, in the file and in the mail
  const hers = page.locator("#by-staff button", { hasText: "Giulia" });
  await hers.click();
  await page.locator("#total", { hasText: "2,00" }).waitFor();
  assert.match(await page.locator("#operations li").allInnerTexts().then((lines) => lines.join("|")), /^2,00[^|]*Giulia[^|]*$/);
  assert.equal(await hers.getAttribute("aria-pressed"), "true");
  await page.locator("#mail #whose", { hasText: "Solo le operazioni di: Giulia" }).waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), page.locator("#download-csv").click()]);
  assert.equal((await readFile(await file.path(), "utf8")).match(/Giulia/g).length, 1);
  await page.locator("#by-staff button", { hasText: "Omar" }).click();
  await page.locator("#total", { hasText: "4,00" }).waitFor();
  assert.deepEqual(await page.locator("#by-staff [aria-pressed=true]").allInnerTexts(), ["Omar"]);
  await page.locator("#whose", { hasText: "Omar" }).waitFor();
  await assertAccessible(page, "one person's operations");
  await mailed(page, 1, (await call(1, "GET", "/v1/staff")).items.find(({ label }) => label === "Omar").staff_id, "Sono solo quelle di una persona.");
  // nobody's in particular, which is somebody to tap
  const unsaid = page.locator("#by-staff button", { hasText: "Nessuno in particolare" });
  await unsaid.click();
  await page.locator("#total", { hasText: "1,00" }).waitFor();
  assert.deepEqual(await page.locator("#by-staff [aria-pressed=true]").allInnerTexts(), ["Nessuno in particolare"]);
  assert.equal(await page.locator("#operations li").count(), 1);
  assert.doesNotMatch(await page.locator("#operations li").innerText(), /Giulia|Omar/);
  const [list] = await Promise.all([page.waitForEvent("download"), page.locator("#download-csv").click()]);
  assert.equal((await readFile(await list.path(), "utf8")).trim().split("\n").length, 2);
  await mailed(page, 1, "none", "Sono solo quelle senza il nome di chi era alla cassa.");
  await page.locator("#by-staff button", { hasText: "Omar" }).click();
  await page.locator("#total", { hasText: "4,00" }).waitFor();
  await page.locator("#by-staff button", { hasText: "Omar" }).click();
  await page.locator("#total", { hasText: "7,00" }).waitFor();
  assert.equal(await page.locator("#operations li").count(), 3);
  assert.equal(await page.locator("#whose").isVisible(), false);
  await mailed(page, 1, null);
  // another period begins with everybody's
  await page.locator("#by-staff button", { hasText: "Omar" }).click();
  await page.locator("#whose", { hasText: "Omar" }).waitFor();
  await page.locator("#period-range").click();
  assert.equal(await page.locator("#whose").isVisible(), false);
  assert.equal(await page.locator("[data-share][aria-pressed=true]").count(), 0);
  await page.locator("#period-today").click();
  await page.locator("#total", { hasText: "7,00" }).waitFor();
  // it is still so after the app was closed
  await page.reload();
  await strip(page, "In cassa: Omar");
  await page.locator("#at-till").click();
  await page.locator("#names [aria-current]", { hasText: "Omar" }).waitFor();
  await page.locator("#nobody").click();
  await strip(page, "Chi c'è in cassa?");
  // practice knows nobody
  await part(page, "training", ".cards svg >> nth=5");
  await page.locator(".ways .btn-primary").click();
  await page.locator("body.training").waitFor();
  assert.equal(await page.locator("#staff-strip").isVisible(), false);
});

till("a name and a PIN are changed, and whoever leaves is gone from the list and the till", 2, async (page, number) => {
  const { staff_id } = await call(number, "POST", "/v1/staff", { label: "Ada", pin: "1234" });
  await call(number, "POST", "/v1/terminal/shift", { staff_id, pin: "1234" });
  await page.reload();
  await strip(page, "In cassa: Ada");
  await part(page, "till", "#people li");
  await page.locator("#people button", { hasText: "Cambia" }).click();
  await page.locator("#person-label").fill("Ada L.");
  await page.locator("#no-pin").check();
  page.expected.push(/409/);
  await page.locator("#person-yes").click();
  await notice(page, "Serve il tuo PIN");
  await page.locator("#current-pin").fill("1234");
  await assertAccessible(page, "a person");
  await page.locator("#person-yes").click();
  await notice(page, "Salvato");
  await strip(page, "In cassa: Ada L.");
  assert.deepEqual((await call(number, "GET", "/v1/staff")).items, [{ staff_id, label: "Ada L.", has_pin: false }]);
  await page.locator("#people button", { hasText: "Togli" }).click();
  await page.locator("dialog button", { hasText: "Togli" }).click();
  await notice(page, "Ada L. non c'è più");
  await page.locator("#staff-strip").waitFor({ state: "hidden" });
  assert.deepEqual(await call(number, "GET", "/v1/staff"), { items: [], next_cursor: null });
});

till("without network nobody can be chosen, and it says that payments do not change", 3, async (page, number) => {
  await call(number, "POST", "/v1/staff", { label: "Ivo" });
  await page.reload();
  await strip(page, "Chi c'è in cassa?");
  await page.locator("#at-till").click();
  await page.locator("#names button", { hasText: "Ivo" }).waitFor();
  page.expected.push(/ERR_FAILED|503/);
  await page.route("**/v1/terminal/shift", (route) => route.abort());
  await page.locator("#names button", { hasText: "Ivo" }).click();
  await notice(page, "I pagamenti non cambiano");
  await page.unroute("**/v1/terminal/shift");
  // a server that cannot say who is there does not make the app forget it
  await page.locator("#names button", { hasText: "Ivo" }).click();
  await strip(page, "In cassa: Ivo");
  await page.route("**/v1/staff?*", (route) => route.abort());
  await page.locator("#at-till").click();
  await notice(page, "I pagamenti non cambiano");
  await pay(page, 100);
});

till("a question to the municipality is not lost with the network, is sent once, and is answered", 4, async (page, number) => {
  const { receipt_code } = (await town.redeem(town.demo.vouchers[(next += 1)], 100, number)).data;
  await part(page, "help", "#tickets li");
  await page.locator("#tickets", { hasText: "Non hai ancora chiesto niente" }).waitFor();
  await page.locator("#ticket-text").fill("Il buono di prima non si legge.");
  await page.locator("#ticket-receipt").fill(receipt_code.toLowerCase());
  page.expected.push(/ERR_FAILED/);
  const keys = new Set();
  let answers = 0;
  await page.route("**/v1/tickets", async (route) => {
    keys.add(route.request().headers()["idempotency-key"]);
    if ((answers += 1) > 1) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await page.locator("#ticket-yes").click();
  await notice(page, "Non è partito");
  // the phone lets go of the app in the middle
  await page.reload();
  await page.locator("#ticket-text").waitFor();
  assert.equal(await page.locator("#ticket-text").inputValue(), "Il buono di prima non si legge.");
  await page.locator("#ticket-yes").click();
  await notice(page, "Inviato");
  assert.deepEqual([answers, keys.size, await page.locator("#ticket-text").inputValue()], [2, 1, ""]);
  const asked = page.locator("#tickets li", { hasText: receipt_code });
  await asked.locator("strong", { hasText: "aspetta la risposta" }).waitFor();
  await assertAccessible(page, "help with tickets");
  await answered();
  await page.reload();
  await page.locator("#tickets .answer", { hasText: "Portalo in Comune" }).waitFor();
  assert.equal((await call(number, "GET", "/v1/tickets")).items.length, 1);
  page.expected.push(/404/);
  await page.locator("#ticket-text").fill("Un'altra cosa ancora.");
  await page.locator("#ticket-receipt").fill("FFFF-FFFF");
  await page.locator("#ticket-yes").click();
  await notice(page, "Operazione non trovata");
  assert.equal(await page.locator("#ticket-text").inputValue(), "Un'altra cosa ancora.");
});

/** A clerk answers what the shop has asked; an answer that was begun is still there after the dialog was closed. */
async function answered() {
  const desk = await openPage(browser, town, { width: 1280 });
  await openConsole(desk, town, "municipal_admin");
  await desk.locator('.tabs a[href="#tickets"]').click();
  await desk.locator("#ticket-list td", { hasText: "Il buono di prima" }).waitFor();
  await assertAccessible(desk, "tickets in the console");
  await desk.locator("#ticket-list button").click();
  await desk.locator("#ticket-answer").fill("Portalo in Comune, ");
  await assertAccessible(desk, "an answer");
  await desk.keyboard.press("Escape");
  await desk.locator("#ticket-list button").click();
  assert.equal(await desk.locator("#ticket-answer").inputValue(), "Portalo in Comune, ");
  await desk.locator("#ticket-answer").fill("Portalo in Comune: lo sostituiamo.");
  await desk.locator("dialog button", { hasText: "Rispondi" }).click();
  await notice(desk, "Risposta inviata");
  await desk.locator("#ticket-list", { hasText: "Non c'è ancora nulla" }).waitFor();
  await desk.locator("#ticket-status").selectOption("answered");
  await desk.locator("#ticket-list td", { hasText: "lo sostituiamo" }).waitFor();
  await closePage(desk);
}
