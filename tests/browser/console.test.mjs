// The municipality's console: what a clerk, an administrator and an auditor do in a day.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { chooseLanguage, notice, openConsole, openTill, withPage } from "./lib/browser.mjs";
import { browser, town } from "./lib/stage.mjs";

function desk(name, role, body) {
  test(name, () =>
    withPage(browser, town, { width: 1280 }, async (page) => {
      await openConsole(page, town, role);
      await body(page);
    }));
}

const tab = async (page, name) => {
  await page.locator(`.tabs a[href="#${name}"]`).click();
  await page.locator(`#${name} table`).first().waitFor();
};
const yes = (page) => page.locator("dialog button").first().click();
const csv = (name, text, encoding = "utf8") => ({ name, mimeType: "text/csv", buffer: Buffer.from(text, encoding) });

async function check(page, kind, file, programme) {
  await page.locator("#kind").selectOption(kind);
  if (programme) await page.locator("#programme").selectOption({ label: programme });
  await page.locator("#file").setInputFiles(file);
  await page.locator("#upload button").click();
}

/** The six digits of RFC 6238 for a secret in base32. */
function totp(secret, now = Date.now()) {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 30_000)));
  const hash = createHmac("sha1", key).update(counter).digest();
  return String((hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** Answers lists in parts of two, however much of them is asked for. */
const inSmallParts = (page, lists) =>
  page.route(lists, (route) => {
    const url = new URL(route.request().url());
    url.searchParams.set("limit", "2");
    return route.continue({ url: url.href });
  });

desk("a wrong file says what is wrong, row by row, and applies only what is right", "clerk", async (page) => {
  const file = [
    "riferimento;codice_fiscale;cellulare;importo;scadenza;canale;colore",
    "X1;;3331234567;50,00;31/12/2098;sms;blu",
    "X2;RSSMRA80A01H501X;;50,00;;carta;",
    "X3;;;dieci;;carta;",
    "X4;;;50,00;31/02/2099;carta;",
    "X1;;;50,00;;carta;",
    "X6;;;50,00;;sms;",
    "X7;;;50,00;;piccione;",
    'X8;;;"0,50";;carta;',
  ].join("\r\n");
  await check(page, "beneficiaries", csv("errori.csv", file), "Buoni spesa");
  await page.locator("#report h3", { hasText: "Da decidere · errori.csv" }).waitFor();
  const rows = await page.locator("#problems tbody tr").evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.textContent)));
  const wanted = [
    ["3", "codice_fiscale", "L'ultimo carattere del codice fiscale non torna", "non caricata"],
    ["4", "importo", "L'importo non è chiaro: scrivi per esempio 50,00", "non caricata"],
    ["5", "scadenza", "La data non esiste: scrivi per esempio 31/12/2026", "non caricata"],
    ["6", "riferimento", "Il riferimento compare due volte nel file", "non caricata"],
    ["7", "cellulare", "Manca il recapito per questo canale", "non caricata"],
    ["8", "canale", "Il canale deve essere sms, email o carta", "non caricata"],
    ["9", "importo", "Importo molto basso: è giusto?", "caricata, da guardare"],
    ["1", "colore", "Colonna sconosciuta, non letta", "caricata, da guardare"],
  ];
  for (const row of wanted) assert.ok(rows.some((found) => row.every((cell, at) => found[at] === cell)), `${row} in\n${rows.join("\n")}`);
  await page.locator("#report button", { hasText: "Applica le 2 righe nuove" }).click();
  await notice(page, "2 righe nuove");
  await page.locator("#report h3", { hasText: "Applicato" }).waitFor();
  // a clerk applies; taking back is for those who decide
  assert.equal(await page.locator("#report button").count(), 0);
});

