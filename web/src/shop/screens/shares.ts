// Each till's and each person's share of what was taken. Who is tapped is alone in the list and in the files, until
// they are tapped again.
import { button, byId, el } from "../../shared/dom";
import { euro, t } from "../../shared/texts";

/** Sums of a period, as the interface tells them. */
export interface Totals {
  count: number;
  amount_cents: number;
  terminals: { terminal_id: string; label: string | null; amount_cents: number }[];
  staff?: { staff_id: string | null; label: string | null; amount_cents: number }[];
}

/** A share, and what the interface is asked for to see only that; nobody in particular cannot be asked for. */
interface Share {
  label: string;
  amount_cents: number;
  only?: Record<string, string> | undefined;
}

let chosen: Record<string, string> = {};

/** Whose operations are wanted, as the interface is asked for them: everybody's when empty. */
export const only = () => chosen;

/** Everybody's again. */
export function everybody(): void {
  chosen = {};
}

function line({ label, amount_cents, only }: Share, changed: () => Promise<void>): HTMLLIElement {
  const amount = el("strong", { textContent: euro(amount_cents) });
  if (!only) return el("li", {}, el("span", { textContent: label }), amount);
  const made = button(label, async () => {
    chosen = chosen === only ? {} : only;
    document.querySelectorAll("[data-share]").forEach((each) => each.setAttribute("aria-pressed", String(each === made && chosen === only)));
    await changed();
  });
  made.dataset.share = label;
  made.setAttribute("aria-pressed", "false");
  return el("li", {}, made, amount);
}

function draw(place: string, title: string, shares: Share[], changed: () => Promise<void>): void {
  const lines = shares.map((share) => line(share, changed));
  const hint = el("p", { textContent: t("till-share-help") });
  byId(place).replaceChildren(...(lines.length ? [el("h2", { textContent: title }), hint, el("ul", { className: "lines" }, ...lines)] : []));
}

/** Where they stand on the page. */
export const sharesPlace = () => [el("section", { id: "tills" }), el("section", { id: "by-staff" })];

/** Shows them while they are everybody's, so that nobody is chosen; `changed` is told when somebody was tapped. One till's share is all there is, and needs no line. */
export function drawShares({ terminals, staff = [] }: Totals, changed: () => Promise<void>): void {
  const tills = terminals.map(({ terminal_id, label, amount_cents }) => ({ label: label ?? t("till-removed"), amount_cents, only: { terminal: terminal_id } }));
  draw("tills", t("till-by-till"), tills.length > 1 ? tills : [], changed);
  const people = staff.map(({ staff_id, label, amount_cents }) => ({ label: label ?? t("till-nobody"), amount_cents, only: staff_id ? { staff: staff_id } : undefined }));
  draw("by-staff", t("till-by-staff"), people, changed);
}
