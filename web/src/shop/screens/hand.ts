// The voucher that the shopkeeper has in hand, and how much is to be taken from it.
import type { Settled } from "../money/carry";

/** What the server tells of a voucher. */
export interface Found {
  voucher_id: string;
  status: string;
  available_cents: number;
  expires_at: string;
  holder_initials: string;
  pin_required: boolean;
  pin_above_cents: number | null;
}

/** A voucher that was looked up. */
export interface Voucher {
  text: string;
  found: Found;
}

/** For so long the same amount from the same voucher is asked about twice. */
const AGAIN_MS = 180_000;

let voucher: Voucher | undefined;
let bill = 0;
let last: { voucher: string; cents: number; at: number } | undefined;

/** Takes one into the hand. */
export function take(next: Voucher): void {
  voucher = next;
  bill = 0;
}

/** Lets it go. */
export function letGo(): void {
  voucher = undefined;
}

/** What is in the hand. */
export const inHand = () => voucher;

/** Sets what the customer has to pay. */
export function setBill(cents: number): void {
  bill = cents;
}

/** What is taken from the voucher and what is asked in cash. */
export function parts(): { bill: number; cents: number; cash: number } {
  const cents = Math.min(bill, voucher?.found.available_cents ?? 0);
  return { bill, cents, cash: bill - cents };
}

/** Whether the amount needs the PIN. */
export function needsPin(cents: number): boolean {
  const found = voucher?.found;
  return Boolean(found && (found.pin_required || (found.pin_above_cents !== null && cents > found.pin_above_cents)));
}

/** Whether exactly this was taken a moment ago: a second time is asked about. */
export const takenBefore = (cents: number) =>
  last !== undefined && last.voucher === voucher?.found.voucher_id && last.cents === cents && Date.now() - last.at < AGAIN_MS;

/** Hears of a payment that went through, in this window or another. */
export function settled({ attempt, outcome }: Settled): void {
  if (attempt.kind !== "payment" || outcome.state !== "done") return;
  last = { voucher: outcome.operation.voucher_id, cents: outcome.operation.amount_cents, at: Date.now() };
}
