// The end of the month: a shop asks for what it is owed, once, whatever the network does; the municipality
// checks it, approves it and pays it; and both read what the other wrote.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { closePage, kept, loseAnswers, notice, openConsole, openPage, openTill, practise, result, withPage } from "./lib/browser.mjs";
import { browser, town } from "./lib/stage.mjs";

let next = 100;

/** A till whose shop has taken these cents, before its claims. */
function till(name, number, amounts, body, options = {}) {
  test(name, async () => {
    for (const cents of amounts) assert.equal((await town.redeem(town.demo.vouchers[(next += 1)], cents, number)).status, 201);
    const page = await openPage(browser, town, { width: 390, ...options });
    await openTill(page, town, number, "claims");
    await body(page);
    await closePage(page);
  });
}

const claims = async (number) => (await town.asTill(number, "/v1/claims")).items;
const sums = async (number) => (await claims(number)).map(({ amount_cents }) => amount_cents);
const unclaimed = (page, text) => page.locator("#unclaimed", { hasText: text }).waitFor();
const yes = (page) => page.locator("dialog button").first().click();

async function claimAll(page) {
  await page.locator("#claim-all").click();
  await page.locator("dialog", { hasText: "non potrai più annullare" }).waitFor();
  await yes(page);
}

for (const width of [390, 1280]) {
  till(`one tap and one question ask for everything, ${width} px`, width === 390 ? 0 : 1, [1230, 250], async (page) => {
    const number = width === 390 ? 0 : 1;
    await unclaimed(page, "14,80");
    await unclaimed(page, "2 operazioni");
    await page.locator("#claim-all").click();
    await page.locator("dialog button", { hasText: "No" }).click();
    assert.deepEqual(await sums(number), [], "no means no");
    await page.locator("#claim-all:focus").waitFor();
    const other = await openPage(browser, town, { width });
    other.expected.push(/409/);
    await openTill(other, town, number, "operations");
    await other.locator("#operations button").first().click();
    await other.locator("#undo").waitFor();
    let asked = 0;
    await page.route("**/v1/claims", async (route) => {
      if (route.request().method() !== "POST") return route.continue();
      asked += 1;
      // the server may work at it for longer than a customer waits for a payment
      if (width === 390) await new Promise((done) => setTimeout(done, 9500));
      await route.continue();
    });
    await claimAll(page);
    await result(page, "done", "14,80");
    assert.equal(asked, 1, "it is not asked for again meanwhile");
    assert.match(await page.locator("#result").innerText(), /Richiesta inviata[\s\S]*n\. 1\. Il Comune paga entro il \d/);
    await page.locator("#to-claims").click();
    await unclaimed(page, "Niente da chiedere");
    await page.locator("#claims li", { hasText: "Pagamento previsto entro il" }).waitFor();
    assert.deepEqual(await sums(number), [1480]);
    // what was sealed cannot be undone, and it is said why, also to whoever was about to
    await page.evaluate(() => (location.hash = "operations"));
    await page.locator("#operations li", { hasText: "non si può più annullare" }).nth(1).waitFor();
    assert.equal(await page.locator("#operations button").count(), 0);
    await other.locator("#yes").click();
    await result(other, "refused", "Rimborso già chiesto");
    await closePage(other);
  }, { width });
}

till("a lost answer makes one claim, which was stored before it was sent", 2, [700], async (page) => {
  let stored;
  const asked = await loseAnswers(page, "**/v1/claims", 1);
  // registered last, asked first
  await page.route("**/v1/claims", async (route) => {
    if (route.request().method() === "POST") stored ??= (await kept(page))[0]?.key;
    await route.fallback();
  });
  await claimAll(page);
  await result(page, "wait", "Sto controllando");
  await result(page, "done", "7,00");
  assert.deepEqual([asked.answers, asked.keys.size, stored], [2, 1, [...asked.keys][0]]);
  assert.deepEqual([await sums(2), await kept(page)], [[700], []]);
});

till("an app that is closed while it waits finds its claim when it is opened again", 3, [800], async (page) => {
  page.expected.push(/ERR_FAILED/);
  let closed = false;
  await page.route("**/v1/claims", async (route) => {
    if (closed || route.request().method() !== "POST") return route.continue();
    await route.fetch();
    return route.abort();
  });
  await claimAll(page);
  await result(page, "wait", "Sto controllando");
  page.once("framenavigated", () => (closed = true));
  await page.reload();
  await result(page, "done", "8,00");
  assert.deepEqual(await sums(3), [800]);
});

