// One claim: its lines, remarks on them, and the two decisions about it.
import { button, byId, el } from "../shared/dom";
import { ask } from "../shared/dialog";
import { save } from "../shared/http";
import { day, euro, moment, t, today, type Instant } from "../shared/texts";
import { LONG_MS, admin, attempt, post, say } from "./api";
import { decides, isMe, works } from "./session";
import { Pages, table } from "./table";

/** A claim as the office knows it. */
export interface Claim {
  claim_id: string;
  shop: string | null;
  number: number;
  status: "sealed" | "approved" | "paid";
  operations: number;
  amount_cents: number;
  sealed_at: Instant;
  expected_payment_at: Instant;
  approved_at: Instant | null;
  approved_by: string | null;
  paid_at: Instant | null;
  payment_reference: string | null;
  remarks: number;
  unanswered: number;
}

/** How one speaks of a claim. */
export const nameOf = ({ shop, number }: Claim) => t("console-claim-name", { shop: shop ?? "", number });

interface Line {
  operation_id: string;
  kind: string;
  amount_cents: number;
  receipt_code: string;
  decided_at: Instant;
  remark: string | null;
  answer: string | null;
  answered_at: Instant | null;
}

/** Told to the page when a claim has changed. */
export const CLAIM_CHANGED = "claim-changed";

let shown: Claim | undefined;

const linesPath = () => `/claims/${shown?.claim_id ?? ""}/lines?remarked=${byId<HTMLInputElement>("claim-remarked").checked}`;
const pages = new Pages<Line>(linesPath, showLines, "claim-line-pages");

async function remark(claim: Claim, line: Line): Promise<void> {
  const values = await ask({
    title: t("console-claim-remark-title"),
    text: t("console-claim-remark-text", { code: line.receipt_code, amount: euro(line.amount_cents) }),
    fields: [{ name: "text", label: t("console-claim-remark-field"), hint: t("console-claim-remark-hint"), rows: 4, maxLength: 500, value: line.remark ?? "" }],
    yes: t("console-confirm"),
    no: t("console-cancel"),
  });
  if (!values) return;
  await post(`/claims/${claim.claim_id}/lines/${line.operation_id}/remark`, values);
  say(true, t("console-done"));
  document.dispatchEvent(new Event(CLAIM_CHANGED));
  await pages.here();
}

function showLines(items: Line[]): void {
  const claim = shown;
  if (!claim) return;
  const action = (line: Line) => {
    if (!works() || claim.status === "paid") return undefined;
    const made = button(t("console-claim-remark"), () => attempt(() => remark(claim, line)));
    made.setAttribute("aria-label", `${t("console-claim-remark")}: ${line.receipt_code}`);
    return made;
  };
  table("claim-lines", t("console-claim-lines"), [
    { title: t("console-when"), cell: (line) => moment(line.decided_at) },
    { title: t("console-what"), cell: (line) => `${t(`kind-${line.kind.replace(/_/g, "-")}`)} · ${line.receipt_code}` },
    { title: t("console-amount"), number: true, cell: (line) => euro(line.amount_cents) },
    { title: t("console-claim-remark-field"), cell: (line) => el("span", { textContent: line.remark ?? "", className: "written" }) },
    { title: t("console-claim-answer"), cell: (line) => el("span", { textContent: line.answer ?? "", className: "written" }) },
    { title: t("console-actions"), cell: action },
  ], items, (line) => line.remark !== null && line.answer === null);
}

async function decided(claim: Claim, what: "approve" | "reopen" | "paid", body?: Record<string, string>): Promise<void> {
  await post(`/claims/${claim.claim_id}/${what}`, body);
  say(true, t("console-done"), nameOf(claim));
  document.dispatchEvent(new Event(CLAIM_CHANGED));
  await showClaim(claim.claim_id);
}

