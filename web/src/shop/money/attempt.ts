// One attempt to move money, or to ask for it: stored with its key before it is sent, so that a lost answer is never a
// lost payment, and settled under that key until it is known what became of it.
import type { Problem } from "../../shared/http";
import { instantIn } from "../../shared/texts";
import { revoked, tillCall, type Claim, type Operation } from "../till";
import { drop } from "./attempts";

/** Something that was tried. */
export interface Attempt {
  kind: "payment" | "undo" | "claim";
  key: string;
  path: string;
  body: Record<string, unknown>;
  cents: number;
  /** What the customer owes in cash besides. */
  cash?: number;
  /** When, in milliseconds. */
  at: number;
  /** It had a PIN, which was not stored: it can be asked about, not sent again. */
  secret?: boolean;
}

/** What became of it. */
export type Outcome =
  | { state: "done"; operation: Operation }
  | { state: "claimed"; claim: Claim }
  | { state: "refused"; problem: Problem }
  /** Nothing was taken, and nothing will be. */
  | { state: "never" }
  /** The till was revoked: the office knows. */
  | { state: "gone" };

/** For so long the customer still stands there, and the attempt is sent again. Afterwards the page
    only asks what became of it: nobody is charged when they have long gone. */
const FRESH_MS = 60_000;
/** For so long an answer is waited for before it counts as lost: the key makes it safe to ask again, and the customer
    stands there. Nobody does at a claim, which the server may work at for fifteen seconds, and is not asked for twice
    meanwhile. */
const ANSWER_MS = { payment: 8000, undo: 8000, claim: 20_000 };
/** For so long a question that was given up may still be on its way, or the server at it: until then "there is nothing
    under this key" does not mean that there never will be. */
const LATE_MS = 32_000;
const WAIT_MS_MAX = 8000;
/** So long what was sent may be on its way and still begin something: with the time that a claim takes there it is over
    within `LATE_MS`. A phone sends what its network did not take even minutes later, and "never" must be true. */
const COUNTS_MS = 16_000;

/** What was done; nothing when the answer does not say it: it comes from somebody on the way, who knows nothing of the money. */
function done(attempt: Attempt, data: Partial<Operation & Claim>): Outcome | undefined {
  if (attempt.kind === "claim") return data.claim_id ? { state: "claimed", claim: data as Claim } : undefined;
  return data.operation_id ? { state: "done", operation: data as Operation } : undefined;
}

/** One question; nothing when the answer was lost or is not final. */
async function send(attempt: Attempt): Promise<Outcome | undefined> {
  const headers = { "Idempotency-Key": attempt.key, Deadline: instantIn(COUNTS_MS) };
  const request = { method: "POST", body: attempt.body, headers, waitMs: ANSWER_MS[attempt.kind] };
  const answer = await tillCall<Operation & Claim & Problem>(attempt.path, request);
  const { status, ok, data } = answer;
  if (ok) return done(attempt, data);
  if (revoked(answer)) return { state: "gone" };
  // a no without our code is nobody's who knows; one that came too late says nothing of the others under its key
  const final = status < 500 && status !== 429 && data.code && data.code !== "deadline_over";
  return final ? { state: "refused", problem: data } : undefined;
}

/** The same without sending it again; `late`: whatever was sent has been decided by now. */
async function find(attempt: Attempt, late: boolean): Promise<Outcome | undefined> {
  const place = attempt.kind === "claim" ? "claims" : "operations";
  const answer = await tillCall<Operation & Claim & Problem & { result?: string }>(`/v1/${place}/by-key/${attempt.key}`, { waitMs: ANSWER_MS[attempt.kind] });
  const { ok, data } = answer;
  // declined: the same key gives the same answer, its reason in words included, and takes nothing
  if (ok && data.result === "declined") return attempt.secret ? { state: "never" } : send(attempt);
  if (ok) return done(attempt, data);
  if (revoked(answer)) return { state: "gone" };
  return data.code === "never_executed" && late ? { state: "never" } : undefined;
}

/** Goes on until it is known what became of it; `waiting` hears of every lost answer. */
export async function settle(attempt: Attempt, waiting: () => void): Promise<Outcome> {
  const age = () => Date.now() - attempt.at;
  // when it was last on its way: while it was fresh a page that is gone may have sent it until now. From here on
  // no clock counts that anybody can set
  let ended = performance.now() - Math.max(0, age() - FRESH_MS - ANSWER_MS[attempt.kind]);
  for (let wait = 1000; ; wait = Math.min(wait * 2, WAIT_MS_MAX)) {
    // begun in the future: the clock was wrong, and nobody knows how old it is
    const fresh = age() >= 0 && age() < FRESH_MS && !attempt.secret;
    const late = performance.now() - ended >= LATE_MS;
    const outcome = await (fresh ? send(attempt) : find(attempt, late)).catch(() => undefined);
    if (fresh) ended = performance.now();
    if (outcome) {
      // a till that was revoked may come back and ask again; what cannot be removed is asked about again
      // at the next start, and its key gives the same answer
      if (outcome.state !== "gone") await drop(attempt).catch(console.warn);
      return outcome;
    }
    waiting();
    await new Promise((done) => setTimeout(done, wait));
  }
}
