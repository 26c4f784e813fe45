// The question before money moves: how much from the voucher, how much in cash, and the PIN where the
// programme asks for one.
import { byId, el, once } from "../../shared/dom";
import { newKey } from "../../shared/http";
import { euro, t } from "../../shared/texts";
import { carryOut } from "../money/carry";
import { current, go, screen, type Screen } from "../router";
import { inHand, needsPin, parts, takenBefore } from "./hand";
import { field, form, notice, submit } from "./parts";

async function pay(): Promise<void> {
  const voucher = inHand();
  if (!voucher) return;
  const { cents, cash } = parts();
  const body: Record<string, unknown> = { voucher: voucher.text, amount_cents: cents };
  if (needsPin(cents)) body.pin = byId<HTMLInputElement>("pin").value;
  await carryOut({ kind: "payment", key: newKey(), path: "/v1/redemptions", body, cents, cash, at: Date.now() });
}

function pin(): HTMLElement[] {
  const [label, hint, input] = field("pin", t("till-pin"), t("till-pin-help"), { type: "password", inputMode: "numeric", maxLength: 12 });
  if (!label || !hint || !input) return [];
  // a scanner that reads on is no PIN
  input.dataset.digits = "";
  input.autofocus = true;
  return [label, hint, input];
}

function view(): Screen {
  const { bill, cents, cash } = parts();
  const available = inHand()?.found.available_cents ?? 0;
  const yes = submit(t("till-confirm-yes", { amount: euro(cents) }), "yes");
  yes.classList.add("large");
  const asks = needsPin(cents);
  if (!asks) yes.autofocus = true;
  const no = el("button", { type: "button", textContent: t("till-change"), id: "no" });
  no.classList.add("btn", "btn-outline-primary");
  no.addEventListener("click", () => once(no, async () => go("amount")));
  return {
    title: t("till-confirm", { amount: euro(cents) }),
    alone: true,
    content: [
      notice(),
      cash > 0 ? el("div", { className: "split" }, el("p", { textContent: t(cents < available ? "till-split-allowed" : "till-split", { bill: euro(bill) }) }), el("p", { textContent: t("till-cash", { missing: euro(cash) }), className: "cash" })) : undefined,
      takenBefore(cents) ? el("p", { textContent: t("till-again", { amount: euro(cents) }), className: "again", role: "alert" }) : undefined,
      el("p", { textContent: t("till-confirm-text", { available: euro(available) }) }),
      form("confirm", pay, ...(asks ? pin() : []), el("div", { className: "ways" }, yes, no)),
    ],
  };
}

/** A key that is held down answers no question, and neither does the second half of a double tap. */
function tooQuick(event: KeyboardEvent | MouseEvent): void {
  const held = event instanceof KeyboardEvent ? event.repeat && event.key === "Enter" : event.detail > 1;
  if (current() === "confirm" && held) event.preventDefault();
}

/** Makes the screen known. */
export function startConfirm(): void {
  screen("confirm", view);
  addEventListener("keydown", tooQuick, true);
  addEventListener("click", tooQuick, true);
}
