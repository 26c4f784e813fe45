// What came of it, so large and so coloured that nobody at the till can mistake it.
import { byId, el } from "../shared/dom";
import type { Problem } from "../shared/http";
import { euro, t } from "../shared/texts";
import type { Attempt, Outcome } from "./attempt";

type Look = "done" | "refused" | "wait";

/** Shows a result: a word, and what to do. */
export function show(look: Look, title: string, ...lines: string[]): void {
  const place = byId("result");
  place.className = look;
  place.replaceChildren(el("strong", { textContent: title }), ...lines.map((line) => el("p", { textContent: line })));
  place.scrollIntoView({ block: "nearest" });
}

/** Takes the last result away. */
export function clear(): void {
  byId("result").replaceChildren();
  byId("result").className = "";
}

/** A problem, with what is left and what to ask in cash where that is known. */
export function showProblem(problem: Problem, cents?: number): void {
  const lines = [problem.detail];
  const left = problem.available_cents;
  if (left !== undefined) lines.push(t("till-left", { balance: euro(left) }));
  if (left !== undefined && cents !== undefined && cents > left) lines.push(t("till-cash", { missing: euro(cents - left) }));
  show("refused", problem.title, ...lines);
}

/** There is no network. */
export const showOffline = () => show("refused", t("till-offline"), t("till-offline-text"));

/** It is not known yet. */
export function showWaiting(attempt: Attempt): void {
  show("wait", t("till-wait"), t("till-wait-text", { amount: euro(attempt.cents) }));
}

/** What became of an attempt. */
export function showOutcome(attempt: Attempt, outcome: Outcome): void {
  const amount = euro(attempt.cents);
  if (outcome.state === "done") {
    const { amount_cents, available_cents, receipt_code } = outcome.operation;
    const title = attempt.kind === "payment" ? "till-paid" : "till-undone";
    show("done", t(title, { amount: euro(amount_cents) }), t("till-left", { balance: euro(available_cents) }), t("till-receipt", { code: receipt_code }));
  } else if (outcome.state === "refused") {
    showProblem(outcome.problem, attempt.kind === "payment" ? attempt.cents : undefined);
  } else if (outcome.state === "never") {
    show("refused", t("till-never"), t("till-never-text", { amount }));
  } else {
    show("refused", t("till-gone"), t("till-gone-text", { amount }));
  }
}
