// Finding vouchers.
import { button, byId, onSubmit } from "../shared/dom";
import { day, euro, t, type Instant } from "../shared/texts";
import { attempt } from "./api";
import { programmeOf } from "./programmes";
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

function show(items: Voucher[]): void {
  const open = (item: Voucher) => {
    const look = button(t("console-open"), () => attempt(() => showVoucher(item.id)));
    look.setAttribute("aria-label", `${t("console-open")}: ${item.reference ?? ""}`);
    return look;
  };
  table("voucher-list", t("console-vouchers"), [
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
