// Code, amount, confirmation, result.
import { byId, el, onSubmit } from "../shared/dom";
import { ask } from "../shared/dialog";
import { newKey, type Problem } from "../shared/http";
import { cents, day, euro, t } from "../shared/texts";
import { SETTLED, carryOut } from "./carry";
import { clear, show, showOffline, showProblem } from "./result";
import { tillCall } from "./till";

interface Found {
  status: string;
  available_cents: number;
  expires_at: string;
  holder_initials: string;
  pin_required: boolean;
  pin_above_cents: number | null;
}

const voucher = () => byId<HTMLInputElement>("voucher");
const amount = () => byId<HTMLInputElement>("amount");
const pin = () => byId<HTMLInputElement>("pin");

let found: Found | undefined;

/** Ready for the next customer. */
export function next(): void {
  found = undefined;
  byId("pay").hidden = true;
  byId<HTMLFormElement>("lookup").reset();
  byId<HTMLFormElement>("pay").reset();
  voucher().focus();
}

async function lookUp(): Promise<void> {
  clear();
  byId("pay").hidden = true;
  try {
    const { ok, data } = await tillCall<Found & Problem>("/v1/vouchers/lookup", { method: "POST", body: { voucher: voucher().value } });
    if (!ok) {
      showProblem(data);
      voucher().select();
      return;
    }
    found = data;
  } catch {
    showOffline();
    return;
  }
  const status = `status-${found.status.replace(/_/g, "-")}`;
  byId("available").textContent = euro(found.available_cents);
  byId("holder").textContent = t("till-holder", { initials: found.holder_initials, day: day(found.expires_at) });
  byId("state").replaceChildren(found.status === "active" ? "" : el("strong", { textContent: t(status), className: "wrong" }));
  byId("pin-field").hidden = !(found.pin_required || found.pin_above_cents !== null);
  byId("pay").hidden = false;
  amount().focus();
}

function split(wanted: number, available: number): void {
  const lines = available > 0 ? [t("till-split", { available: euro(available), missing: euro(wanted - available) })] : [];
  show("refused", t("till-not-enough"), t("till-left", { balance: euro(available) }), ...lines);
  if (available > 0) amount().value = (available / 100).toFixed(2).replace(".", ",");
}

async function pay(): Promise<void> {
  clear();
  const wanted = cents(amount().value);
  if (!found || !wanted) {
    show("refused", t("till-amount-wrong"), t("till-amount-wrong-text"));
    amount().select();
    return;
  }
  // an empty voucher is asked all the same: somebody may have given back since
  if (wanted > found.available_cents && found.available_cents > 0) return split(wanted, found.available_cents);
  const question = { title: t("till-confirm", { amount: euro(wanted) }), yes: t("till-confirm-yes"), no: t("till-cancel"), wary: true };
  if (!(await ask({ ...question, text: t("till-confirm-text", { available: euro(found.available_cents) }) }))) return;
  const body: Record<string, unknown> = { voucher: voucher().value, amount_cents: wanted };
  if (pin().value) body.pin = pin().value;
  await carryOut({ kind: "payment", key: newKey(), path: "/v1/redemptions", body, cents: wanted, at: Date.now() });
}

/** Makes the forms work; called once, so that a form is never answered twice. */
export function startPaying(): void {
  onSubmit("lookup", lookUp);
  onSubmit("pay", pay);
  document.addEventListener(SETTLED, next);
  byId("other").addEventListener("click", () => {
    clear();
    next();
  });
}
