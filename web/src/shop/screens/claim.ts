// One claim: where it is, its document, its lines, and what the municipality wrote about some of them.
import { button, el } from "../../shared/dom";
import type { Problem } from "../../shared/http";
import { day, euro, moment, t, today, type Instant } from "../../shared/texts";
import { screen, type Screen } from "../router";
import { tillCall, type Claim } from "../till";
import { form, grow, hush, notice, read, saveFile, say, sayProblem, submit } from "./parts";

interface Line {
  operation_id: string;
  kind: string;
  amount_cents: number;
  receipt_code: string;
  decided_at: Instant;
  remark: string | null;
  remarked_at: Instant | null;
  answer: string | null;
  answered_at: Instant | null;
}

let claim: Claim | undefined;

/** Which claim is to be shown. */
export function chooseClaim(next: Claim): void {
  claim = next;
}

/** Whether one was chosen. */
export const claimChosen = () => claim !== undefined;

/** What became of a claim, in plain words. */
export function told(claim: Claim): string[] {
  const { status, expected_payment_at, paid_at, payment_reference, unanswered } = claim;
  const late = today() > today(new Date(expected_payment_at));
  const due = t(late ? "till-claim-late" : "till-claim-expected", { day: day(expected_payment_at) });
  const lines = status === "paid" ? [t("till-claim-paid-on", { day: paid_at ? day(paid_at) : "" })] : [t(`till-claim-${status}`), due];
  if (payment_reference) lines.push(t("till-claim-reference", { reference: payment_reference }));
  if (unanswered) lines.push(t("till-claim-unanswered", { count: unanswered }));
  return lines;
}

function facts(line: Line): HTMLElement {
  const what = line.kind === "reversal" ? t("till-row-reversal") : undefined;
  const text = [moment(line.decided_at), line.receipt_code, what].filter(Boolean).join(" · ");
  return el("span", {}, el("strong", { textContent: euro(line.amount_cents) }), el("small", { textContent: text }));
}

const row = (line: Line) => el("li", { className: line.amount_cents < 0 ? "reversal" : "" }, facts(line));

/** Sends an answer; whether it arrived, and if not it is said why. */
async function send(path: string, text: string): Promise<boolean> {
  hush();
  try {
    const { ok, data } = await tillCall<Problem>(path, { method: "POST", body: { text } });
    if (!ok) sayProblem(data);
    return ok;
  } catch {
    say(t("till-answer-unsent"), t("till-answer-unsent-text"));
    return false;
  }
}

/** A line that the municipality wrote about, and what the shop has to say. */
function remark(path: string, line: Line, answered: () => void): HTMLElement {
  const id = `answer-${line.operation_id}`;
  const area = el("textarea", { id, className: "form-control", rows: 3, maxLength: 500, required: true, value: line.answer ?? "" });
  const label = el("label", { htmlFor: id, textContent: t("till-answer-label", { code: line.receipt_code }), className: "form-label" });
  const said = (key: string, text: string | null, at: Instant | null) => (text && at ? el("p", { textContent: t(key, { text, day: day(at) }), className: "written" }) : undefined);
  const place = el("div", { className: "remark" });
  const answer = async () => {
    const text = area.value.trim();
    if (!text) return say(t("till-answer-empty"));
    if (!(await send(`${path}/lines/${line.operation_id}/answer`, text))) return;
    const told = remark(path, { ...line, answer: text, answered_at: new Date().toISOString() }, answered);
    place.replaceWith(told);
    // what had the focus is gone
    told.querySelector("textarea")?.focus();
    say(t("till-answer-sent"));
    answered();
  };
  place.append(
    facts(line),
    ...[said("till-remark", line.remark, line.remarked_at), said("till-answer-given", line.answer, line.answered_at)].filter((child) => child !== undefined),
    form(`${id}-form`, answer, label, area, submit(t("till-answer-yes"), `${id}-yes`)),
  );
  return place;
}

function status(of: Claim): HTMLElement[] {
  const dates = [t("till-claim-sent-on", { day: day(of.sealed_at) }), ...(of.approved_at ? [t("till-claim-approved-on", { day: day(of.approved_at) })] : [])];
  const period = t("till-claim-period", { count: of.operations, from: day(of.from), to: day(new Date(Date.parse(of.through) - 1).toISOString()) });
  return [...told(of), ...dates, period].map((textContent) => el("li", { textContent }));
}

function view(): Screen {
  const of = claim;
  if (!of) return { title: t("till-go-claims"), content: [] };
  const where = el("ul", { id: "claim-status" }, ...status(of));
  const [remarks, list] = [el("div", { id: "remarks" }), el("ul", { id: "claim-lines", className: "lines" })];
  const section = el("section", { hidden: true }, el("h2", { textContent: t("till-claim-remarks") }), remarks, el("div", { className: "ways" }));
  const path = `/v1/claims/${of.claim_id}`;
  const look = () => read<Claim>(path, where, (now) => {
    where.replaceChildren(...status(now));
    section.hidden = now.remarks === 0;
  });
  setTimeout(async () => {
    await look();
    if (!section.hidden) await grow<Line>(`${path}/lines?remarked=true&limit=20`, remarks, (line) => remark(path, line, () => void look()));
    await grow<Line>(`${path}/lines?limit=50`, list, row);
  });
  const name = [t("till-claim-file"), of.number].join("-");
  const paper = button(t("till-claim-document"), () => saveFile(`${path}/document.pdf`, `${name}.pdf`));
  paper.id = "claim-document";
  return {
    title: t("till-claim-number", { number: of.number }),
    content: [
      notice(),
      el("p", { textContent: euro(of.amount_cents), className: "owed" }),
      where,
      el("p", {}, paper),
      section,
      el("h2", { textContent: t("till-claim-lines") }),
      list,
      el("div", { className: "ways" }),
    ],
  };
}

/** Makes the screen known. */
export const startClaim = () => screen("claim", view);