async function approve(claim: Claim): Promise<void> {
  const text = t("console-claim-approve-text", { shop: nameOf(claim), amount: euro(claim.amount_cents) });
  if (await ask({ title: t("console-claim-approve-title"), text, yes: t("console-claim-approve"), no: t("console-cancel") })) await decided(claim, "approve");
}

async function reopen(claim: Claim): Promise<void> {
  const text = t("console-claim-reopen-text", { shop: nameOf(claim) });
  if (await ask({ title: t("console-claim-reopen-title"), text, yes: t("console-claim-reopen"), no: t("console-cancel") })) await decided(claim, "reopen");
}

/** The note that the municipality files, with the account on which the shop wants to be paid. */
async function download(claim: Claim): Promise<void> {
  const name = [t("console-claim-file"), claim.number].join("-");
  save(await admin<Blob>(`/claims/${claim.claim_id}/document.pdf`, { waitMs: LONG_MS }), `${name}.pdf`);
}

async function pay(claim: Claim): Promise<void> {
  const values = await ask({
    title: t("console-claim-pay-title"),
    text: t("console-claim-pay-text", { shop: nameOf(claim), amount: euro(claim.amount_cents) }),
    fields: [
      { name: "reference", label: t("console-claim-pay-reference"), hint: t("console-claim-pay-reference-hint"), maxLength: 120 },
      { name: "paid_on", label: t("console-claim-pay-day"), type: "date", value: today(), max: today() },
    ],
    yes: t("console-confirm"),
    no: t("console-cancel"),
  });
  if (values) await decided(claim, "paid", values);
}

/** What whoever is signed in can decide now, and what somebody else must. */
function decisions(claim: Claim): HTMLElement[] {
  if (!decides()) return [];
  if (claim.status === "sealed") return [button(t("console-claim-approve"), () => attempt(() => approve(claim)), "btn-primary")];
  if (claim.status !== "approved") return [];
  const back = button(t("console-claim-reopen"), () => attempt(() => reopen(claim)));
  if (isMe(claim.approved_by)) return [back, el("span", { textContent: t("console-claim-other") })];
  return [button(t("console-claim-pay"), () => attempt(() => pay(claim)), "btn-primary"), back];
}

function figures(claim: Claim): HTMLElement {
  const all: [string, string | null][] = [
    ["console-state", t(`console-claim-${claim.status}`)],
    ["console-amount", euro(claim.amount_cents)],
    ["console-claim-lines", String(claim.operations)],
    ["console-claim-sent", day(claim.sealed_at)],
    ["console-claim-approved-on", claim.approved_at && day(claim.approved_at)],
    ["console-claim-expected", claim.paid_at ? null : day(claim.expected_payment_at)],
    ["console-claim-paid-on", claim.paid_at && day(claim.paid_at)],
    ["console-claim-payment", claim.payment_reference],
  ];
  const there = all.filter(([, value]) => value !== null);
  return el("dl", { className: "sum" }, ...there.map(([name, value]) => el("div", {}, el("dt", { textContent: t(name) }), el("dd", { textContent: value ?? "" }))));
}

function filter(): HTMLElement {
  const only = el("input", { type: "checkbox", id: "claim-remarked" });
  only.addEventListener("change", () => void attempt(() => pages.first()));
  return el("p", { className: "check" }, only, el("label", { htmlFor: only.id, textContent: t("console-claim-only-remarked") }));
}

/** Opens a claim above the list. */
export async function showClaim(id: string): Promise<void> {
  const claim = await admin<Claim>(`/claims/${id}`);
  shown = claim;
  const title = el("h3", { textContent: nameOf(claim), tabIndex: -1 });
  byId("claim").hidden = false;
  byId("claim").replaceChildren(
    title,
    figures(claim),
    el("p", { className: "actions" }, ...decisions(claim), button(t("console-claim-document"), () => attempt(() => download(claim)))),
    filter(),
    el("div", { id: "claim-lines" }),
    el("p", { className: "row", id: "claim-line-pages" }),
  );
  await pages.first();
  title.focus();
}
