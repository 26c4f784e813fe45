// Carries attempts to their end, one at a time: whatever fingers, windows and networks do, nothing is
// begun before it is known what became of the last one.
import { t } from "../../shared/texts";
import { goThen } from "../router";
import { say } from "../screens/parts";
import { present } from "../screens/result";
import { place } from "../till";
import { settle, type Attempt, type Outcome } from "./attempt";
import { keep, unsettled } from "./attempts";

/** Told to the page when it is known what became of an attempt. */
export const SETTLED = "settled";

/** An attempt and what became of it. */
export interface Settled {
  attempt: Attempt;
  outcome: Outcome;
}

const LOCK = "buono.money";
const others = "BroadcastChannel" in window ? new BroadcastChannel("buono.settled") : undefined;
let carrying = false;
let begun = 0;
/** What was confirmed here, until it is known what is to be shown for it. */
let confirmed: Attempt | undefined;
/** What this window is asking about. Without locks another may be at something else at the same time. */
let settling: Attempt | undefined;

/** Whether something is on its way. */
export const busy = () => carrying;

/** How many times something has set out: what was asked before that, and is answered after it, is over. */
export const setOut = () => begun;

/** Runs it while no other window of this app moves money; nothing when one does and it shall not wait. */
export async function alone<T>(act: () => Promise<T>, ifAvailable = false): Promise<T | undefined> {
  // browsers without locks: the key still makes one payment of two
  if (!("locks" in navigator)) return act();
  return (await navigator.locks.request(LOCK, { ifAvailable }, (lock) => (lock ? act() : undefined))) as T | undefined;
}

/** Whether it is the same to the customer, whatever key another window gave it. */
const same = (one: Attempt, other: Attempt) =>
  one.key === other.key || (one.path === other.path && one.body.voucher === other.body.voucher && one.cents === other.cents);

function tell(settled: Settled): void {
  document.dispatchEvent(new CustomEvent(SETTLED, { detail: settled }));
  if (!carrying || (settling && settling.key !== settled.attempt.key)) return;
  carrying = false;
  // what was begun before answers no question that was asked now
  const other = confirmed && settled.outcome.state !== "gone" && !same(settled.attempt, confirmed);
  const unsent = other ? confirmed : undefined;
  present({ ...settled, unsent });
}

/** From here on nothing else is begun. */
function start(attempt: Attempt): void {
  carrying = true;
  begun += 1;
  present({ attempt });
}

async function toItsEnd(attempt: Attempt): Promise<void> {
  start(attempt);
  settling = attempt;
  const outcome = await settle(attempt, () => present({ attempt, lost: true }));
  settling = undefined;
  others?.postMessage({ attempt, outcome, from: place() });
  tell({ attempt, outcome });
}

/** Settles what is there, and says whether there was anything. */
async function settleAll(): Promise<boolean> {
  const waiting = await unsettled();
  for (const attempt of waiting) await toItsEnd(attempt);
  return waiting.length > 0;
}

/** Stores it, sends it, and shows what became of it. What was begun before comes first, and then this
    one is not sent: whoever began it looks at that result and decides anew. */
export async function carryOut(attempt: Attempt): Promise<void> {
  if (carrying) return;
  confirmed = attempt;
  start(attempt);
  await inTurn(attempt);
  if (confirmed === attempt) confirmed = undefined;
}

async function inTurn(attempt: Attempt): Promise<void> {
  const mine = await alone(async () => {
    try {
      if (await settleAll()) return true;
      await keep(attempt);
    } catch (error) {
      // nothing was sent: what cannot be kept must not be
      console.warn(error);
      carrying = false;
      present({ attempt, unstorable: true });
      return true;
    }
    await toItsEnd(attempt);
    return true;
  }, true);
  if (mine) return;
  // another window is at it: its result is shown here too
  const heard = await resume();
  if (!carrying || confirmed !== attempt) return;
  carrying = false;
  if (!heard) return present({ attempt, unstorable: true });
  // it told nothing: the list shows what was taken, and this attempt is not sent
  goThen(attempt.kind === "claim" ? "claims" : "operations", () => say(t("till-elsewhere"), t("till-elsewhere-text")));
}

/** Finds out what became of what was begun before the app was closed, or in another window; whether the browser said
    what there is. Where it keeps nothing, nothing was sent. */
export async function resume(): Promise<boolean> {
  try {
    await alone(settleAll);
    return true;
  } catch (error) {
    console.warn(error);
    return false;
  }
}

/** Hears what other windows found out. */
export function startCarrying(): void {
  others?.addEventListener("message", ({ data }: MessageEvent<Settled & { from: string }>) => {
    // what was practised in another window happened to nobody here
    if (data.from === place()) tell(data);
  });
}
