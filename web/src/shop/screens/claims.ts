// What the municipality owes the shop: what was not asked for yet, one tap to ask for it, and what became
// of what was asked for before.
import { ask } from "../../shared/dialog";
import { button, el } from "../../shared/dom";
import { newKey } from "../../shared/http";
import { day, euro, t, type Instant } from "../../shared/texts";
import { carryOut, SETTLED } from "../money/carry";
import { current, draw, go, screen, type Screen } from "../router";
import type { Claim } from "../till";
import { inTraining } from "../training/mode";
import { chooseClaim, told } from "./claim";
import { grow, hush, notice, read } from "./parts";

interface Unclaimed {
  operations: number;
  amount_cents: number;
  from: Instant | null;
  /** Up to when this is; what other tills take meanwhile is in the next one. */
  through: Instant;
}

/** Asks once, with the sum as it is now: what is sealed can no longer be undone. */
async function seal(place: HTMLElement): Promise<void> {
  hush();
  await read<Unclaimed>("/v1/claims/unclaimed", place, (open) => (open.amount_cents > 0 ? confirm(open) : show(place, open)));
}

async function confirm({ amount_cents: cents, through }: Unclaimed): Promise<void> {
  const sure = { title: t("till-claim-sure", { amount: euro(cents) }), text: t("till-claim-sure-text"), yes: t("till-claim-yes"), no: t("till-claim-no"), wary: true };
  if (!(await ask(sure))) return;
  await carryOut({ kind: "claim", key: newKey(), path: "/v1/claims", body: { amount_cents: cents, through }, cents, at: Date.now() });
}

/** Why there is nothing to ask for, and that there is nothing to do about it. */
function nothing({ operations, amount_cents }: Unclaimed): string {
  if (!operations) return t("till-unclaimed-none");
  return amount_cents < 0 ? t("till-unclaimed-owed", { amount: euro(-amount_cents) }) : t("till-unclaimed-even");
}

function show(place: HTMLElement, open: Unclaimed): void {
  const { amount_cents, operations, from } = open;
  if (amount_cents <= 0) return place.replaceChildren(el("p", { textContent: nothing(open) }));
  const all = button(t("till-claim-all", { amount: euro(amount_cents) }), () => seal(place), "btn-primary");
  all.id = "claim-all";
  all.classList.add("large");
  const since = t("till-unclaimed-text", { count: operations, day: from ? day(from) : "" });
  place.replaceChildren(el("p", { textContent: euro(amount_cents), className: "owed" }), el("p", { textContent: since }), all);
}

function line(claim: Claim): HTMLLIElement {
  const name = t("till-claim-number", { number: claim.number });
  const texts = [`${name} · ${day(claim.sealed_at)}`, ...told(claim)].map((textContent) => el("small", { textContent }));
  const open = button(t("till-claim-open"), async () => {
    chooseClaim(claim);
    go("claim");
  });
  open.setAttribute("aria-label", `${t("till-claim-open")}: ${name}`);
  return el("li", {}, el("span", {}, el("strong", { textContent: euro(claim.amount_cents) }), ...texts), open);
}

async function load(unclaimed: HTMLElement, list: HTMLElement): Promise<void> {
  await read<Unclaimed>("/v1/claims/unclaimed", unclaimed, (open) => show(unclaimed, open));
  await grow<Claim>("/v1/claims?limit=20", list, line);
  if (list.isConnected && !list.childElementCount) list.append(el("li", { textContent: t("till-claims-none") }));
}

function view(): Screen {
  const title = t("till-go-claims");
  if (inTraining()) return { title, content: [el("p", { textContent: t("till-claims-training"), id: "claims-training" })] };
  const unclaimed = el("div", { id: "unclaimed" });
  unclaimed.setAttribute("role", "status");
  const list = el("ul", { id: "claims", className: "lines" });
  setTimeout(() => void load(unclaimed, list));
  return {
    title,
    content: [
      notice(),
      el("section", { className: "panel" }, el("h2", { textContent: t("till-unclaimed") }), unclaimed),
      el("h2", { textContent: t("till-claims-sent") }),
      list,
      el("div", { className: "ways" }),
    ],
  };
}

/** Makes the screen known. */
export function startClaims(): void {
  screen("claims", view);
  document.addEventListener(SETTLED, () => void (current() === "claims" && draw()));
}
