// Carries an attempt to its end, with everything else on the page asleep.
import { byId } from "../shared/dom";
import { keep, settle, unsettled, type Attempt } from "./attempt";
import { showOutcome, showWaiting } from "./result";

/** Told to the page when it is known what became of an attempt. */
export const SETTLED = "settled";

async function toItsEnd(attempt: Attempt): Promise<void> {
  const asleep = byId<HTMLFieldSetElement>("till");
  asleep.disabled = true;
  showWaiting(attempt);
  const outcome = await settle(attempt, () => showWaiting(attempt));
  asleep.disabled = false;
  document.dispatchEvent(new Event(SETTLED));
  showOutcome(attempt, outcome);
}

/** Stores it, sends it, and shows what became of it. */
export async function carryOut(attempt: Attempt): Promise<void> {
  keep(attempt);
  await toItsEnd(attempt);
}

/** Finds out what became of what was begun before the page was closed. */
export async function resume(): Promise<void> {
  for (const attempt of unsettled()) await toItsEnd(attempt);
}
