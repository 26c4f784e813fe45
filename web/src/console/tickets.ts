// What shops ask, and the answers.
import { button, byId, el } from "../shared/dom";
import { ask } from "../shared/dialog";
import { moment, t, type Instant } from "../shared/texts";
import { attempt, post, say } from "./api";
import { works } from "./session";
import { Pages, table } from "./table";

interface Ticket {
  ticket_id: string;
  shop: string;
  terminal: string | null;
  text: string;
  receipt_code: string | null;
  status: "open" | "answered";
  answer: string | null;
  created_at: Instant;
  answered_at: Instant | null;
}

/** Answers that were begun and have not been sent, by ticket. */
const begun = new Map<string, string>();

async function reply(ticket: Ticket): Promise<void> {
  const area = el("textarea", { id: "ticket-answer", className: "form-control", rows: 5, required: true, autofocus: true, maxLength: 2000, value: begun.get(ticket.ticket_id) ?? "" });
  area.addEventListener("input", () => begun.set(ticket.ticket_id, area.value));
  const label = el("label", { htmlFor: area.id, textContent: t("console-ticket-answer"), className: "form-label" });
  const content = el("div", {}, el("blockquote", { textContent: ticket.text, className: "asked" }), label, area);
  const yes = await ask({ title: t("console-ticket-answer-to", { shop: ticket.shop }), text: t("console-ticket-answer-text"), content, yes: t("console-ticket-answer-yes"), no: t("console-cancel"), fields: [] });
  if (!yes) return;
  await post(`/tickets/${ticket.ticket_id}/answer`, { text: area.value });
  begun.delete(ticket.ticket_id);
  say(true, t("console-ticket-sent"), ticket.shop);
  await pages.here();
}

const pages = new Pages<Ticket>(() => `/tickets?${status()}`, show, "ticket-pages");

function status(): string {
  const chosen = byId<HTMLSelectElement>("ticket-status").value;
  return chosen ? `status=${chosen}` : "";
}

/** What they wrote, line by line. */
const words = (text: string) => el("span", { textContent: text, className: "written" });

function answer(ticket: Ticket): Node | string {
  if (ticket.answer) return el("span", {}, words(ticket.answer), el("small", { textContent: moment(ticket.answered_at ?? "") }));
  if (!works()) return t("console-tickets-open");
  const made = button(t("console-ticket-answer-yes"), () => attempt(() => reply(ticket)));
  made.setAttribute("aria-label", t("console-ticket-answer-to", { shop: ticket.shop }));
  return made;
}

function show(items: Ticket[]): void {
  table("ticket-list", t("console-tickets"), [
    { title: t("console-when"), cell: ({ created_at }) => moment(created_at) },
    { title: t("console-ticket-shop"), cell: ({ shop, terminal }) => [shop, terminal].filter(Boolean).join(" · ") },
    { title: t("console-ticket-text"), cell: ({ text, receipt_code }) => el("span", {}, words(text), el("small", { textContent: receipt_code ?? "" })) },
    { title: t("console-ticket-answer"), cell: answer },
  ], items);
}

/** Shows the latest. */
export const showTickets = () => pages.first();

/** Makes the choice work. */
export const startTickets = () => byId("ticket-status").addEventListener("change", () => void attempt(showTickets));
