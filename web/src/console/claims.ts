// What the shops ask to be paid.
import { button, byId, el } from "../shared/dom";
import { day, euro, t, today } from "../shared/texts";
import { attempt } from "./api";
import { CLAIM_CHANGED, nameOf, showClaim, type Claim } from "./claim";
import { Pages, table } from "./table";

const isLate = (claim: Claim) => claim.status !== "paid" && today() > today(new Date(claim.expected_payment_at));

function show(items: Claim[]): void {
  const open = (item: Claim) => {
    const look = button(t("console-open"), () => attempt(() => showClaim(item.claim_id)));
    look.setAttribute("aria-label", `${t("console-open")}: ${nameOf(item)}`);
    return look;
  };
  const due = (item: Claim) => [day(item.expected_payment_at), ...(isLate(item) ? [t("console-claim-late")] : [])].join(", ");
  const remarks = ({ remarks, unanswered }: Claim) => (remarks ? t("console-claim-remarks-count", { count: remarks, unanswered }) : "");
  table("claim-list", t("console-claims"), [
    { title: t("console-shop"), cell: (item) => el("strong", { textContent: item.shop ?? "" }) },
    { title: t("console-claim-number"), number: true, cell: (item) => String(item.number) },
    { title: t("console-claim-sent"), cell: (item) => day(item.sealed_at) },
    { title: t("console-amount"), number: true, cell: (item) => euro(item.amount_cents) },
    { title: t("console-state"), cell: (item) => t(`console-claim-${item.status}`) },
    { title: t("console-claim-expected"), cell: due },
    { title: t("console-claim-remarks"), cell: remarks },
    { title: t("console-actions"), cell: open },
  ], items, isLate);
}

function path(): string {
  const status = byId<HTMLSelectElement>("claim-status").value;
  return `/claims?${new URLSearchParams(status ? { status } : {})}`;
}

const pages = new Pages<Claim>(path, show, "claim-pages");

/** Shows the latest. */
export const showClaims = () => pages.first();

/** Makes the filter work. */
export function startClaims(): void {
  byId("claim-status").addEventListener("change", () => void attempt(async () => {
    byId("claim").hidden = true;
    await showClaims();
  }));
  document.addEventListener(CLAIM_CHANGED, () => void attempt(() => pages.here()));
}