desk("a file that cannot be read says why", "clerk", async (page) => {
  page.expected.push(/422/, /413/);
  await check(page, "shops", csv("vuoto.csv", ""));
  await notice(page, "Il file è vuoto");
  await check(page, "shops", csv("senza.csv", "a;b\n1;2\n"));
  await page.locator("#problems td", { hasText: "Manca la colonna" }).first().waitFor();
  await check(page, "shops", { name: "rotto.xlsx", mimeType: "application/zip", buffer: Buffer.from("PK\u0003\u0004nonsense") });
  await notice(page, "File non leggibile");
  await check(page, "shops", csv("grande.csv", "x".repeat((8 << 20) + 1)));
  await notice(page, "File troppo grande");
});

desk("a file dropped, recognised the second time, over the budget, and undone", "municipal_admin", async (page) => {
  await tab(page, "programmes");
  await page.locator("#name").fill("Piccolo");
  await page.locator("#budget").fill("1.000,00");
  await page.locator("#valid-from").fill("2026-01-01");
  await page.locator("#expires").fill("2098-12-31");
  await page.locator("#rules-it").fill("Solo alimentari.");
  await page.locator("#new-programme button").click();
  await notice(page, "Programma aggiunto");
  assert.match(await page.locator("#programme-list tr", { hasText: "Piccolo" }).innerText(), /1\.?000,00\s€/);
  await tab(page, "imports");
  await page.locator("#kind").selectOption("beneficiaries");
  await page.locator("#programme").selectOption({ label: "Piccolo" });
  await page.evaluate(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["riferimento;importo;canale\nP1;600,00;carta\n"], "trascinato.csv"));
    document.getElementById("drop").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  });
  await page.locator("#upload button").click();
  await page.locator("#report button", { hasText: "Applica la riga nuova" }).click();
  await page.locator("#report h3", { hasText: "Applicato · trascinato.csv" }).waitFor();
  const same = csv("ancora.csv", "riferimento;importo;canale\nP1;600,00;carta\n");
  await check(page, "beneficiaries", same, "Piccolo");
  await page.locator(".alert", { hasText: "questo stesso file è già stato applicato" }).waitFor();
  assert.match(await page.locator("#report .sum").innerText(), /Nuove\s+0[\s\S]*Già presenti\s+1/);
  await check(page, "beneficiaries", csv("troppo.csv", "riferimento;importo;canale\nP2;600,00;carta\n"), "Piccolo");
  await page.locator(".alert", { hasText: "superano lo stanziamento residuo" }).waitFor();
  assert.equal(await page.locator("#report button").count(), 0);
  await page.locator("#import-list tr", { hasText: "trascinato.csv" }).locator("button").click();
  await page.locator("#report button", { hasText: "Annulla il caricamento" }).click();
  await yes(page);
  await notice(page, "Una riga tolta");
  await page.locator("#report h3", { hasText: "Annullato" }).waitFor();
  await tab(page, "programmes");
  assert.match(await page.locator("#programme-list tr", { hasText: "Piccolo" }).innerText(), /1\.?000,00\s€\s+Modifica\s+Sospendi/);
});

desk("the programme that was chosen stays chosen, and the report names it", "clerk", async (page) => {
  await (await town.staff())("POST", "/programmes", { name: "Secondo", budget_cents: 100_000, valid_from: "2026-01-01", expires: "2098-12-31" });
  await page.reload();
  await page.locator("#import-list table").waitFor();
  await page.locator("#kind").selectOption("beneficiaries");
  await page.locator("#programme").selectOption({ label: "Secondo" });
  await page.locator("#file").setInputFiles(csv("secondo.csv", "riferimento;importo;canale\nS1;50,00;carta\n"));
  await tab(page, "programmes");
  const again = page.waitForResponse(/\/v1\/admin\/programmes/);
  await tab(page, "imports");
  await again;
  await page.locator("#upload button").click();
  await page.locator("#report h3", { hasText: "Da decidere · secondo.csv · Secondo" }).waitFor();
  await page.locator("#import-list tr", { hasText: "secondo.csv" }).locator("td", { hasText: "Beneficiari · Secondo" }).waitFor();
  // the corrected file goes to the same place
  assert.equal(await page.locator("#programme option:checked").innerText(), "Secondo");
  assert.equal(await page.locator("#file").inputValue(), "");
});

