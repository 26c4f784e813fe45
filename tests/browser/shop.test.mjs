// A till: whatever happens to the network or to impatient fingers, one payment is one payment, and
// the shopkeeper knows whether it went through.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { closePage, openPage, openTill, startBrowser } from "./lib/browser.mjs";
import { startTown } from "./lib/server.mjs";

let browser;
let town;
let next = 30;
before(async () => {
  [browser, town] = [await startBrowser(), await startTown()];
});
after(async () => {
  await browser?.close();
  await town?.end();
});

/** A till in one of the shops, and a voucher that nobody has touched. */
function till(name, body, options = {}) {
  test(name, async () => {
    const page = await openPage(browser, town, { width: 390, ...options });
    await openTill(page, town, options.number ?? 0);
    await body(page, town.demo.vouchers[(next += 1)]);
    await closePage(page);
  });
}

const result = (page, look, text) => page.locator(`#result.${look}`, { hasText: text }).waitFor();

async function lookUp(page, voucher) {
  await page.locator("#voucher").fill(voucher.code);
  await page.keyboard.press("Enter");
  await page.locator("#pay").waitFor({ state: "visible" });
}

async function take(page, voucher, amount) {
  await lookUp(page, voucher);
  await page.locator("#amount").fill(amount);
  await page.locator("#pay button", { hasText: "Incassa" }).click();
  await page.locator("dialog button", { hasText: "Sì" }).click();
}

/** What the first shop took from the voucher; the list waits until the ledger has everything answered. */
async function taken(voucher) {
  const headers = { authorization: `Bearer ${town.demo.terminals[0].token}` };
  const { data } = await town.call("GET", "/v1/operations?limit=500", { headers });
  const own = data.items.filter(({ kind, voucher_id }) => kind === "redemption" && voucher_id === voucher.voucher_id);
  return own.map(({ amount_cents }) => amount_cents);
}

till("a lost answer settles to the truth and charges once", async (page, voucher) => {
  page.expected.push(/ERR_FAILED/);
  let answers = 0;
  await page.route("**/v1/redemptions", async (route) => {
    answers += 1;
    if (answers > 1) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await take(page, voucher, "12,30");
  await result(page, "wait", "Aspetta");
  await result(page, "done", "Pagato 12,30");
  assert.deepEqual([await taken(voucher), answers], [[1230], 2]);
  assert.equal(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes("attempt")).length), 0);
});

till("a question that never arrived is sent again under its key", async (page, voucher) => {
  page.expected.push(/ERR_FAILED/);
  const keys = new Set();
  let down = true;
  await page.route("**/v1/redemptions", (route) => {
    keys.add(route.request().headers()["idempotency-key"]);
    return down ? route.abort() : route.continue();
  });
  await take(page, voucher, "3");
  await result(page, "wait", "Aspetta");
  assert.ok(await page.locator("#till").evaluate((fieldset) => fieldset.disabled), "nothing else can be begun meanwhile");
  down = false;
  await result(page, "done", "Pagato 3,00");
  assert.deepEqual([await taken(voucher), keys.size], [[300], 1]);
});

