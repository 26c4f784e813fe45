// What the shop asks the municipality, and what that answered. What was typed is not lost before it has arrived.
import { button, byId, el } from "../../shared/dom";
import { newKey, type Problem } from "../../shared/http";
import { moment, t } from "../../shared/texts";
import { tillCall } from "../till";
import { field, form, hush, notice, say, sayProblem, submit } from "./parts";

interface Ticket {
  ticket_id: string;
  text: string;
  receipt_code: string | null;
  answer: string | null;
  created_at: string;
  answered_at: string | null;
}

interface Page {
  items: Ticket[];
  next_cursor: string | null;
}

/** What is being written, and under which key which text was sent without an answer. */
interface Draft {
  text: string;
  receipt: string;
  sent?: { key: string; body: string };
}

const DRAFT = "buono.ticket";
const EMPTY: Draft = { text: "", receipt: "" };

const draft = (): Draft => JSON.parse(sessionStorage.getItem(DRAFT) ?? JSON.stringify(EMPTY)) as Draft;
const keep = (change: Partial<Draft>) => sessionStorage.setItem(DRAFT, JSON.stringify({ ...draft(), ...change }));

/** The same text again is the same ticket; another one is another. */
function keyFor(body: string): string {
  const { sent } = draft();
  const key = sent?.body === body ? sent.key : newKey();
  keep({ sent: { key, body } });
  return key;
}

async function send(): Promise<void> {
  hush();
  const { text, receipt } = draft();
  const body = receipt.trim() ? { text, receipt_code: receipt.trim() } : { text };
  try {
    const headers = { "Idempotency-Key": keyFor(JSON.stringify(body)) };
    const { ok, data } = await tillCall<Problem>("/v1/tickets", { method: "POST", body, headers });
    if (!ok) return sayProblem(data);
  } catch {
    return say(t("till-offline"), t("till-ticket-offline"));
  }
  sessionStorage.removeItem(DRAFT);
  byId<HTMLTextAreaElement>("ticket-text").value = byId<HTMLInputElement>("ticket-receipt").value = "";
  say(t("till-ticket-sent"), t("till-ticket-sent-text"));
  await load();
}

function ticket({ text, receipt_code, answer, created_at, answered_at }: Ticket): HTMLLIElement {
  const when = [moment(created_at), receipt_code].filter(Boolean).join(" · ");
  const state = answered_at ? t("till-ticket-answered", { at: moment(answered_at) }) : t("till-ticket-open");
  return el("li", {}, el("small", { textContent: when }), el("p", { textContent: text, className: "rules" }), el("strong", { textContent: state }), answer ? el("p", { textContent: answer, className: "rules answer" }) : undefined);
}

async function load(cursor = ""): Promise<void> {
  const answer = await tillCall<Page>(`/v1/tickets?limit=20${cursor && `&cursor=${cursor}`}`).catch(() => undefined);
  const place = document.getElementById("tickets");
  if (!place) return;
  if (!answer?.ok) return place.replaceChildren(el("li", { textContent: t("till-tickets-away") }));
  const { items, next_cursor } = answer.data;
  if (!cursor) place.replaceChildren(...(items.length ? [] : [el("li", { textContent: t("till-tickets-none") })]));
  place.append(...items.map(ticket));
  const more = byId("more-tickets");
  more.replaceChildren(...(next_cursor ? [button(t("till-tickets-more"), () => load(next_cursor))] : []));
}

/** The form, and what was asked before. */
export function tickets(): HTMLElement[] {
  setTimeout(() => void (document.getElementById("tickets") && load()));
  const { text, receipt } = draft();
  const area = el("textarea", { id: "ticket-text", className: "form-control", rows: 4, required: true, minLength: 10, maxLength: 2000, value: text });
  area.setAttribute("aria-describedby", "ticket-text-hint");
  area.addEventListener("input", () => keep({ text: area.value }));
  const code = field("ticket-receipt", t("till-ticket-receipt"), t("till-ticket-receipt-help"), { required: false, maxLength: 9, pattern: "[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}", autocapitalize: "characters", spellcheck: false, value: receipt });
  const input = code[code.length - 1] as HTMLInputElement;
  input.addEventListener("input", () => keep({ receipt: input.value }));
  return [
    el("h2", { textContent: t("till-ticket") }),
    el("p", { textContent: t("till-ticket-text") }),
    notice(),
    form("ticket", send, el("label", { htmlFor: "ticket-text", textContent: t("till-ticket-what"), className: "form-label" }), el("p", { id: "ticket-text-hint", textContent: t("till-ticket-what-help"), className: "form-text" }), area, ...code, submit(t("till-ticket-send"), "ticket-yes")),
    el("h2", { textContent: t("till-tickets") }),
    el("ul", { id: "tickets", className: "tickets" }),
    el("p", { id: "more-tickets" }),
  ];
}