till("a claim that never arrived is not made later on its own", 4, [900], async (page) => {
  page.expected.push(/404/);
  await page.evaluate(
    (shop) => {
      const attempt = { kind: "claim", key: "never-arrived", path: "/v1/claims", body: {}, cents: 900, at: Date.now() - 120_000 };
      localStorage.setItem(`buono.attempt.${shop}.never-arrived`, JSON.stringify(attempt));
    },
    town.demo.terminals[4].shop_id,
  );
  await page.reload();
  await result(page, "refused", "Richiesta non arrivata");
  await page.locator("#to-claims").click();
  await unclaimed(page, "9,00");
  assert.deepEqual(await sums(4), []);
});

till("nothing to ask for, and owing more than was taken, are no mystery", 5, [], async (page) => {
  await unclaimed(page, "Niente da chiedere");
  await page.locator("#claims li", { hasText: "Non hai ancora chiesto" }).waitFor();
  for (const [amount_cents, text] of [[-550, "5,50 € più di quanto hai incassato"], [0, "si pareggiano"]]) {
    await page.route("**/v1/claims/unclaimed", (route) => route.fulfill({ json: { operations: 1, amount_cents, from: "2026-11-01T10:00:00Z", to: null } }));
    await page.reload();
    await unclaimed(page, text);
    assert.equal(await page.locator("#claim-all").count(), 0);
  }
});

test("a shop that has not given its IBAN is told whom to call", async () => {
  const office = await town.staff();
  const file = "riferimento;insegna;ragione_sociale;partita_iva;indirizzo;comune\nSENZA;Bottega senza conto;Bottega snc;00743110157;Via Po 1;Borgo San Rocco\n";
  const done = await office("POST", "/shops/import?file_name=senza.csv", file);
  await office("POST", `/imports/${done.import_id}/apply`);
  const shop = (await office("GET", "/shops?limit=500")).items.find(({ reference }) => reference === "SENZA");
  const { enrolment_code } = await office("POST", `/shops/${shop.id}/enrolments`);
  const { data } = await town.call("POST", "/v1/terminals/enrol", { body: { enrolment_code, label: "Cassa 1" } });
  const number = town.demo.terminals.push({ shop: shop.name, shop_id: shop.id, token: data.token }) - 1;
  await town.redeem(town.demo.vouchers[(next += 1)], 400, number);
  await withPage(browser, town, { width: 390 }, async (page) => {
    page.expected.push(/409/);
    await openTill(page, town, number, "claims");
    await claimAll(page);
    await result(page, "refused", "Manca l'IBAN");
    assert.match(await page.locator("#result").innerText(), /Numero del Comune: 0599/);
    await page.locator("#to-claims").click();
    await unclaimed(page, "4,00");
  });
});

till("practice asks for nothing", 6, [100], async (page) => {
  await page.evaluate(() => sessionStorage.setItem("buono.training", "1"));
  await page.reload();
  await page.locator("#claims-training", { hasText: "non entrano mai" }).waitFor();
  assert.equal(await page.locator("#claim-all, #claims").count(), 0);
  await practise(page);
  assert.equal((await town.asTill(6, "/v1/claims/unclaimed")).amount_cents, 100);
});

till("the document of a claim is saved", 7, [1100], async (page) => {
  await town.claim(7);
  await page.reload();
  await page.locator("#claims button").click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#claim-document").click()]);
  assert.equal(download.suggestedFilename(), "nota-1.pdf");
  assert.equal(readFileSync(await download.path()).subarray(0, 5).toString(), "%PDF-");
});

till("lines are shown page by page", 8, Array.from({ length: 52 }, () => 1), async (page) => {
  await town.claim(8);
  await page.reload();
  await page.locator("#claims button").click();
  await page.locator("#claim-lines li").nth(49).waitFor();
  assert.equal(await page.locator("#claim-lines li").count(), 50);
  await page.locator("button", { hasText: "Mostra altro" }).click();
  await page.locator("#claim-lines li").nth(51).waitFor();
  await page.locator("button", { hasText: "Mostra altro" }).waitFor({ state: "detached" });
});