desk("what takes long is waited for: a file on its way, a large one applied", "clerk", async (page) => {
  await page.locator("#import-list table").waitFor();
  await page.clock.install();
  let answer;
  await page.route("**/import?*", (route) => (answer = () => route.continue()));
  const asked = page.waitForRequest("**/import?*");
  await check(page, "beneficiaries", csv("lento.csv", "riferimento;importo;canale\nL1;50,00;carta\n"), "Buoni spesa");
  await asked;
  await page.clock.fastForward("02:00");
  await answer();
  await page.locator("#report h3", { hasText: "Da decidere · lento.csv" }).waitFor();
  assert.equal(await page.locator("#notice").innerText(), "");
});

desk("an upload that was interrupted is applied on, or undone", "municipal_admin", async (page) => {
  await page.route(/\/v1\/admin\/imports\/[^/]+$/, async (route) => {
    const answer = await route.fetch();
    const done = await answer.json();
    await route.fulfill({ response: answer, json: { ...done, status: "applying", report: { ...done.report, new: 2, over_budget: false } } });
  });
  await page.locator("#import-list button").last().click();
  await page.locator("#report button", { hasText: "Applica le 2 righe nuove" }).waitFor();
  await page.locator("#report button", { hasText: "Annulla il caricamento" }).waitFor();
});

desk("a voucher found by code or reference, and everything that may be done to it", "clerk", async (page) => {
  page.expected.push(/422/);
  const voucher = town.voucher("2026/0015");
  await town.redeem(voucher, 1000);
  await town.settled();
  await tab(page, "vouchers");
  const find = async (text) => {
    await page.locator("#query").fill(text);
    await page.locator("#search button").click();
    await page.locator("#voucher-list td", { hasText: "2026/0015" }).waitFor();
    assert.equal(await page.locator("#voucher-list tbody tr").count(), 1);
  };
  await find(voucher.code);
  await find("2026/0015");
  await page.locator("#voucher-list button").click();
  await page.locator("#history td", { hasText: "Spesa" }).waitFor();
  const act = async (name, fill = async () => {}) => {
    await page.locator("#voucher .actions button", { hasText: name }).click();
    await fill(page.locator("dialog"));
    await page.locator("dialog input[name=reason]").fill("lo chiede la famiglia");
    await yes(page);
  };
  await act("Blocca");
  await page.locator("#voucher dd", { hasText: "Bloccato" }).waitFor();
  assert.equal((await town.redeem(voucher, 1)).data.code, "voucher_blocked");
  await act("Sblocca");
  await page.locator("#voucher dd", { hasText: "Attivo" }).waitFor();
  await act("Ricarica", (dialog) => dialog.locator("input[name=amount]").fill("1.234,50"));
  await page.locator("#voucher dd", { hasText: /1\.?724,50/ }).waitFor();
  await act("Cambia scadenza", (dialog) => dialog.locator("input[name=expires]").fill("2097-06-30"));
  await page.locator("#voucher dd", { hasText: "30 giu 2097" }).waitFor();
  // the number is new, too, and a slip in it loses nothing that was typed
  await act("Sostituisci il codice", async (dialog) => {
    await dialog.getByLabel("Dove va il nuovo link").selectOption("SMS");
    await dialog.getByLabel("Nuovo cellulare o nuova e-mail").fill("347 0001");
  });
  await page.locator("dialog .alert", { hasText: "Controlla il nuovo recapito" }).waitFor();
  assert.equal(await page.locator("dialog input[name=reason]").inputValue(), "lo chiede la famiglia");
  await page.locator("dialog input[name=to]").fill("347 000 1122");
  await yes(page);
  const code = await page.locator("dialog h2", { hasText: "-" }).innerText();
  await yes(page);
  await page.locator("#history td", { hasText: "Codice sostituito" }).waitFor();
  assert.equal((await town.redeem(voucher, 1)).data.code, "voucher_reissued");
  assert.equal((await town.redeem({ code }, 1)).status, 201);
});

