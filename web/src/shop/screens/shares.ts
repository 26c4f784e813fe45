// Each till's and each person's share of what was taken. Whose share is tapped is alone in the list, in the files and in
// the mail, until it is tapped again.
import { button, byId, el } from "../../shared/dom";
import { euro, t } from "../../shared/texts";

/** Sums of a period, as the interface tells them. */
export interface Totals {
  count: number;
  amount_cents: number;
  terminals: { terminal_id: string; label: string | null; amount_cents: number }[];
  staff?: { staff_id: string | null; label: string | null; amount_cents: number }[];
}

/** A share, and what the interface is asked for to see only that. */
interface Share {
  label: string;
  amount_cents: number;
  only: Record<string, string>;
}

let chosen: Share | undefined;

/** Whose operations are wanted, as the interface is asked for them: everybody's when empty. */
export const only = () => chosen?.only ?? {};

/** A place that says whose operations are wanted while they are not everybody's. */
export const whosePlace = () => el("p", { id: "whose", hidden: true });

/** From here on only these are wanted, whose button this is. */
function want(share?: Share, pressed?: HTMLButtonElement): void {
  chosen = share;
  document.querySelectorAll("[data-share]").forEach((each) => each.setAttribute("aria-pressed", String(each === pressed)));
  const place = document.getElementById("whose");
  if (!place) return;
  place.hidden = !share;
  place.textContent = share ? t("till-mail-only", { name: share.label }) : "";
}

/** Everybody's again. */
export const everybody = () => want();

function line(share: Share, changed: () => Promise<void>): HTMLLIElement {
  const made = button(share.label, async () => {
    if (chosen === share) want();
    else want(share, made);
    await changed();
  });
  made.dataset.share = share.label;
  made.setAttribute("aria-pressed", "false");
  return el("li", {}, made, el("strong", { textContent: euro(share.amount_cents) }));
}

function draw(place: string, title: string, shares: Share[], changed: () => Promise<void>): void {
  const lines = shares.map((share) => line(share, changed));
  const hint = el("p", { textContent: t("till-share-help") });
  byId(place).replaceChildren(...(lines.length ? [el("h2", { textContent: title }), hint, el("ul", { className: "lines" }, ...lines)] : []));
}

/** Where they stand on the page. */
export const sharesPlace = () => [el("section", { id: "tills" }), el("section", { id: "by-staff" })];

/** They are not known. */
export const clearShares = () => ["tills", "by-staff"].forEach((place) => byId(place).replaceChildren());

/** Shows them while they are everybody's, so that nobody is chosen; `changed` is told when somebody was tapped. One till's share is all there is, and needs no line. */
export function drawShares({ terminals, staff = [] }: Totals, changed: () => Promise<void>): void {
  const tills = terminals.map(({ terminal_id, label, amount_cents }) => ({ label: label ?? t("till-removed"), amount_cents, only: { terminal: terminal_id } }));
  draw("tills", t("till-by-till"), tills.length > 1 ? tills : [], changed);
  const people = staff.map(({ staff_id, label, amount_cents }) => ({ label: label ?? t("till-nobody"), amount_cents, only: { staff: staff_id ?? "none" } }));
  draw("by-staff", t("till-by-staff"), people, changed);
}
