// Calls to the municipality's interface. A problem is shown where everybody sees it and ends what
// was being done; a session that is over leads back to the door.
import { ask, type Question } from "../shared/dialog";
import { button, byId, el } from "../shared/dom";
import { call, type Call, type Problem } from "../shared/http";
import { euro, t } from "../shared/texts";

/** The call did not do what was asked; it has been said why. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.code);
  }
}

/** Nobody knows whether the call was heard. */
export class Unheard extends Error {}

/** For so long is waited where a file comes or goes, or a whole upload is worked on. */
export const LONG_MS = 600000;

/** Told to the page when the session is over. */
export const OVER = "session-over";

/** Says something to the person. */
export function say(good: boolean, title: string, text = ""): void {
  const notice = byId("notice");
  notice.className = good ? "alert alert-success" : "alert alert-danger";
  notice.replaceChildren(el("strong", { textContent: title }), ` ${text}`);
  notice.scrollIntoView({ block: "nearest" });
}

/** Takes it away. */
export function hush(): void {
  byId("notice").className = "";
  byId("notice").replaceChildren();
}

/** What was wrong, and where. */
function explain(problem: Problem): string {
  const where = problem.row ? t("console-row", { row: problem.row }) : "";
  const reason = problem.code === "file_unreadable" && problem.reason ? t(`import-problem-${problem.reason.replace(/_/g, "-")}`) : "";
  const field = problem.code === "bad_request" && problem.field ? t("console-field", { field: problem.field }) : "";
  const left = problem.remaining_budget_cents === undefined ? "" : `${t("console-budget-left")}: ${euro(problem.remaining_budget_cents)}.`;
  return [problem.detail, reason, where, field, left].filter(Boolean).join(" ");
}

/** Problems whose own words speak of keys, which no clerk has seen. */
const OF_KEYS = ["internal_error", "outcome_unknown"];

/** What is said where there is no answer, or none that says more: what was only read is not in doubt. */
function trouble(changing: boolean, problem?: Problem): [title: string, text: string] {
  if (!problem) return [t("console-offline"), changing ? t("console-offline-text") : t("console-not-read-text")];
  if (problem.detail && !OF_KEYS.includes(problem.code)) return [problem.title, problem.detail];
  return changing ? [problem.title || t("console-offline"), t("console-not-known")] : [t("console-not-read"), t("console-not-read-text")];
}

/** The answer's data. */
export async function admin<T>(path: string, request: Call = {}): Promise<T> {
  const changing = request.method !== undefined;
  let answer;
  try {
    answer = await call<T & Problem>(`/v1/admin${path}`, request);
  } catch {
    say(false, ...trouble(changing));
    throw new Unheard(path);
  }
  if (answer.ok) return answer.data;
  // what went wrong at the server may have happened all the same: whoever has a key asks again with it
  if (answer.status >= 500) {
    say(false, ...trouble(changing, answer.data));
    throw new Unheard(path);
  }
  if (answer.status === 401 && answer.data.code === "unauthorized") document.dispatchEvent(new Event(OVER));
  else say(false, answer.data.title, explain(answer.data));
  throw new Refused(answer.data);
}

/** Changes something. */
export const post = <T>(path: string, body?: unknown, more: Call = {}) => admin<T>(path, { method: "POST", body, ...more });

/** A list, or a part of one. */
export interface List<T> {
  items: T[];
  next_cursor: string | null;
}

/** The whole of a list, in as few questions as the server lets. */
export async function whole<T>(path: string): Promise<T[]> {
  const all: T[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const part: List<T> = await admin(`${path}?limit=500${cursor ? `&cursor=${cursor}` : ""}`);
    all.push(...part.items);
    cursor = part.next_cursor;
  }
  return all;
}

/** Does something that may be refused: what went wrong has been said by then. */
export async function attempt(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof Refused) && !(error instanceof Unheard)) throw error;
  }
}

/** A button of one thing of many: whoever does not see where it stands hears which. */
export function buttonOf(name: string, key: string, act: () => Promise<unknown>): HTMLButtonElement {
  const made = button(t(key), () => attempt(act));
  made.setAttribute("aria-label", `${t(key)}: ${name}`);
  return made;
}

const MISTYPED = ["contact_invalid", "validity_invalid", "over_budget", "bad_request"];

/** Why to ask again with what was typed: nobody knows whether it was heard, or something was mistyped. */
function again(error: unknown): string | undefined {
  if (error instanceof Unheard) return t("console-not-known");
  return error instanceof Refused && MISTYPED.includes(error.problem.code) ? explain(error.problem) : undefined;
}

/** Asks, sends, and asks again with what was typed where that makes sense: `send` gives nothing where it is `wrong` already.
 * What was answered, or nothing for no. */
export async function insist<T extends object>(question: Question, wrong: string, send: (values: Record<string, string>) => Promise<T> | undefined): Promise<T | undefined> {
  let { fields = [] } = question;
  for (let why = ""; ; ) {
    const content = why ? { content: el("p", { className: "alert alert-danger", textContent: why }) } : {};
    const values = await ask({ ...question, ...content, fields });
    if (!values) return undefined;
    // what was typed stays
    fields = fields.map((field) => ({ ...field, value: values[field.name] ?? "" }));
    try {
      const answer = await send(values);
      if (answer) return answer;
      why = wrong;
    } catch (error) {
      why = again(error) ?? "";
      if (!why) throw error;
    }
  }
}