desk("vouchers for people without a telephone, chosen on two searches and printed in one go", "clerk", async (page) => {
  await tab(page, "vouchers");
  for (const reference of ["2026/0021", "2026/0020"]) {
    await page.locator("#query").fill(reference);
    await page.locator("#search button").click();
    await page.getByLabel(`Da stampare: ${reference}`).check();
  }
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Stampa i 2 buoni scelti" }).click()]);
  assert.equal(download.suggestedFilename(), "buoni.pdf");
  const pdf = readFileSync(await download.path());
  assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
  assert.ok(pdf.length > 10_000, `${pdf.length} bytes for two vouchers`);
  // what was printed is not printed again by mistake
  await page.locator("#voucher-print button").waitFor({ state: "detached" });
  assert.equal(await page.getByLabel("Da stampare: 2026/0020").isChecked(), false);
});

desk("more vouchers than fit into one document are not offered for printing", "clerk", async (page) => {
  await tab(page, "vouchers");
  for (let pages = 1; ; pages += 1) {
    await page.locator("#voucher-list input[type=checkbox]").evaluateAll((boxes) => boxes.forEach((box) => box.click()));
    if (pages === 5) break;
    await Promise.all([page.waitForResponse(/\/v1\/admin\/vouchers\?.*cursor=/), page.locator("#voucher-pages button", { hasText: "Avanti" }).click()]);
    await page.locator("#voucher-list input:not(:checked)").first().waitFor();
  }
  await page.locator("#voucher-print", { hasText: "Hai scelto 250 buoni: se ne stampano al massimo 200 alla volta" }).waitFor();
  assert.equal(await page.locator("#voucher-print button").count(), 0);
});

desk("who only reads prints nothing", "auditor", async (page) => {
  await tab(page, "vouchers");
  assert.equal(await page.locator("#voucher-list input[type=checkbox]").count(), 0);
});

desk("the PIN of a paper voucher, at the desk", "municipal_admin", async (page) => {
  await tab(page, "programmes");
  await page.locator("#name").fill("Con PIN");
  await page.locator("#budget").fill("500");
  await page.locator("#valid-from").fill("2026-01-01");
  await page.locator("#expires").fill("2098-12-31");
  await page.locator("#pin-above").fill("molto");
  await page.locator("#new-programme button").click();
  await notice(page, "Importo non valido");
  await page.locator("#pin-above").fill("20,00");
  await page.locator("#a-day").fill("30,00");
  await page.locator("#new-programme button").click();
  await notice(page, "Programma aggiunto");
  // the council gives more
  await page.getByRole("button", { name: "Modifica: Con PIN" }).click();
  await page.locator("dialog input[name=budget]").fill("1.500,00");
  await page.locator("dialog textarea[name=rules_it]").fill("Niente alcolici.");
  await page.locator("dialog input[name=once]").fill("0");
  await yes(page);
  // what was typed stays
  await page.locator("dialog .alert", { hasText: "non può essere zero" }).waitFor();
  assert.equal(await page.locator("dialog textarea[name=rules_it]").inputValue(), "Niente alcolici.");
  await page.locator("dialog input[name=once]").fill("15,00");
  await page.locator("dialog input[name=times]").fill("2");
  await yes(page);
  await page.locator("#programme-list tr", { hasText: "Con PIN" }).locator("td", { hasText: /1\.?500,00/ }).first().waitFor();
  await page.getByRole("button", { name: "Modifica: Con PIN" }).click();
  assert.equal(await page.locator("dialog textarea[name=rules_it]").inputValue(), "Niente alcolici.");
  assert.match(await page.locator("dialog input[name=budget]").inputValue(), /^1\.?500,00$/);
  const limits = ["once", "a_day", "times"].map((name) => page.locator(`dialog input[name=${name}]`).inputValue());
  assert.deepEqual(await Promise.all(limits), ["15,00", "30,00", "2"]);
  await page.keyboard.press("Escape");
  await tab(page, "imports");
  await check(page, "beneficiaries", csv("pin.csv", "riferimento;importo;canale\nPIN-1;50,00;carta\n"), "Con PIN");
  await page.locator("#report button", { hasText: "Applica la riga nuova" }).click();
  await notice(page, "Una riga nuova");
  await tab(page, "vouchers");
  await page.locator("#query").fill("PIN-1");
  await page.locator("#search button").click();
  await page.locator("#voucher-list tr", { hasText: "PIN-1" }).locator("button").click();
  await page.locator("#voucher button", { hasText: "Mostra il PIN" }).click();
  assert.match(await page.locator("dialog h2").innerText(), /^\d{4,8}$/);
  await yes(page);
});