/** A member of staff at the claim of a shop. */
async function desk(role, shop, body) {
  await withPage(browser, town, { width: 1280 }, async (page) => {
    await openConsole(page, town, role);
    await page.locator('.tabs a[href="#claims"]').click();
    await page.locator("#claim-list tr", { hasText: shop }).locator("button").click();
    await page.locator("#claim-lines table").waitFor();
    await body(page);
  });
}

till("remark and answer, approval by one and payment by another, as shop and office see it", 9, [2050, 300], async (page) => {
  const { shop } = town.demo.terminals[9];
  await town.claim(9);
  await town.secondAdmin();
  const strange = "Importo <b>insolito</b>:\navete lo scontrino?";
  await desk("clerk", shop, async (clerk) => {
    assert.equal(await clerk.locator("#claim .actions button", { hasNotText: "PDF" }).count(), 0, "a clerk checks and decides nothing");
    await clerk.locator("#claim-lines tr", { hasText: "20,50" }).locator("button").click();
    await clerk.locator("dialog textarea").fill(strange);
    await yes(clerk);
    await clerk.locator("#claim-lines tr.wrong-row", { hasText: "insolito" }).waitFor();
    await clerk.locator("#claim-list td", { hasText: "1, senza risposta 1" }).waitFor();
  });
  await page.reload();
  await page.locator("#claims li", { hasText: "Un'osservazione del Comune aspetta" }).locator("button").click();
  // a text is a text, whatever is in it
  await page.locator(".remark .written", { hasText: "<b>insolito</b>" }).waitFor();
  page.expected.push(/ERR_FAILED/);
  await page.route("**/answer", (route) => route.abort(), { times: 1 });
  await page.locator(".remark textarea").fill("Sì, lo mando per posta.");
  await page.locator(".remark button").click();
  await notice(page, "Non so se la risposta è arrivata");
  // what was typed is still there
  await page.locator(".remark button").click();
  await notice(page, "Risposta inviata");
  await page.locator(".remark .written", { hasText: "La tua risposta" }).waitFor();
  await page.locator(".remark textarea:focus").waitFor();
  await desk("municipal_admin", shop, async (admin) => {
    await admin.getByLabel("Solo le righe con un'osservazione").check();
    await admin.locator("#claim-lines tbody tr").nth(1).waitFor({ state: "detached" });
    await admin.locator("#claim-lines td", { hasText: "lo mando per posta" }).waitFor();
    await admin.locator("#claim .actions button", { hasText: "Approva" }).click();
    await yes(admin);
    await admin.locator("#claim .actions", { hasText: "L'hai approvata tu" }).waitFor();
    // a slip of the hand is taken back
    await admin.locator("#claim .actions button", { hasText: "Riapri" }).click();
    await yes(admin);
    await admin.locator("#claim dd", { hasText: "Da controllare" }).waitFor();
    await admin.locator("#claim .actions button", { hasText: "Approva" }).click();
    await yes(admin);
    await admin.locator("#claim .actions", { hasText: "L'hai approvata tu" }).waitFor();
    const [note] = await Promise.all([admin.waitForEvent("download"), admin.locator("#claim .actions button", { hasText: "PDF" }).click()]);
    assert.equal(note.suggestedFilename(), "nota-1.pdf");
  });
  await page.reload();
  await page.locator("#claims li", { hasText: "Approvata: il Comune la paga" }).waitFor();
  await desk("second_admin", shop, async (second) => {
    await second.locator("#claim .actions button", { hasText: "Segna il pagamento" }).click();
    await second.locator("dialog input[name=reference]").fill("Mandato 12/2026");
    await yes(second);
    await second.locator("#claim dd", { hasText: "Mandato 12/2026" }).waitFor();
    await second.locator("#claim-status").selectOption("paid");
    await second.locator("#claim-list td", { hasText: shop }).waitFor();
    await second.locator("#claim-status").selectOption("sealed");
    await second.locator("#claim-list td", { hasText: shop }).waitFor({ state: "detached" });
  });
  await page.reload();
  const paid = page.locator("#claims li", { hasText: "Riferimento del pagamento: Mandato 12/2026" });
  await paid.locator("button").click();
  await page.locator("#claim-status li", { hasText: /Pagata il \d/ }).waitFor();
});

test("an auditor reads claims and changes nothing", async () => {
  await desk("auditor", town.demo.terminals[8].shop, async (page) => {
    assert.equal(await page.locator("#claim button", { hasText: /Osserva|Approva/ }).count(), 0);
  });
});
