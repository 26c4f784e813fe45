// Every page in every state that a person may meet.
import { openTill, openVoucher } from "./browser.mjs";

/** Languages in which everything is said, and all those in which citizens are spoken to. */
export const WHOLE = ["it", "en"];
export const ALL = [...WHOLE, "fr", "es", "ro", "ar", "uk", "sq"];

/** Whether a state can be had in a language. */
export const speaks = (name, lang) => WHOLE.includes(lang) || /^(home|accessibility|door|voucher|sheet)/.test(name);

/** What makes each state; prepared once for a town. */
export async function prepare(town) {
  const admin = await town.staff();
  const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
  const made = {
    future: await town.programmeWithVoucher({ name: "Domani", from: day(3) }),
    suspended: await town.programmeWithVoucher({ name: "Sospeso" }),
    pin: await town.programmeWithVoucher({ name: "Con PIN", pin_above_cents: 0 }),
    active: town.voucher("2026/0001"),
    blocked: town.voucher("2026/0004"),
    rotating: await town.programmeWithVoucher({ name: "A minuti", rotating_qr: true }),
    replaced: await town.programmeWithVoucher({ name: "Sostituito" }),
    expired: await town.programmeWithVoucher({ name: "Ieri", from: day(-10), until: day(-1) }),
  };
  await town.redeem(made.active, 1250, 0);
  const undone = await town.redeem(made.active, 500, 1);
  const headers = { authorization: `Bearer ${town.demo.terminals[1].token}`, "idempotency-key": crypto.randomUUID() };
  await town.call("POST", `/v1/operations/${undone.data.operation_id}/reversals`, { body: { reason: "prova" }, headers });
  await town.call("POST", "/v1/holds", { body: { voucher: made.active.code, amount_cents: 300 }, headers: { ...headers, "idempotency-key": crypto.randomUUID() } });
  await admin("POST", `/vouchers/${made.blocked.voucher_id}/block`, { reason: "prova" });
  await admin("POST", `/vouchers/${made.replaced.voucher_id}/reissue`, { reason: "prova" });
  return made;
}

const byCode = (code) => async (page) => {
  await page.goto("/v");
  await page.locator("#code").fill(code);
  await page.locator("form button").click();
  await page.waitForURL("**/v/buono");
};