desk("a top-up whose answer was lost is not made twice", "clerk", async (page) => {
  page.expected.push(/ERR_FAILED/);
  const voucher = town.voucher("2026/0016");
  await tab(page, "vouchers");
  await page.locator("#query").fill("2026/0016");
  await page.locator("#search button").click();
  await page.locator("#voucher-list tr", { hasText: "2026/0016" }).locator("button").click();
  let answers = 0;
  await page.route("**/top-up", async (route) => {
    answers += 1;
    if (answers > 1) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await page.locator("#voucher .actions button", { hasText: "Ricarica" }).click();
  await page.locator("dialog input[name=amount]").fill("10");
  await page.locator("dialog input[name=reason]").fill("errore nostro");
  await yes(page);
  await notice(page, "Non so se il server ha ricevuto");
  // the same question is asked again, with what was typed
  assert.equal(await page.locator("dialog input[name=amount]").inputValue(), "10");
  await yes(page);
  await notice(page, "Fatto");
  const { items } = await (await town.staff())("GET", `/vouchers/${voucher.voucher_id}/history`);
  assert.equal(items.filter(({ kind }) => kind === "top_up").length, 1);
});

desk("everything is shown that comes in several parts", "municipal_admin", async (page) => {
  const voucher = town.voucher("2026/0018");
  for (const cents of [100, 200, 300]) await town.redeem(voucher, cents);
  await town.settled();
  const staff = await town.staff();
  const [shops, programmes, users] = await Promise.all(["shops", "programmes", "users"].map((list) => staff("GET", `/${list}?limit=500`)));
  await inSmallParts(page, /\/v1\/admin\/(shops|programmes|users|vouchers\/[^/]+\/history)(\?|$)/);
  await page.reload();
  for (const [name, list, { items }] of [["shops", "shop", shops], ["programmes", "programme", programmes], ["users", "user", users]]) {
    await tab(page, name);
    assert.ok(items.length > 2, name);
    assert.equal(await page.locator(`#${list}-list tbody tr`).count(), items.length, name);
  }
  await tab(page, "imports");
  assert.equal(await page.locator("#programme option").count(), programmes.items.length);
  await tab(page, "vouchers");
  await page.locator("#query").fill("2026/0018");
  await page.locator("#search button").click();
  await page.locator("#voucher-list tr", { hasText: "2026/0018" }).locator("button").click();
  await page.locator("#history td", { hasText: "3,00" }).first().waitFor();
});

desk("the link that skips the navigation stays in the part that is open", "clerk", async (page) => {
  await tab(page, "vouchers");
  await page.locator(".skip").focus();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/console#main");
  assert.equal(await page.locator("#vouchers").isVisible(), true);
  await tab(page, "shops");
  assert.equal(await page.locator("#vouchers").isVisible(), false);
});

desk("the server's trouble is told in a clerk's words", "clerk", async (page) => {
  page.expected.push(/50[04]/, /ERR_FAILED/);
  const trouble = (status, code) => ({ status, contentType: "application/problem+json", json: { code, title: "Errore nostro", detail: "Riprova con la stessa chiave." } });
  await page.route("**/v1/admin/shops?*", (route) => route.fulfill(trouble(504, "outcome_unknown")));
  await page.locator('.tabs a[href="#shops"]').click();
  await notice(page, "Non riesco a leggere i dati Riprova tra poco.");
  await page.unroute("**/v1/admin/shops?*");
  await tab(page, "vouchers");
  await tab(page, "shops");
  await page.route("**/suspend", (route) => route.fulfill(trouble(500, "internal_error")));
  await page.locator("#shop-list button", { hasText: "Sospendi" }).first().click();
  await notice(page, "Errore nostro Non so se è andata a buon fine.");
  await page.route("**/v1/admin/session", (route) => route.abort());
  await page.reload();
  await notice(page, "Senza rete Riprova tra poco.");
});

desk("whoever hears no answer stays on the page where they were", "auditor", async (page) => {
  page.expected.push(/ERR_INTERNET_DISCONNECTED/);
  await tab(page, "vouchers");
  const first = await page.locator("#voucher-list td").first().innerText();
  await page.context().setOffline(true);
  for (let taps = 0; taps < 2; taps += 1) {
    await page.locator("#voucher-pages button", { hasText: "Avanti" }).click();
    await notice(page, "Senza rete");
    await page.locator("#voucher-pages button:enabled").waitFor();
  }
  await page.context().setOffline(false);
  await page.locator("#voucher-pages button", { hasText: "Avanti" }).click();
  await page.locator("#voucher-list td", { hasText: first }).waitFor({ state: "detached" });
  await page.locator("#voucher-pages button", { hasText: "Indietro" }).click();
  await page.locator("#voucher-list td", { hasText: first }).waitFor();
  assert.equal(await page.locator("#voucher-pages button", { hasText: "Indietro" }).count(), 0);
});

desk("lists are walked page by page, there and back", "auditor", async (page) => {
  await tab(page, "vouchers");
  const first = await page.locator("#voucher-list td").first().innerText();
  await page.locator("#voucher-pages button", { hasText: "Avanti" }).click();
  await page.locator("#voucher-list td", { hasText: first }).waitFor({ state: "detached" });
  await page.locator("#voucher-pages button", { hasText: "Indietro" }).click();
  await page.locator("#voucher-list td", { hasText: first }).waitFor();
  await page.locator("#status").selectOption("closed");
  await page.locator("#search button").click();
  // not for the first row to go: the list is in no order, and that one may be closed
  await page.waitForFunction(() => {
    const rows = [...document.querySelectorAll("#voucher-list tbody tr")];
    return rows.every((row) => [...row.cells].some(({ textContent }) => textContent === "Chiuso dal Comune"));
  });
});

desk("an auditor sees everything and can change nothing", "auditor", async (page) => {
  assert.equal(await page.locator("#upload").isVisible(), false);
  assert.equal(await page.locator("#users-tab, #office-tab").locator("visible=true").count(), 0);
  await tab(page, "vouchers");
  await page.locator("#voucher-list button").first().click();
  await page.locator("#history table").waitFor();
  assert.equal(await page.locator("#voucher .actions button").count(), 0);
  await tab(page, "shops");
  await page.locator("#shop-list button", { hasText: "Casse" }).first().click();
  await page.locator("#shop-tills table").waitFor();
  assert.equal(await page.locator("#shop-tills button").count(), 0);
  assert.deepEqual([...new Set(await page.locator("#shop-list button").allInnerTexts())], ["Casse"]);
  await tab(page, "programmes");
  assert.equal(await page.locator("#programme-list button, #new-programme:visible").count(), 0);
  await page.goto("/console#users");
  await page.reload();
  await page.locator("#imports").waitFor({ state: "visible" });
});

desk("shops are found, suspended and enabled again", "clerk", async (page) => {
  await tab(page, "shops");
  const { shop } = town.demo.terminals[3];
  await page.locator("#shop-query").fill(shop);
  const row = page.locator("#shop-list tr", { hasText: shop });
  await row.locator("button", { hasText: "Sospendi" }).click();
  await page.locator("#shop-list tr.wrong-row", { hasText: "Sospeso" }).waitFor();
  assert.equal((await town.redeem(town.voucher("2026/0017"), 1, 3)).data.code, "shop_not_enabled");
  await row.locator("button", { hasText: "Riabilita" }).click();
  await page.locator("#shop-list tr.wrong-row").waitFor({ state: "detached" });
});

desk("a shop's tills are seen, and one that is disconnected stops at once", "clerk", async (page) => {
  const { shop } = town.demo.terminals[4];
  const { terminal } = await town.asTill(4, "/v1/shop");
  await withPage(browser, town, { width: 390 }, async (till) => {
    till.expected.push(/401/);
    await openTill(till, town, 4);
    await tab(page, "shops");
    await page.locator("#shop-query").fill(shop);
    await page.locator("#shop-list tr", { hasText: shop }).locator("button", { hasText: "Casse" }).click();
    await page.locator("#tills h3", { hasText: `Casse di ${shop}` }).waitFor();
    const row = page.locator("#shop-tills tr", { hasText: terminal.label });
    const off = row.getByRole("button", { name: `Scollega: ${terminal.label}` });
    await off.click();
    await page.locator("dialog p", { hasText: "si ferma subito" }).waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await row.count(), 1, "a no leaves it where it is");
    await off.click();
    await yes(page);
    await notice(page, "Cassa scollegata");
    await row.waitFor({ state: "detached" });
    await till.evaluate(() => (location.hash = "operations"));
    await till.locator("#revoked").waitFor();
  });
});

desk("messages say what became of them and go again", "clerk", async (page) => {
  await tab(page, "messages");
  await page.locator("#message-list td", { hasText: "Link del buono" }).first().waitFor();
  const again = page.locator("#message-list button").first();
  // those that are still to go cannot go again, and the list is as it was when it was asked for
  for (let looks = 0; looks < 60 && !(await again.isVisible()); looks++) {
    await page.waitForTimeout(500);
    await tab(page, "vouchers");
    await tab(page, "messages");
    await page.locator("#message-list td", { hasText: "Link del buono" }).first().waitFor();
  }
  await again.click();
  await notice(page, "Parte di nuovo");
  await page.locator("#message-list td", { hasText: /^2026\/\d{4}$/ }).first().waitFor();
  await page.locator("#message-status").selectOption("failed");
  await page.locator("#message-list td", { hasText: /^Inviato$/ }).first().waitFor({ state: "detached" });
  await page.locator("#message-status").selectOption("sent");
  await page.locator("#message-list td", { hasText: /^Inviato$/ }).first().waitFor();
});

desk("a user with a second factor signs in with it, and no longer once disabled", "municipal_admin", async (page) => {
  await tab(page, "users");
  await page.locator("#new-user button").click();
  await page.locator("dialog input[name=email]").fill("nuova@borgosanrocco.example");
  await page.locator("dialog input[name=password]").fill("una frase lunga");
  await yes(page);
  const secret = await page.locator("dialog h2", { hasText: /^[A-Z2-7]{32}$/ }).innerText();
  await yes(page);
  const row = page.locator("#user-list tr", { hasText: "nuova@borgosanrocco.example" });
  await row.waitFor();
  const signIn = async (other) => {
    other.expected.push(/401/);
    await other.goto("/console");
    await other.locator("#email").fill("nuova@borgosanrocco.example");
    await other.locator("#password").fill("una frase lunga");
    await other.locator("#sign-in button").click();
  };
  await withPage(browser, town, { width: 390 }, async (other) => {
    await signIn(other);
    await notice(other, "Serve il codice");
    await other.locator("#totp").fill("000000");
    await other.locator("#sign-in button").click();
    await notice(other, "Accesso non riuscito");
    // as the apps show it
    await other.locator("#totp").fill(totp(secret).replace(/^.../, "$& "));
    await other.locator("#sign-in button").click();
    await other.locator("#desk").waitFor({ state: "visible" });
    assert.match(await other.locator("#town").innerText(), /Comune di Borgo San Rocco · Impiegato/);
    await other.locator("#sign-out").click();
    await other.locator("#sign-in").waitFor({ state: "visible" });
  });
  await row.locator("button", { hasText: "Disattiva" }).click();
  await row.locator("td", { hasText: "Disattivato" }).waitFor();
  await withPage(browser, town, { width: 390 }, async (other) => {
    await signIn(other);
    await notice(other, "Accesso non riuscito");
  });
});

desk("the municipality says whom to call and what is missing, and everybody reads it", "municipal_admin", async (page) => {
  await page.locator('.tabs a[href="#office"]').click();
  const phone = page.locator("#help-phone");
  await phone.waitFor();
  const before = await phone.inputValue();
  assert.match(before, /\d/);
  await page.locator("#accessibility-url").fill("form.agid.gov.it/view/1");
  await page.locator("#about button").click();
  assert.equal(await page.locator("#accessibility-url:invalid").count(), 1, "the browser says that this is no address");
  await phone.fill("0599 000 177");
  await page.locator("#accessibility-url").fill("https://form.agid.gov.it/view/1");
  await page.locator("#accessibility-gaps").fill("La mappa non si legge ad alta voce: chiamateci.");
  await page.locator("#about button").click();
  await notice(page, "Salvato");
  await page.locator("#own-page").click();
  await page.locator("main", { hasText: "La mappa non si legge ad alta voce: chiamateci." }).waitFor();
  assert.equal(await page.locator('main a[href="https://form.agid.gov.it/view/1"]').count(), 1);
  assert.equal(await page.locator('main a[href="tel:0599 000 177"]').count(), 1);
  await page.goBack();
  await phone.waitFor();
  assert.equal(await phone.inputValue(), "0599 000 177");
  await phone.fill(before);
  await page.locator("#about button").click();
  await notice(page, "Salvato");
});

desk("a session that is over leads back to the door", "clerk", async (page) => {
  await page.locator("#import-list table").waitFor();
  await page.context().clearCookies();
  await page.locator('.tabs a[href="#shops"]').click();
  await notice(page, "La sessione è finita");
  await page.locator("#sign-in").waitFor({ state: "visible" });
  assert.equal(await page.locator("#desk").isVisible(), false);
});

desk("in English everything is English", "municipal_admin", async (page) => {
  await chooseLanguage(page, "English");
  await page.locator("#desk").waitFor({ state: "visible" });
  await page.locator("#import-list button").last().click();
  await page.locator("#problems td", { hasText: "The VAT number's last digit does not match" }).waitFor();
});

desk("millions are read as they are typed, in English too", "municipal_admin", async (page) => {
  await (await town.staff())("POST", "/programmes", { name: "Region", budget_cents: 1_250_000_000, valid_from: "2026-01-01", expires: "2098-12-31" });
  await chooseLanguage(page, "English");
  await tab(page, "programmes");
  const change = page.getByRole("button", { name: "Change: Region" });
  await change.click();
  assert.equal(await page.locator("dialog input[name=budget]").inputValue(), "12500000.00");
  await page.locator("dialog input[name=name]").fill("Region 2026");
  await yes(page);
  await page.locator("#programme-list tr", { hasText: "Region 2026" }).locator("td", { hasText: "€12,500,000.00" }).first().waitFor();
});

desk("the demonstration's own families into a new programme", "municipal_admin", async (page) => {
  await (await town.staff())("POST", "/programmes", { name: "Inverno", budget_cents: 50_000_000, valid_from: "2026-01-01", expires: "2098-12-31" });
  await page.reload();
  const file = { name: "beneficiari.csv", mimeType: "text/csv", buffer: readFileSync(new URL("../../deploy/demo/beneficiari.csv", import.meta.url)) };
  await check(page, "beneficiaries", file, "Inverno");
  await page.locator("#report button", { hasText: /Applica le \d{3} righe nuove/ }).click();
  await notice(page, "righe nuove");
  await tab(page, "vouchers");
  await page.locator("#query").fill("2026/0020");
  await page.locator("#search button").click();
  for (const programme of ["Buoni spesa", "Inverno"]) await page.locator("#voucher-list tr", { hasText: programme }).locator("td", { hasText: "2026/0020" }).waitFor();
});
