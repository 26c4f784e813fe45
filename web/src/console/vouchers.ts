// Finding vouchers.
import { button, byId, el, onSubmit } from "../shared/dom";
import { save } from "../shared/http";
import { day, euro, t, type Instant } from "../shared/texts";
import { LONG_MS, attempt, post } from "./api";
import { programmeOf } from "./programmes";
import { works } from "./session";
import { Pages, table } from "./table";
import { showVoucher } from "./voucher";

/** A voucher as the office knows it. */
export interface Voucher {
  id: string;
  programme_id: string;
  status: string;
  expires_at: Instant;
  balance_cents: number;
  held_cents: number;
  issued_cents: number;
  topped_up_cents: number;
  reference: string | null;
  initials: string | null;
  channel: string | null;
}

/** Vouchers that the server prints in one document. */
const PRINT_MAX = 200;

/** Vouchers to be printed, in the order in which they were chosen, also on other pages and by other searches. */
const chosen = new Set<string>();

async function print(): Promise<void> {
  save(await post<Blob>("/vouchers/print.pdf", { voucher_ids: [...chosen] }, { waitMs: LONG_MS }), "buoni.pdf");
  chosen.clear();
  await pages.here();
}

/** What can be done with the chosen ones. */
function offer(): void {
  const place = byId("voucher-print");
  if (chosen.size > PRINT_MAX) place.replaceChildren(t("console-print-many", { count: chosen.size, max: PRINT_MAX }));
  else if (!chosen.size) place.replaceChildren();
  else place.replaceChildren(button(t("console-print-chosen", { count: chosen.size }), () => attempt(print), "btn-primary"));
}

function choose(item: Voucher): HTMLInputElement {
  const box = el("input", { type: "checkbox", className: "form-check-input", checked: chosen.has(item.id) });
  box.setAttribute("aria-label", t("console-choose", { reference: item.reference ?? "" }));
  box.addEventListener("change", () => {
    if (box.checked) chosen.add(item.id);
    else chosen.delete(item.id);
    offer();
  });
  return box;
}

function show(items: Voucher[]): void {
  const open = (item: Voucher) => {
    const look = button(t("console-open"), () => attempt(() => showVoucher(item.id)));
    look.setAttribute("aria-label", `${t("console-open")}: ${item.reference ?? ""}`);
    return look;
  };
  offer();
  table("voucher-list", t("console-vouchers"), [
    ...(works() ? [{ title: t("console-to-print"), cell: choose }] : []),
    { title: t("console-reference"), cell: (item) => item.reference ?? "" },
    { title: t("console-programme"), cell: (item) => programmeOf(item.programme_id)?.name ?? "" },
    { title: t("console-initials"), cell: (item) => item.initials ?? "" },
    { title: t("console-state"), cell: (item) => t(`status-${item.status.replace(/_/g, "-")}`) },
    { title: t("console-balance"), number: true, cell: (item) => euro(item.balance_cents) },
    { title: t("console-expires"), cell: (item) => day(item.expires_at) },
    { title: t("console-actions"), cell: open },
  ], items);
}

function path(): string {
  const query = new URLSearchParams({ search: byId<HTMLInputElement>("query").value.trim() });
  const status = byId<HTMLSelectElement>("status").value;
  if (status) query.set("status", status);
  return `/vouchers?${query}`;
}

const pages = new Pages<Voucher>(path, show, "voucher-pages");

/** Shows the list from its beginning. */
export const showVouchers = () => pages.first();

/** The list where one is, after something in it changed. */
export const showVouchersAgain = () => pages.here();

/** Makes the search work. */
export function startVouchers(): void {
  onSubmit("search", () => attempt(async () => {
    byId("voucher").hidden = true;
    await showVouchers();
  }));
}
