// One claim: where it is, its document, its lines, and what the municipality wrote about some of them.
import { button, el } from "../../shared/dom";
import { save, type Problem } from "../../shared/http";
import { day, euro, lang, moment, t, today, type Instant } from "../../shared/texts";
import { screen, type Screen } from "../router";
import { bearer, tillCall, type Claim } from "../till";
import { form, grow, hush, notice, read, say, sayProblem, submit } from "./parts";

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
  const due = day(expected_payment_at);
  const late = today() > today(new Date(expected_payment_at));
  const lines = [t(`till-claim-${status}`)];
  if (status !== "paid") lines.push(t(late ? "till-claim-late" : "till-claim-expected", { day: due }));
  if (paid_at) lines.push(t("till-claim-paid-on", { day: day(paid_at) }));
  if (payment_reference) lines.push(t("till-claim-reference", { reference: payment_reference }));
  if (unanswered) lines.push(t("till-claim-unanswered", { count: unanswered }));
  return lines;
}

async function download({ claim_id, number }: Claim): Promise<void> {
  hush();
  const answer = await fetch(`/v1/claims/${claim_id}/document.pdf`, { headers: { ...bearer(), "Accept-Language": lang } }).catch(() => undefined);
  if (!answer) return say(t("till-offline"), t("till-read-offline"));
  if (!answer.ok) return sayProblem((await answer.json()) as Problem);
  save(await answer.blob(), `${t("till-claim-file")}-${number}.pdf`);
}

function facts(line: Line): HTMLElement {
  const what = line.kind === "reversal" ? t("till-row-reversal") : undefined;
  const text = [moment(line.decided_at), line.receipt_code, what].filter(Boolean).join(" · ");
  return el("span", {}, el("strong", { textContent: euro(line.amount_cents) }), el("small", { textContent: text }));
}

const row = (line: Line) => el("li", { className: line.amount_cents < 0 ? "reversal" : "" }, facts(line));

async function answer(of: Claim, line: Line, area: HTMLTextAreaElement, place: HTMLElement): Promise<void> {
  hush();
  const text = area.value.trim();
  if (!text) return say(t("till-answer-empty"));
  try {
    const { ok, data } = await tillCall<Problem>(`/v1/claims/${of.claim_id}/lines/${line.operation_id}/answer`, { method: "POST", body: { text } });
    if (!ok) return sayProblem(data);
  } catch {
    return say(t("till-answer-unsent"), t("till-answer-unsent-text"));
  }
  place.replaceWith(remark(of, { ...line, answer: text, answered_at: new Date().toISOString() }));
  say(t("till-answer-sent"));
}

/** A line that the municipality wrote about, and what the shop has to say. */
function remark(of: Claim, line: Line): HTMLElement {
  const id = `answer-${line.operation_id}`;
  const area = el("textarea", { id, className: "form-control", rows: 3, maxLength: 500, required: true, value: line.answer ?? "" });
  const label = el("label", { htmlFor: id, textContent: t("till-answer-label", { code: line.receipt_code }), className: "form-label" });
  const said = (key: string, text: string | null, at: Instant | null) => (text && at ? el("p", { textContent: t(key, { text, day: day(at) }), className: "written" }) : undefined);
  const place = el("div", { className: "remark" });
  place.append(
    facts(line),
    ...[said("till-remark", line.remark, line.remarked_at), said("till-answer-given", line.answer, line.answered_at)].filter((child) => child !== undefined),
    form(`${id}-form`, () => answer(of, line, area, place), label, area, submit(t("till-answer-yes"), `${id}-yes`)),
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
  setTimeout(async () => {
    await read<Claim>(path, where, (now) => {
      where.replaceChildren(...status(now));
      section.hidden = now.remarks === 0;
    });
    if (!section.hidden) await grow<Line>(`${path}/lines?remarked=true&limit=20`, remarks, (line) => remark(of, line));
    await grow<Line>(`${path}/lines?limit=50`, list, row);
  });
  const paper = button(t("till-claim-document"), () => download(of));
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
