// The voucher that the shopkeeper has in hand, and how much is to be taken from it.
import { euro, t } from "../../shared/texts";
import type { Settled } from "../money/carry";

/** What the server tells of a voucher. */
export interface Found {
  voucher_id: string;
  status: string;
  /** What is held by a shop included. */
  balance_cents: number;
  available_cents: number;
  expires_at: string;
  holder_initials: string;
  pin_required: boolean;
  pin_above_cents: number | null;
  per_redemption_max_cents: number | null;
  day_left_cents: number | null;
}

/** A voucher that was looked up. */
export interface Voucher {
  text: string;
  found: Found;
}

const OF_PINS = ["pin_required", "pin_wrong"];
/** For so long the same amount from the same voucher is asked about twice. */
const AGAIN_MS = 180_000;

let voucher: Voucher | undefined;
let bill = 0;
/** The voucher of which a PIN was asked for: after a wrong one it is asked for whatever the amount. */
let asked: string | undefined;
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

/** What the customer has to pay, as far as it was keyed in. */
export const billed = () => bill;

/** Sets what the customer has to pay. */
export function setBill(cents: number): void {
  bill = cents;
}

/** The most that one payment may take: the programme may allow less than what is there. */
export function most(): number {
  const { available_cents: there = 0, per_redemption_max_cents: once, day_left_cents: today } = voucher?.found ?? {};
  return Math.min(there, once ?? there, today ?? there);
}

/** What the programme allows, in words, where that is less than what is there. */
export function limits(): string[] {
  const { available_cents: there = 0, per_redemption_max_cents: once, day_left_cents: left } = voucher?.found ?? {};
  const told = (key: string, cents: number | null | undefined) => (typeof cents === "number" && cents < there ? [t(key, { amount: euro(cents) })] : []);
  return [...told("till-most-once", once), ...told("till-most-day", left)];
}

/** What is taken from the voucher and what is asked in cash. */
export function parts(): { bill: number; cents: number; cash: number } {
  const cents = Math.min(bill, most());
  return { bill, cents, cash: bill - cents };
}

/** Whether the amount needs the PIN. */
export function needsPin(cents: number): boolean {
  const found = voucher?.found;
  return Boolean(found && (found.pin_required || found.voucher_id === asked || (found.pin_above_cents !== null && cents > found.pin_above_cents)));
}

/** Whether exactly this was taken a moment ago: a second time is asked about. */
export const takenBefore = (cents: number) =>
  last !== undefined && last.voucher === voucher?.found.voucher_id && last.cents === cents && Date.now() - last.at < AGAIN_MS;

/** Hears of a payment that went through, in this window or another. */
export function settled({ attempt, outcome }: Settled): void {
  if (attempt.kind !== "payment") return;
  if (outcome.state === "refused" && OF_PINS.includes(outcome.problem.code)) asked = voucher?.found.voucher_id;
  if (outcome.state !== "done") return;
  asked = undefined;
  last = { voucher: outcome.operation.voucher_id, cents: outcome.operation.amount_cents, at: Date.now() };
}
