// How much: what is on the voucher, and a pad with the keys where a till has them.
import { byId, el } from "../../shared/dom";
import { day, euro, t } from "../../shared/texts";
import { EMPTY, press, type Amount } from "../amount";
import { current, go, screen, type Screen } from "../router";
import { billed, inHand, limits, most, setBill } from "./hand";
import { notice, say } from "./parts";

const KEYS = ["7", "8", "9", "4", "5", "6", "1", "2", "3", "00", "0", "Backspace"];
const FACES: Record<string, string> = { Backspace: "⌫" };

let amount: Amount = EMPTY;

function show(next: Amount): void {
  amount = next;
  byId("amount").textContent = euro(amount.cents);
}

function key(name: string): HTMLButtonElement {
  const made = el("button", { type: "button", textContent: FACES[name] ?? name });
  if (name === "Backspace") made.setAttribute("aria-label", t("till-key-back"));
  made.dataset.key = name;
  made.addEventListener("click", () => show(press(amount, name)));
  return made;
}

function enter(): void {
  if (amount.cents === 0) return say(t("till-amount-wrong"), t("till-amount-wrong-text"));
  setBill(amount.cents);
  go("confirm");
}

function all(available: number): HTMLButtonElement {
  const cents = most();
  const textContent = cents < available ? t("till-all-allowed", { amount: euro(cents) }) : t("till-all", { available: euro(available) });
  const made = el("button", { type: "button", textContent, id: "all" });
  made.classList.add("btn", "btn-outline-primary");
  made.addEventListener("click", () => show({ cents, whole: true }));
  return made;
}

function view(): Screen {
  const found = inHand()?.found;
  const available = found?.available_cents ?? 0;
  // whoever comes back to change it sees it; the first key begins anew
  amount = billed() > 0 ? { cents: billed(), whole: true } : EMPTY;
  const sure = el("button", { type: "button", textContent: t("till-take"), id: "take" });
  sure.classList.add("btn", "btn-primary", "large");
  sure.addEventListener("click", enter);
  const until = t("till-valid", { day: day(found?.expires_at ?? "") });
  const initials = found?.holder_initials ? t("till-holder", { initials: found.holder_initials }) : undefined;
  const holder = [initials, until].filter(Boolean).join(" · ");
  return {
    title: t("till-amount"),
    alone: true,
    content: [
      el("div", { className: "balance-told" }, el("span", { textContent: t("till-available") }), el("strong", { textContent: euro(available), id: "available" }), el("small", { textContent: holder, id: "holder" }), ...limits().map((textContent) => el("small", { textContent }))),
      notice(),
      el("output", { id: "amount", textContent: euro(amount.cents), className: "keyed" }),
      el("div", { className: "pad" }, ...KEYS.map(key)),
      el("div", { className: "ways" }, all(available), sure),
    ],
  };
}

/** Digits, comma, Backspace and Enter of a keyboard do what the pad's keys do. */
function typed(event: KeyboardEvent): void {
  if (current() !== "amount" || event.ctrlKey || event.metaKey || event.altKey) return;
  // a key of the pad that a finger or the mouse has left in focus is not pressed again
  const onButton = event.target instanceof HTMLButtonElement && !event.target.dataset.key;
  if (event.key === "Enter" && !onButton) enter();
  else if (/^[\d.,]$/.test(event.key) || event.key === "Backspace") show(press(amount, event.key));
  else return;
  event.preventDefault();
}

/** Makes the screen known. */
export function startAmount(): void {
  screen("amount", view);
  addEventListener("keydown", typed);
}