/** Name, and how to get there. `made` is what [`prepare`] made. */
export function states(town, made) {
  const tab = (name, then) => async (page) => {
    // signed in once: the limit on passwords counts every account's attempts
    const [cookie, value] = (await town.session("municipal_admin")).split("=");
    await page.context().addCookies([{ name: cookie, value, url: town.url }]);
    await page.goto("/console");
    await page.locator(`.tabs a[href="#${name}"]`).click();
    await page.locator(`#${name} table`).first().waitFor();
    if (then) await then(page);
  };
  const till = (then) => async (page) => {
    await openTill(page, town, 5);
    if (then) await then(page);
  };
  const look = async (page, code) => {
    await page.locator("#voucher").fill(code);
    await page.keyboard.press("Enter");
  };
  return {
    home: (page) => page.goto("/"),
    accessibility: (page) => page.goto("/accessibilita"),
    door: (page) => page.goto("/v"),
    "door-over": (page) => page.goto("/v/buono"),
    "door-not-found": async (page) => {
      page.expected.push(/404/);
      await page.goto("/v");
      await page.locator("#code").fill("AAAA-AAAA-AAAA-A");
      await page.locator("form button").click();
      await page.locator("#code-wrong").waitFor();
    },
    "door-pin": async (page) => {
      await page.goto("/v");
      await page.locator("#code").fill(made.pin.code);
      await page.locator("form button").click();
      await page.locator("#pin").fill("x");
      await page.locator("form button").click();
      await page.locator("#pin-wrong").waitFor();
    },
    "door-replaced": async (page) => {
      page.expected.push(/410/);
      await page.goto("/v");
      await page.locator("#code").fill(made.replaced.code);
      await page.locator("form button").click();
      await page.locator(".alert-warning").waitFor();
    },
    "voucher-rotating": (page) => byCode(made.rotating.code)(page),
    "voucher-kept": async (page) => {
      await byCode(made.active.code)(page);
      await page.locator('form[action="/v/ricorda"] button').click();
      await page.locator('form[action="/v/dimentica"]').waitFor();
    },
    "voucher-big": async (page) => {
      await page.goto("/v?type=big");
      await byCode(made.active.code)(page);
    },
    "voucher-card": async (page) => {
      await openVoucher(page, made.active);
      await page.emulateMedia({ media: "print" });
      await page.evaluate(() => document.documentElement.classList.add("card"));
    },
    "voucher-sheet": async (page) => {
      await openVoucher(page, made.active);
      await page.emulateMedia({ media: "print" });
    },
    "voucher-active": (page) => openVoucher(page, made.active),
    "voucher-offline": async (page) => {
      page.expected.push(/ERR_INTERNET_DISCONNECTED/);
      await openVoucher(page, made.active);
      await page.context().setOffline(true);
      await page.locator("[data-when=offline]").waitFor({ state: "visible" });
    },
    "voucher-blocked": byCode(made.blocked.code),
    "voucher-expired": byCode(made.expired.code),
    "voucher-not-yet-valid": byCode(made.future.code),
    "voucher-closed": async (page) => {
      // an undone import closes its vouchers: a new one for each visit
      const { code, import: id } = await town.programmeWithVoucher({ name: `Annullato ${crypto.randomUUID().slice(0, 8)}` });
      await byCode(code)(page);
      await (await town.staff())("POST", `/imports/${id}/undo`);
      await page.locator(".alert-danger").waitFor();
    },
    "voucher-reissued": async (page) => {
      const { code, voucher_id } = await town.programmeWithVoucher({ name: `Perso ${crypto.randomUUID().slice(0, 8)}` });
      await byCode(code)(page);
      await (await town.staff())("POST", `/vouchers/${voucher_id}/reissue`, { reason: "prova" });
      await page.locator(".alert-warning a").waitFor();
    },
    "voucher-suspended": async (page) => {
      await byCode(made.suspended.code)(page);
      const admin = await town.staff();
      await admin("POST", `/programmes/${made.suspended.programme}/suspend`);
      await page.reload();
      await admin("POST", `/programmes/${made.suspended.programme}/resume`);
    },
    "till-enrol": async (page) => {
      await page.goto("/negozio");
      await page.locator("#enrol").waitFor({ state: "visible" });
    },
    "till-code": till(),
    "till-amount": till(async (page) => {
      await look(page, made.active.code);
      await page.locator("#pay").waitFor({ state: "visible" });
    }),
    "till-confirm": till(async (page) => {
      await look(page, made.active.code);
      await page.locator("#amount").fill("1,00");
      await page.keyboard.press("Enter");
      await page.locator("dialog").waitFor();
    }),
    "till-refused": till(async (page) => {
      page.expected.push(/404/);
      await look(page, "AAAA-AAAA-AAAA-A");
      await page.locator("#result.refused").waitFor();
    }),
    "till-paid": till(async (page) => {
      await look(page, town.demo.vouchers[20].code);
      await page.locator("#amount").fill("0,01");
      await page.keyboard.press("Enter");
      await page.keyboard.press("Enter");
      await page.locator("#result.done").waitFor();
    }),
    "console-sign-in": async (page) => {
      page.expected.push(/401/);
      await page.goto("/console");
      await page.locator("#sign-in").waitFor({ state: "visible" });
    },
    "console-imports": tab("imports"),
    "console-report": tab("imports", async (page) => {
      await page.locator("#import-list button").last().click();
      await page.locator("#problems table").waitFor();
    }),
    "console-vouchers": tab("vouchers"),
    "console-voucher": tab("vouchers", async (page) => {
      await page.locator("#voucher-list button").first().click();
      await page.locator("#history table").waitFor();
    }),
    "console-dialog": tab("vouchers", async (page) => {
      await page.locator("#voucher-list button").first().click();
      await page.locator("#voucher .actions button").first().click();
      await page.locator("dialog").waitFor();
    }),
    "console-shops": tab("shops"),
    "console-programmes": tab("programmes"),
    "console-messages": tab("messages"),
    "console-users": tab("users"),
  };
}