till("a page that is closed while it waits finds out when it is opened again", async (page, voucher) => {
  page.expected.push(/ERR_FAILED/);
  let closed = false;
  await page.route("**/v1/redemptions", async (route) => {
    if (closed) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await take(page, voucher, "7,00");
  await result(page, "wait", "Aspetta");
  // not a moment earlier: the page that is to be closed would find out itself
  page.once("framenavigated", () => (closed = true));
  await page.reload();
  await result(page, "done", "Pagato 7,00");
  assert.deepEqual(await taken(voucher), [700]);
});

till("an old attempt is asked about and never sent again", async (page, voucher) => {
  page.expected.push(/404/);
  const old = (key, cents) =>
    page.evaluate(
      ([key, body, shop]) => {
        const attempt = { kind: "payment", key, path: "/v1/redemptions", body, cents: body.amount_cents, at: Date.now() - 120_000 };
        localStorage.setItem(`buono.attempt.${shop}.${key}`, JSON.stringify(attempt));
      },
      [key, { voucher: voucher.code, amount_cents: cents }, town.demo.terminals[0].shop_id],
    );
  await old("never-arrived", 900);
  await page.reload();
  await result(page, "refused", "Non è stato preso nulla");
  assert.deepEqual(await taken(voucher), []);
  const headers = { authorization: `Bearer ${town.demo.terminals[0].token}`, "idempotency-key": "did-arrive" };
  await town.call("POST", "/v1/redemptions", { body: { voucher: voucher.code, amount_cents: 800 }, headers });
  await old("did-arrive", 800);
  await page.reload();
  await result(page, "done", "Pagato 8,00");
  assert.deepEqual(await taken(voucher), [800]);
});

till("two taps, and two Enters, make one payment", async (page, voucher) => {
  await lookUp(page, voucher);
  await page.locator("#amount").fill("1,00");
  await page.locator("#pay button", { hasText: "Incassa" }).dblclick();
  await page.locator("dialog button", { hasText: "Sì" }).dblclick();
  await result(page, "done", "Pagato 1,00");
  await lookUp(page, voucher);
  await page.locator("#amount").fill("2,00");
  for (let press = 0; press < 4; press++) await page.keyboard.press("Enter");
  await result(page, "done", "Pagato 2,00");
  assert.deepEqual(await taken(voucher), [100, 200]);
});

till("two forms sent at once make one payment", async (page, voucher) => {
  await lookUp(page, voucher);
  await page.locator("#amount").fill("4");
  await page.evaluate(() => {
    const form = document.getElementById("pay");
    form.requestSubmit();
    form.requestSubmit();
  });
  assert.equal(await page.locator("dialog").count(), 1);
  await page.locator("dialog button", { hasText: "Sì" }).click();
  await result(page, "done", "Pagato 4,00");
  assert.deepEqual(await taken(voucher), [400]);
});

till("a scanner types the code and Enter, wherever in the day", async (page, voucher) => {
  for (let customer = 0; customer < 2; customer++) {
    // it types where the page has put the cursor
    await page.keyboard.type(voucher.qr_text);
    await page.keyboard.press("Enter");
    await page.locator("#pay").waitFor({ state: "visible" });
    await page.keyboard.type("0,50");
    await page.keyboard.press("Enter");
    await page.locator("dialog").waitFor();
    await page.keyboard.press("Enter");
    await result(page, "done", "Pagato 0,50");
    await page.locator("#pay").waitFor({ state: "hidden" });
  }
  assert.deepEqual(await taken(voucher), [50, 50]);
});

till("a scanner that reads while the question is open confirms nothing", async (page, voucher) => {
  await lookUp(page, voucher);
  await page.locator("#amount").fill("5");
  await page.keyboard.press("Enter");
  await page.locator("dialog").waitFor();
  await page.keyboard.type(town.demo.vouchers[3].qr_text);
  await page.keyboard.press("Enter");
  // the question is gone, and what was read on into the amount is none
  await result(page, "refused", "Importo non valido");
  assert.deepEqual(await taken(voucher), []);
});

till("amounts with comma or point, and those that are not clear", async (page, voucher) => {
  page.on("request", (request) => assert.ok(!request.url().endsWith("/v1/redemptions"), "nothing is taken here"));
  await lookUp(page, voucher);
  for (const wrong of ["0", "0,00", "-1", "10,005", "1.234", "1e3", "dieci", "20,50 e", "12345678", "1,2,3", "NaN"]) {
    await page.locator("#amount").fill(wrong);
    await page.keyboard.press("Enter");
    await result(page, "refused", "Importo non valido");
    assert.equal(await page.locator("dialog").count(), 0, wrong);
  }
  for (const [typed, said] of [["1,5", "1,50"], ["1.5", "1,50"], [" 20 ", "20,00"], ["0,01", "0,01"], ["20.50", "20,50"]]) {
    await page.locator("#amount").fill(typed);
    await page.keyboard.press("Enter");
    await page.locator("dialog h2", { hasText: `Prendo ${said}` }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
  }
});

till("more than there is: how much to take and how much to ask in cash", async (page) => {
  const voucher = town.voucher("2026/0001");
  await lookUp(page, voucher);
  await page.locator("#amount").fill("62,10");
  await page.keyboard.press("Enter");
  await result(page, "refused", "Sul buono non c'è abbastanza");
  assert.match(await page.locator("#result").innerText(), /Prendi 50,00\s€ dal buono e chiedi 12,10\s€ in contanti/);
  await page.keyboard.press("Enter");
  await page.locator("dialog button", { hasText: "Sì" }).click();
  await result(page, "done", "Pagato 50,00");
});

till("an undo gives everything back once, and says so after a lost answer", async (page, voucher) => {
  page.expected.push(/ERR_FAILED/);
  await take(page, voucher, "6,00");
  await result(page, "done", "Pagato 6,00");
  let answers = 0;
  await page.route("**/reversals", async (route) => {
    answers += 1;
    if (answers > 1) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await page.locator("#operations button").first().click();
  await page.locator("dialog button", { hasText: "Sì" }).click();
  await result(page, "done", "Restituiti 6,00");
  const first = page.locator("#operations li").nth(1);
  await first.locator("small", { hasText: "annullata" }).waitFor();
  assert.equal(await first.locator("button").count(), 0);
  const { items } = await (await town.staff())("GET", `/vouchers/${voucher.voucher_id}/history`);
  assert.deepEqual(items.map(({ kind }) => kind), ["issue", "redemption", "reversal"]);
}, { number: 1 });

till("unknown, blocked and mistyped codes are red and say why", async (page, voucher) => {
  page.expected.push(/404/, /409/);
  await page.locator("#voucher").fill("non un codice");
  await page.keyboard.press("Enter");
  await result(page, "refused", "Buono non trovato");
  await (await town.staff())("POST", `/vouchers/${voucher.voucher_id}/block`, { reason: "prova" });
  await lookUp(page, voucher);
  assert.equal(await page.locator("#state").innerText(), "Bloccato");
  await page.locator("#amount").fill("1");
  await page.keyboard.press("Enter");
  await page.locator("dialog button", { hasText: "Sì" }).click();
  await result(page, "refused", "Buono bloccato");
});

till("a PIN where the programme asks for one, and not a trace of it", async (page) => {
  page.expected.push(/409/, /ERR_FAILED/);
  const made = await town.programmeWithVoucher({ name: "Con PIN", pin_above_cents: 1000 });
  const { pin } = await (await town.staff())("POST", `/vouchers/${made.voucher_id}/pin`);
  await take(page, made, "5,00");
  await result(page, "done", "Pagato 5,00");
  await take(page, made, "20,00");
  await result(page, "refused", "Serve il PIN");
  await page.route("**/v1/redemptions", (route) => route.abort());
  await lookUp(page, made);
  await page.locator("#amount").fill("20,00");
  await page.locator("#pin").fill(pin);
  await page.keyboard.press("Enter");
  await page.locator("dialog button", { hasText: "Sì" }).click();
  await result(page, "wait", "Aspetta");
  const stored = await page.evaluate(() => JSON.stringify(localStorage));
  assert.ok(stored.includes("attempt") && !stored.includes(pin), "the attempt is stored, the PIN is not");
  await page.unroute("**/v1/redemptions");
  await result(page, "done", "Pagato 20,00");
});

till("without network nothing is taken, and it says so", async (page, voucher) => {
  page.expected.push(/ERR_INTERNET_DISCONNECTED/);
  await page.context().setOffline(true);
  await page.locator("#voucher").fill(voucher.code);
  await page.keyboard.press("Enter");
  await result(page, "refused", "Senza rete");
  await page.context().setOffline(false);
  await lookUp(page, voucher);
});

test("enrolling: a wrong code says so, the right one works once", async () => {
  const page = await openPage(browser, town, {});
  page.expected.push(/404/);
  await page.goto("/negozio");
  await page.locator("#enrolment").fill("AAAA-AAAA");
  await page.locator("#enrol button").click();
  await result(page, "refused", "Codice non valido");
  await page.locator("#enrolment").fill(" prova 2026 ");
  await page.locator("#enrol button").click();
  await page.locator("#till").waitFor({ state: "visible" });
  await page.locator("#shop", { hasText: "Cassa 1" }).waitFor();
  await page.reload();
  await page.locator("#till").waitFor({ state: "visible" });
  await closePage(page);
});

test("a till that was revoked says so and asks for a new code", async () => {
  const page = await openPage(browser, town, {});
  page.expected.push(/401/);
  await page.addInitScript(() => localStorage.setItem("buono.token", "not-a-token-any-more"));
  await page.goto("/negozio");
  await result(page, "refused", "scollegata");
  await page.locator("#enrol").waitFor({ state: "visible" });
  await closePage(page);
});

test("in English everything is English", async () => {
  const page = await openPage(browser, town, { lang: "en" });
  await openTill(page, town, 2);
  await page.locator("#voucher").fill(town.demo.vouchers[60].code);
  await page.keyboard.press("Enter");
  await page.locator("#amount").fill("1.25");
  await page.keyboard.press("Enter");
  await page.locator("dialog button", { hasText: "Yes" }).click();
  await result(page, "done", "Paid €1.25");
  await closePage(page);
});
