// What a file would change, and each of its problems with row, column and reason.
import { button, byId, el } from "../shared/dom";
import { ask } from "../shared/dialog";
import { euro, t } from "../shared/texts";
import { programmeOf } from "./programmes";
import { works, decides } from "./session";
import { table } from "./table";

interface RowProblem {
  row: number;
  field: string;
  code: string;
  text?: string;
}

/** What the server says about a file. */
export interface Report {
  rows: number;
  new: number;
  already_there: number;
  wrong: number;
  amount_cents: number;
  problems: RowProblem[];
  problems_not_shown: number;
  warnings: RowProblem[];
  applied_before: boolean | number;
  budget_left_cents?: number;
  over_budget?: boolean;
}

/** An upload. */
export interface Import {
  import_id: string;
  status: string;
  file_name?: string;
  programme_id: string | null;
  report: Report;
}

/** A report, which lists have as text. */
export const read = (report: unknown) => (typeof report === "string" ? JSON.parse(report) : report) as Report;

function sums(report: Report): HTMLDListElement {
  const figures: [string, string][] = [
    ["console-rows", String(report.rows)],
    ["console-new", String(report.new)],
    ["console-there", String(report.already_there)],
    ["console-wrong", String(report.wrong)],
  ];
  if (report.budget_left_cents !== undefined) {
    figures.push(["console-amount", euro(report.amount_cents)], ["console-budget-left", euro(report.budget_left_cents)]);
  }
  const pairs = figures.map(([title, value]) => el("div", {}, el("dt", { textContent: t(title) }), el("dd", { textContent: value })));
  return el("dl", { className: "sum" }, ...pairs);
}

function warned(key: string): HTMLElement {
  const box = el("p", { textContent: t(key) });
  box.classList.add("alert", "alert-warning");
  return box;
}

function choices(done: Import, report: Report, decide: (what: "apply" | "undo") => Promise<void>): HTMLElement[] {
  const offered: HTMLElement[] = [];
  // one that was interrupted goes on where it was, or is undone as far as it went
  if (["dry_run", "applying"].includes(done.status) && works() && report.new > 0 && !report.over_budget) {
    offered.push(button(t("console-apply", { count: report.new }), () => decide("apply"), "btn-primary"));
  }
  if (!["applying", "applied"].includes(done.status) || !decides()) return offered;
  const question = { title: t("console-undo-title"), text: t("console-undo-text"), yes: t("console-undo"), no: t("console-cancel"), style: "btn-danger" };
  const undo = async () => {
    if (await ask(question)) await decide("undo");
  };
  return [...offered, button(t("console-undo"), undo, "btn-danger")];
}

/** Shows an upload and what can be done with it. */
export function showReport(done: Import, decide: (what: "apply" | "undo") => Promise<void>): void {
  const report = read(done.report);
  const place = byId("report");
  const named = [t(`import-${done.status.replace(/_/g, "-")}`), done.file_name, programmeOf(done.programme_id)?.name];
  const title = el("h3", { textContent: named.filter(Boolean).join(" · "), tabIndex: -1 });
  const notes = [
    ...(report.applied_before && done.status === "dry_run" ? [warned("console-applied-before")] : []),
    ...(report.over_budget ? [warned("console-over-budget")] : []),
  ];
  const more = report.problems_not_shown ? [el("p", { textContent: t("console-more-problems", { count: report.problems_not_shown }) })] : [];
  place.hidden = false;
  place.replaceChildren(title, sums(report), ...notes, el("p", { className: "row" }, ...choices(done, report, decide)), el("div", { id: "problems" }), ...more);
  const all = [...report.problems.map((item) => ({ ...item, wrong: true })), ...report.warnings.map((item) => ({ ...item, wrong: false }))];
  table("problems", t("console-problems"), [
    { title: t("console-row-title"), number: true, cell: (item) => (item.row ? String(item.row) : t("console-whole-file")) },
    { title: t("console-column"), cell: (item) => item.field },
    { title: t("console-reason"), cell: (item) => item.text ?? t(`import-problem-${item.code.replace(/_/g, "-")}`) },
    { title: t("console-effect"), cell: (item) => t(item.wrong ? "console-not-loaded" : "console-to-look-at") },
  ], all, (item) => item.wrong);
  if (!all.length) byId("problems").replaceChildren(el("p", { textContent: t("console-no-problems") }));
  title.focus();
}
