// Giving back: all that is left of a payment or a part of it, with the reason.
import { byId, el } from "../../shared/dom";
import { cents, euro, moment, t } from "../../shared/texts";
import { carryOut } from "../money/carry";
import { go, screen, type Screen } from "../router";
import type { Operation } from "../till";
import { field, form, hush, notice, say, submit } from "./parts";

const REASONS = ["mistake", "customer", "goods", "other"] as const;

let operation: Operation | undefined;

/** Which payment is to be undone. */
export function chooseForUndo(next: Operation): void {
  operation = next;
}

/** Whether one was chosen. */
export const undoChosen = () => operation !== undefined;

const left = () => (operation ? operation.amount_cents - operation.reversed_cents : 0);

function reason(): string {
  const chosen = document.querySelector<HTMLInputElement>("[name=reason]:checked")?.value ?? "mistake";
  const typed = byId<HTMLInputElement>("other-reason").value.trim();
  return chosen === "other" && typed ? typed : t(`till-reason-${chosen}`);
}

async function undo(): Promise<void> {
  hush();
  if (!operation) return;
  const amount = cents(byId<HTMLInputElement>("undo-amount").value);
  if (!amount || amount > left()) return say(t("till-amount-wrong"), t("till-undo-most", { amount: euro(left()) }));
  const body: Record<string, unknown> = { reason: reason() };
  if (amount < left()) body.amount_cents = amount;
  await carryOut({
    kind: "undo",
    // what comes next after so much was given back is given back once: also in another window
    key: `undo-${operation.operation_id}-${operation.reversed_cents}`,
    path: `/v1/operations/${operation.operation_id}/reversals`,
    body,
    cents: amount,
    at: Date.now(),
  });
}

function reasons(): HTMLElement {
  const choices = REASONS.map((name, at) => {
    const id = `reason-${name}`;
    const input = el("input", { type: "radio", name: "reason", value: name, id, checked: at === 0 });
    input.addEventListener("change", () => (byId("other-field").hidden = byId<HTMLInputElement>("reason-other").checked === false));
    return el("div", { className: "check" }, input, el("label", { htmlFor: id, textContent: t(`till-reason-${name}`) }));
  });
  const other = el("div", { id: "other-field", hidden: true }, ...field("other-reason", t("till-reason-which"), undefined, { maxLength: 200, required: false }));
  return el("fieldset", {}, el("legend", { textContent: t("till-reason") }), ...choices, other);
}

function view(): Screen {
  const no = el("button", { type: "button", textContent: t("till-undo-no"), id: "no" });
  no.classList.add("btn", "btn-outline-primary");
  no.addEventListener("click", () => go("operations"));
  const what = { amount: euro(operation?.amount_cents ?? 0), at: moment(operation?.decided_at ?? ""), code: operation?.receipt_code ?? "" };
  const amount = { inputMode: "decimal", maxLength: 12, value: (left() / 100).toFixed(2).replace(".", t("till-comma")) };
  return {
    title: t("till-undo-title"),
    content: [
      notice(),
      el("p", { textContent: t("till-undo-text", what) }),
      form("undo", undo, ...field("undo-amount", t("till-undo-amount"), t("till-undo-most", { amount: euro(left()) }), amount), reasons(), el("div", { className: "ways" }, submit(t("till-undo-yes"), "yes", "btn-danger"), no)),
    ],
  };
}

/** Makes the screen known. */
export const startUndo = () => screen("undo", view);
