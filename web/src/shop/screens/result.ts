// What came of it, so large and so coloured that nobody at the till can mistake it.
import { el, type Child } from "../../shared/dom";
import type { Problem } from "../../shared/http";
import { day, euro, moment, t } from "../../shared/texts";
import { icon, type Icon } from "../icons";
import type { Attempt, Outcome } from "../money/attempt";
import { rotating } from "../reader/code";
import { current, draw, go, screen, swap, type Screen } from "../router";
import { signal } from "../signal";
import type { Claim } from "../till";
import { inTraining } from "../training/mode";
import { phone, phoneFor } from "./parts";
import { lookUp } from "./scan";

/** What is to be shown. */
export interface Result {
  attempt?: Attempt;
  /** Not there while it is not known. */
  outcome?: Outcome | undefined;
  /** What was confirmed and was not sent, because this one from before was settled first. */
  unsent?: Attempt | undefined;
  /** An answer was lost: it is asked again. */
  lost?: boolean;
  /** The phone cannot keep the attempt, so it was not sent. */
  unstorable?: boolean;
  /** A voucher that cannot be used was scanned. */
  voucher?: Problem;
}

/** Confirmed with a QR that has changed meanwhile: the server calls that a code that was replaced. */
const outOfDate = ({ attempt, outcome }: Result) =>
  outcome?.state === "refused" && outcome.problem.code === "voucher_reissued" && rotating(attempt?.body.voucher);

type Look = "done" | "refused" | "wait";

interface Words {
  look: Look;
  title: string;
  lines: Child[];
}

let result: Result | undefined;

/** Whether there is anything to show. */
export const resultThere = () => result !== undefined;

/** Shows it, wherever the app is. */
export function present(next: Result): void {
  result = next;
  if (next.unsent) signal(false);
  else if (next.outcome && next.outcome.state !== "gone") signal(["done", "claimed"].includes(next.outcome.state));
  else if (next.voucher || next.unstorable) signal(false);
  if (current() === "result") draw();
  else if (current() === "amount" || current() === "confirm" || current() === "undo") swap("result");
  else go("result");
}

const line = (key: string, values = {}, className = "") => el("p", { textContent: t(key, values), className });

function cash(cents: number): HTMLElement | undefined {
  return cents > 0 ? line("till-cash", { missing: euro(cents) }, "cash") : undefined;
}

function refused(problem: Problem, attempt?: Attempt): Words {
  const left = problem.available_cents;
  const lines: Child[] = [el("p", { textContent: problem.detail }), phoneFor(problem.code)];
  if (attempt) lines.unshift(line("till-nothing-taken"));
  if (left !== undefined) lines.push(line("till-left", { balance: euro(left) }));
  return { look: "refused", title: problem.title, lines };
}

function done(attempt: Attempt, outcome: Outcome & { state: "done" }): Words {
  const { amount_cents, available_cents, receipt_code } = outcome.operation;
  const paid = attempt.kind === "payment";
  const lines: Child[] = [
    el("p", { textContent: euro(amount_cents), className: "sum-told" }),
    paid ? cash(attempt.cash ?? 0) : undefined,
    line("till-left", { balance: euro(available_cents) }),
    line("till-receipt", { code: receipt_code }),
  ];
  return { look: "done", title: t(paid ? "till-paid" : "till-undone"), lines };
}

function claimed({ amount_cents, number, expected_payment_at }: Claim): Words {
  const lines = [el("p", { textContent: euro(amount_cents), className: "sum-told" }), line("till-claimed-text", { number, day: day(expected_payment_at) })];
  return { look: "done", title: t("till-claimed"), lines };
}

/** What is said of each kind while it is on its way, and when it never arrived. */
const WAITS = { payment: "till-wait-text", undo: "till-wait-undo", claim: "till-wait-claim" };
const NEVER = { payment: "till-never", undo: "till-never", claim: "till-never-claim" };
const NEVER_TEXTS = { payment: "till-never-text", undo: "till-never-undo", claim: "till-never-claim-text" };

const BEGUN = { payment: "till-begun-payment", undo: "till-begun-undo", claim: "till-begun-claim" };
/** For so long a customer waits; then they are told what else they can do. */
const PATIENCE_MS = 45_000;
/** What is older than that may be taken for this customer's. */
const OLD_MS = 180_000;

/** When it was, where that was not just now. */
function begun({ kind, at }: Attempt): string | undefined {
  return Math.abs(Date.now() - at) < OLD_MS ? undefined : t(BEGUN[kind], { at: moment(new Date(at).toISOString()) });
}

