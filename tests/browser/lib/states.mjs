// Every page in every state that a person may meet.
import { keyIn, openTill, openVoucher, part, typeCode } from "./browser.mjs";

/** Languages in which everything is said, and all those in which citizens are spoken to. */
export const WHOLE = ["it", "en"];
export const ALL = [...WHOLE, "fr", "es", "ro", "ar", "uk", "sq"];

/** Whether a state is one of paper, which has no width of a screen and is read by nobody's software. */
export const onPaper = (name) => ["voucher-card", "voucher-sheet"].includes(name);

/** Whether a state can be had in a language. */
export const speaks = (name, lang) => WHOLE.includes(lang) || /^(home|accessibility|door|voucher|sheet)/.test(name);

/** What makes each state; prepared once for a town. */
export async function prepare(town) {
  const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
  const yesterday = () => town.programmeWithVoucher({ name: "Ieri", from: day(-10), until: day(-1) });
  const made = {
    expired: await town.earlier(2, yesterday),
    future: await town.programmeWithVoucher({ name: "Domani", from: day(3) }),
    suspended: await town.programmeWithVoucher({ name: "Sospeso" }),
    pin: await town.programmeWithVoucher({ name: "Con PIN", pin_above_cents: 0 }),
    limited: await town.programmeWithVoucher({ name: "Con limiti", per_redemption_max_cents: 2000, per_day_max_cents: 3000 }),
    active: town.voucher("2026/0001"),
    blocked: town.voucher("2026/0004"),
    rotating: await town.programmeWithVoucher({ name: "A minuti", rotating_qr: true }),
    replaced: await town.programmeWithVoucher({ name: "Sostituito" }),
  };
  const admin = await town.staff();
  await town.redeem(made.active, 1250, 0);
  const undone = await town.redeem(made.active, 500, 1);
  const headers = { authorization: `Bearer ${town.demo.terminals[1].token}`, "idempotency-key": crypto.randomUUID() };
  await town.call("POST", `/v1/operations/${undone.data.operation_id}/reversals`, { body: { reason: "prova" }, headers });
  await town.call("POST", "/v1/holds", { body: { voucher: made.active.code, amount_cents: 300 }, headers: { ...headers, "idempotency-key": crypto.randomUUID() } });
  await town.redeem(made.active, 200, 2);
  const { claim_id } = await town.claim(2);
  const { items: [line] } = await town.asTill(2, `/v1/claims/${claim_id}/lines`);
  await admin("POST", `/claims/${claim_id}/lines/${line.operation_id}/remark`, { text: "Importo insolito: avete lo scontrino?" });
  await town.redeem(made.active, 100, 2);
  // a shop that names its people, and asks
  const sixth = async (path, body) => {
    const headers = { authorization: `Bearer ${town.demo.terminals[6].token}`, "idempotency-key": crypto.randomUUID() };
    return (await town.call("POST", path, { body, headers })).data;
  };
  await sixth("/v1/staff", { label: "Giulia" });
  const omar = await sixth("/v1/staff", { label: "Omar, con un nome che non finisce mai", pin: "4711" });
  await sixth("/v1/terminal/shift", { staff_id: omar.staff_id, pin: "4711" });
  await town.redeem(made.active, 100, 6);
  const asked = await sixth("/v1/tickets", { text: "Il lettore non legge più i buoni stampati." });
  await sixth("/v1/tickets", { text: "Il cartello «Qui si accettano i buoni» è caduto." });
  await admin("POST", `/tickets/${asked.ticket_id}/answer`, { text: "Passiamo domani mattina." });
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
  const tab = (name, then, content = "table") => async (page) => {
    // signed in once: the limit on passwords counts every account's attempts
    const [cookie, value] = (await town.session("municipal_admin")).split("=");
    await page.context().addCookies([{ name: cookie, value, url: town.url }]);
    await page.goto("/console");
    await page.locator(`.tabs a[href="#${name}"]`).click();
    await page.locator(`#${name} ${content}`).first().waitFor();
    if (then) await then(page);
  };
  const till = (then, number = 5) => async (page) => {
    await openTill(page, town, number);
    if (then) await then(page);
  };
  const ofTheTown = (page) => page.locator("#voucher-list tr", { hasText: "Buoni spesa" }).first().locator("button");
  const operations = (page) => part(page, "operations", "#operations button");
  const undo = async (page) => {
    await operations(page);
    await page.locator("#operations button").first().click();
    await page.locator("#undo").waitFor();
  };
  const pay = (code, cents, wanted) => async (page) => {
    await confirm(code, cents)(page);
    await page.locator("#yes").click();
    await page.locator(wanted).waitFor();
  };
  const training = async (page) => {
    await part(page, "training", ".cards svg >> nth=5");
    await page.locator(".ways .btn-primary").click();
    await page.locator("body.training .cards svg >> nth=5").waitFor();
  };
  const amount = (code) => async (page) => {
    await typeCode(page, code());
    await page.locator(".pad").waitFor();
  };
  const confirm = (code, cents) => async (page) => {
    await amount(code)(page);
    await keyIn(page, cents);
    await page.locator("#take").click();
    await page.locator("#yes").waitFor();
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
      // the old code's stream is refused
      page.expected.push(/409/);
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
    "till-join": async (page) => {
      await page.goto("/shop");
      await page.locator("#enrol").waitFor();
    },
    "till-revoked": async (page) => {
      page.expected.push(/401/);
      await page.addInitScript(() => localStorage.setItem("buono.token", "revoked"));
      await page.goto("/shop");
      await page.locator("#revoked").waitFor();
    },
    "till-start": till(),
    "till-scan": till(async (page) => {
      await page.evaluate(() => (location.hash = "pay"));
      await page.locator(".trouble").waitFor();
    }),
    "till-camera": till(async (page) => {
      // a camera that looks at nothing: there is none on the test's machine
      await page.evaluate(() => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
        canvas.getContext("2d").fillRect(0, 0, 640, 480);
        navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(5);
        location.hash = "pay";
      });
      await page.locator("#camera video").waitFor();
    }),
    "till-offline": till(async (page) => {
      await page.context().setOffline(true);
      await page.locator("#offline").waitFor();
    }),
    "till-mistyped": till(async (page) => {
      await typeCode(page, "AAAA-AAAA-AAAA-2");
      await page.locator("#notice strong").waitFor();
    }),
    "till-amount": till(amount(() => made.active.code)),
    "till-confirm": till(confirm(() => made.active.code, 100)),
    "till-cash": till(confirm(() => made.active.code, 9900)),
    "till-pin": till(confirm(() => made.pin.code, 100)),
    "till-blocked": till(async (page) => {
      await typeCode(page, made.blocked.code);
      await page.locator("#result.refused").waitFor();
    }),
    "till-wait": till(async (page) => {
      page.expected.push(/ERR_FAILED/);
      await page.route("**/v1/redemptions", (route) => route.abort());
      await confirm(() => town.demo.vouchers[21].code, 100)(page);
      await page.locator("#yes").click();
      await page.locator("#result.wait p:nth-of-type(3)").waitFor();
    }),
    "till-gone": till(async (page) => {
      page.expected.push(/401/);
      await page.route("**/v1/redemptions", (route) => route.fulfill({ status: 401, json: { code: "unauthorized" } }));
      await pay(() => town.demo.vouchers[21].code, 100, "#result.wait .call")(page);
    }),
    "till-unstorable": till(async (page) => {
      page.expected.push(/no database/);
      await page.evaluate(() => (IDBFactory.prototype.open = () => { throw new Error("no database"); }));
      await page.evaluate(() => (IDBObjectStore.prototype.put = () => { throw new Error("no database"); }));
      await pay(() => town.demo.vouchers[21].code, 100, "#result.refused")(page);
    }),
    "till-suspended": till(async (page) => {
      const [admin, shop] = [await town.staff(), town.demo.terminals[7].shop_id];
      await admin("POST", `/shops/${shop}/suspend`);
      await page.reload();
      await page.locator("#not-enabled").waitFor();
      await admin("POST", `/shops/${shop}/enable`);
    }, 7),
    "till-paid": till(pay(() => town.demo.vouchers[20].code, 9999, "#result.done")),
    "till-limited": till(amount(() => made.limited.code)),
    "till-limited-cash": till(confirm(() => made.limited.code, 4000)),
    "till-day-over": till(async (page) => {
      for (const cents of [2000, 1000]) await town.redeem(made.limited, cents, 5);
      await town.settled();
      await typeCode(page, made.limited.code);
      await page.locator("#result.refused").waitFor();
    }),
    "till-again": till(async (page) => {
      await pay(() => town.demo.vouchers[22].code, 100, "#result.done")(page);
      await confirm(() => town.demo.vouchers[22].code, 100)(page);
      await page.locator(".again").waitFor();
    }),
    "till-operations": till(operations, 0),
    "till-operations-claimed": till(operations, 2),
    "till-range": till(async (page) => {
      await operations(page);
      await page.locator("#period-range").click();
      await page.locator("#range").waitFor();
    }, 0),
    "till-undo": till(undo, 0),
    "till-undo-why": till(async (page) => {
      await undo(page);
      await page.locator("#reason-other").check();
      await page.locator("#other-reason").waitFor();
    }, 0),
    "till-undone": till(async (page) => {
      await town.redeem(made.active, 100, 3);
      await undo(page);
      await page.locator("#yes").click();
      await page.locator("#result.done").waitFor();
    }, 3),
    "till-claims": till((page) => part(page, "claims", "#claims button"), 2),
    "till-claim-sure": till(async (page) => {
      await part(page, "claims", "#claim-all");
      await page.locator("#claim-all").click();
      await page.locator("dialog").waitFor();
    }, 2),
    "till-claimed": till(async (page) => {
      await town.redeem(made.active, 100, 4);
      await part(page, "claims", "#claim-all");
      await page.locator("#claim-all").click();
      await page.locator("dialog button[value=yes]").click();
      await page.locator("#result.done").waitFor();
    }, 4),
    "till-claim": till(async (page) => {
      await part(page, "claims", "#claims button");
      await page.locator("#claims button").first().click();
      await page.locator("#remarks textarea").waitFor();
      await page.locator("#claim-lines li").waitFor();
    }, 2),
    "till-settings": till((page) => part(page, "till", "#rename")),
    "till-people": till((page) => part(page, "till", "#people li"), 6),
    "till-person": till(async (page) => {
      await part(page, "till", "#people li");
      await page.locator("#people button").nth(2).click();
      await page.locator("#current-pin").waitFor();
    }, 6),
    "till-staff": till((page) => part(page, "staff", "#names li >> nth=2"), 6),
    "till-staff-pin": till(async (page) => {
      await part(page, "staff", "#names li >> nth=2");
      await page.locator("#names button").nth(1).click();
      await page.locator("#staff-enter").waitFor();
    }, 6),
    "till-operations-staff": till(operations, 6),
    "till-tickets": till((page) => part(page, "help", "#tickets .answer"), 6),
    "till-help": till((page) => part(page, "help", ".steps")),
    "till-training": till(training),
    "till-training-claims": till(async (page) => {
      await training(page);
      await part(page, "claims", "#claims-training");
    }),
    "till-training-amount": till(async (page) => {
      await training(page);
      await page.locator(".card button").first().click();
      await page.locator(".pad").waitFor();
    }),
    "till-training-confirm": till(async (page) => {
      await training(page);
      await confirm(() => "PROVA-3", 100)(page);
    }),
    "till-training-paid": till(async (page) => {
      await training(page);
      await pay(() => "PROVA-2", 900, "#result.done")(page);
    }),
    "console-sign-in": async (page) => {
      page.expected.push(/401/);
      await page.goto("/console");
      await page.locator("#sign-in").waitFor({ state: "visible" });
    },
    "console-imports": tab("imports"),
    "console-report": tab("imports", async (page) => {
      await page.locator('#import-list button[aria-label$="beneficiari.csv"]').click();
      await page.locator("#problems table").waitFor();
    }),
    "console-vouchers": tab("vouchers"),
    "console-voucher": tab("vouchers", async (page) => {
      await ofTheTown(page).click();
      await page.locator("#history table").waitFor();
    }),
    "console-dialog": tab("vouchers", async (page) => {
      await ofTheTown(page).click();
      await page.locator("#voucher .actions button").first().click();
      await page.locator("dialog").waitFor();
    }),
    "console-shops": tab("shops"),
    "console-new-till": tab("shops", async (page) => {
      await page.locator("#shop-list button").first().click();
      await page.locator("dialog svg.qr-code").waitFor();
    }),
    "console-tills": tab("shops", async (page) => {
      await page.locator("#shop-list button", { hasText: /^(Casse|Tills)$/ }).first().click();
      await page.locator("#shop-tills table").waitFor();
    }),
    "console-programmes": tab("programmes"),
    "console-claims": tab("claims"),
    "console-claim": tab("claims", async (page) => {
      await page.locator("#claim-list button").first().click();
      await page.locator("#claim-lines table").waitFor();
    }),
    "console-remark": tab("claims", async (page) => {
      await page.locator("#claim-list button").first().click();
      await page.locator("#claim-lines button").first().click();
      await page.locator("dialog textarea").waitFor();
    }),
    "console-messages": tab("messages"),
    "console-tickets": tab("tickets"),
    "console-answer": tab("tickets", async (page) => {
      await page.locator("#ticket-list button").click();
      await page.locator("#ticket-answer").waitFor();
    }),
    "console-users": tab("users"),
    "console-office": tab("office", undefined, "form"),
  };
}
