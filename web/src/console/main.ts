// The console: one page over the municipality's interface, a part of it at a time.
import { byId } from "../shared/dom";
import { attempt } from "./api";
import { showClaims, startClaims } from "./claims";
import { CHANGED, showImports, startImports } from "./imports";
import { showMessages, startMessages } from "./messages";
import { showOffice, startOffice } from "./office";
import { showProgrammes, startProgrammes } from "./programmes";
import { decides, enter, startSession } from "./session";
import { showShops, startShops } from "./shops";
import { showTickets, startTickets } from "./tickets";
import { showUsers, startUsers } from "./users";
import { VOUCHER_CHANGED } from "./voucher";
import { showVouchers, showVouchersAgain, startVouchers } from "./vouchers";

/** Each part, and what brings it up to date. */
const PARTS: Record<string, () => Promise<void>> = {
  imports: async () => {
    await showProgrammes();
    await showImports();
  },
  vouchers: async () => {
    await showProgrammes();
    await showVouchers();
  },
  shops: showShops,
  programmes: showProgrammes,
  claims: showClaims,
  messages: showMessages,
  tickets: showTickets,
  users: showUsers,
  office: showOffice,
};

/** Those of whoever decides. */
const DECIDING = ["users", "office"];

async function open(): Promise<void> {
  const asked = location.hash.slice(1);
  const allowed = asked in PARTS && (!DECIDING.includes(asked) || decides());
  const part = allowed ? asked : "imports";
  for (const name of DECIDING) byId(`${name}-tab`).hidden = !decides();
  for (const name of Object.keys(PARTS)) byId(name).hidden = name !== part;
  document.querySelectorAll(".tabs a").forEach((tab) => {
    if (tab.getAttribute("href") === `#${part}`) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  });
  await attempt(PARTS[part] ?? showImports);
}

startSession(open);
startImports();
startProgrammes();
startShops();
startTickets();
startUsers();
startOffice();
startClaims();
startMessages();
startVouchers();
// a place in the page, as where the skip link leads, is no part to open
addEventListener("hashchange", () => {
  const asked = location.hash.slice(1);
  const place = !(asked in PARTS) && document.getElementById(asked);
  if (!place && !byId("desk").hidden) void open();
});
document.addEventListener(CHANGED, () => void attempt(() => Promise.all([showShops(), showVouchers()])));
document.addEventListener(VOUCHER_CHANGED, () => void attempt(showVouchersAgain));
void enter(open);