/** What was confirmed has not begun; what became of the earlier one is told in a line. */
function earlier(attempt: Attempt, outcome: Outcome | undefined): Words {
  const became = [begun(attempt), euro(attempt.cents), words({ attempt, outcome }).title].filter(Boolean).join(" · ");
  return { look: "refused", title: t("till-earlier"), lines: [line("till-earlier-text"), el("p", { textContent: became }), line("till-earlier-again")] };
}

/** What it says. */
function words(shown: Result): Words {
  const { attempt, outcome, unsent, lost, unstorable, voucher } = shown;
  if (unsent && attempt) return earlier(attempt, outcome);
  if (voucher) return refused(voucher);
  const amount = euro(attempt?.cents ?? 0);
  const kind = attempt?.kind ?? "payment";
  if (unstorable) return { look: "refused", title: t(NEVER[kind]), lines: [line(kind === "claim" ? "till-unstorable-claim" : "till-unstorable")] };
  if (!outcome || !attempt) {
    const lines: Child[] = [line(WAITS[kind], { amount }), line(lost ? "till-wait-lost" : "till-wait-moment")];
    if (lost && attempt && Date.now() - attempt.at > PATIENCE_MS) lines.push(kind === "payment" ? line("till-wait-long") : undefined, phone());
    return { look: "wait", title: t(lost ? "till-checking" : "till-wait"), lines };
  }
  if (outcome.state === "done") return done(attempt, outcome);
  if (outcome.state === "claimed") return claimed(outcome.claim);
  // neither yes nor no, until the till is connected again
  if (outcome.state === "gone") return { look: "wait", title: t("till-gone"), lines: [line("till-gone-text", { amount }), phone()] };
  if (outcome.state === "never") return { look: "refused", title: t(NEVER[kind]), lines: [line(NEVER_TEXTS[kind], { amount })] };
  if (kind === "undo" && outcome.problem.code === "idempotency_key_reused") return { look: "refused", title: t("till-undo-twice"), lines: [line("till-undo-twice-text")] };
  if (outOfDate(shown)) return { look: "refused", title: t("problem-qr-expired-title"), lines: [line("till-nothing-taken"), line("problem-qr-expired-detail")] };
  return refused(outcome.problem, kind === "payment" ? attempt : undefined);
}

function action(key: string, style: string, act: () => void): HTMLButtonElement {
  const node = el("button", { type: "button", textContent: t(key), id: key.replace("till-", "") });
  node.classList.add("btn", style);
  node.addEventListener("click", act);
  return node;
}

/** Where one goes from here. */
function ways(shown: Result): HTMLElement | undefined {
  const { outcome, unsent } = shown;
  if (shown.attempt && !outcome) return undefined;
  // what was confirmed and not sent is what one goes on with
  const attempt = unsent ?? shown.attempt;
  const ways = el("div", { className: "ways" });
  if (attempt?.kind === "undo") ways.append(action("till-to-list", "btn-light", () => go("operations")));
  else if (attempt?.kind === "claim") ways.append(action("till-to-claims", "btn-light", () => go("claims")));
  else ways.append(action("till-next", "btn-light", () => go("pay")));
  const text = attempt?.body.voucher;
  const again = unsent !== undefined || (outcome?.state === "refused" && !outOfDate(shown));
  if (typeof text === "string" && again) {
    ways.append(action("till-same-voucher", "btn-outline-light", () => void lookUp(text)));
  }
  return ways;
}

const PICTURES: Record<Look, Icon> = { done: "tick", refused: "cross", wait: "hourglass" };

function view(): Screen {
  const shown = result ?? {};
  const { look, title, lines } = words(shown);
  const when = shown.attempt && !shown.unsent ? begun(shown.attempt) : undefined;
  const text = el("div", { className: "told" }, el("p", { textContent: title, className: "title" }), when ? el("p", { textContent: when }) : undefined, ...lines);
  // the look is told to whoever does not see the colour
  text.setAttribute("role", look === "wait" ? "status" : "alert");
  // this screen covers the strip that says so above all others
  const practice = inTraining() ? el("p", { textContent: `${t("till-banner")} ${t("till-guide-result")}`, className: "practice" }) : undefined;
  const place = el("div", { id: "result", className: look }, practice, icon(PICTURES[look]), text, ways(shown));
  return { title, hiddenTitle: true, content: [place], alone: true, covers: true };
}

/** Makes the screen known. */
export const startResult = () => screen("result", view);
