// One voucher: what happened to it and what the office may do.
import { button, byId, el } from "../shared/dom";
import { ask, type Field } from "../shared/dialog";
import { newKey } from "../shared/http";
import { cents, day, euro, moment, t } from "../shared/texts";
import { admin, attempt, insist, post, say, whole } from "./api";
import { programmeOf } from "./programmes";
import { works } from "./session";
import { table } from "./table";
import type { Voucher } from "./vouchers";

interface Event {
  kind: string;
  amount_cents: number;
  balance_cents: number;
  decline: string | null;
  shop: string | null;
  decided_at: string;
}

interface Action {
  name: "block" | "unblock" | "reissue" | "top-up" | "expiry";
  /** In which states it makes sense; the server decides. */
  states: string[];
  fields: () => Field[];
}

const CHANNELS = ["sms", "email", "paper"];

/** Where the new link goes: whoever has the number before has the old one. */
const contact = (): Field[] => [
  { name: "channel", label: t("console-contact-new"), choices: [["", t("console-contact-same")], ...CHANNELS.map((channel): [string, string] => [channel, t(`channel-${channel}`)])] },
  { name: "to", label: t("console-contact-to"), hint: t("console-contact-to-hint"), maxLength: 254, optional: true },
];

const ACTIONS: Action[] = [
  { name: "block", states: ["active"], fields: () => [] },
  { name: "unblock", states: ["blocked"], fields: () => [] },
  { name: "reissue", states: ["active", "blocked"], fields: contact },
  { name: "top-up", states: ["active", "blocked"], fields: () => [{ name: "amount", label: t("console-amount"), inputMode: "decimal", hint: t("console-amount-hint") }] },
  { name: "expiry", states: ["active", "blocked"], fields: () => [{ name: "expires", label: t("console-expires"), type: "date" }] },
];

/** Told to the page when a voucher has changed. */
export const VOUCHER_CHANGED = "voucher-changed";

function bodyOf(values: Record<string, string>): Record<string, unknown> | undefined {
  const { amount, channel, to, ...body } = values;
  // an address without its kind is not left out: nobody would get the link
  if (channel || to) return { ...body, contact: { channel, to: to || null } };
  if (amount === undefined) return body;
  const amount_cents = cents(amount);
  return amount_cents ? { ...body, amount_cents } : undefined;
}

/** Asks, acts, and asks again with the same key and values where that makes sense. */
async function act(voucher: Voucher, action: Action): Promise<void> {
  const key = newKey();
  const reason: Field = { name: "reason", label: t("console-why"), hint: t("console-why-hint") };
  const fields = [...action.fields(), reason];
  const question = { title: t(`action-${action.name}`), text: t(`action-${action.name}-text`), fields, yes: t("console-confirm"), no: t("console-cancel") };
  const more = action.name === "top-up" ? { headers: { "Idempotency-Key": key } } : {};
  const done = await insist(question, t("console-amount-wrong-text"), (values) => {
    const body = bodyOf(values);
    return body && post<{ code?: string }>(`/vouchers/${voucher.id}/${action.name}`, body, more);
  });
  if (!done) return;
  say(true, t("console-done"), t(`action-${action.name}`));
  if (done.code) await ask({ title: done.code, text: t("console-new-code"), yes: t("console-close") });
  document.dispatchEvent(new CustomEvent(VOUCHER_CHANGED));
  await showVoucher(voucher.id);
}

async function showPin(voucher: Voucher): Promise<void> {
  const { pin } = await post<{ pin: string }>(`/vouchers/${voucher.id}/pin`);
  await ask({ title: pin, text: t("console-pin-text"), yes: t("console-close") });
}

async function showHistory(id: string): Promise<void> {
  const items = await whole<Event>(`/vouchers/${id}/history`);
  table("history", t("console-history"), [
    { title: t("console-when"), cell: (item) => moment(item.decided_at) },
    { title: t("console-what"), cell: (item) => t(`kind-${item.kind.replace(/_/g, "-")}`) },
    { title: t("console-amount"), number: true, cell: (item) => (item.amount_cents ? euro(item.amount_cents) : "") },
    { title: t("console-balance"), number: true, cell: (item) => euro(item.balance_cents) },
    { title: t("console-shop"), cell: (item) => item.shop ?? "" },
    { title: t("console-declined"), cell: (item) => (item.decline ? t(`problem-${item.decline.replace(/_/g, "-")}-title`) : "") },
  ], items, (item) => item.decline !== null);
}

/** Opens a voucher below the list. */
export async function showVoucher(id: string): Promise<void> {
  const voucher = await admin<Voucher>(`/vouchers/${id}`);
  const title = el("h3", { textContent: `${voucher.reference ?? ""} · ${voucher.initials ?? ""}`, tabIndex: -1 });
  const figures: [string, string][] = [
    ["console-state", t(`status-${voucher.status.replace(/_/g, "-")}`)],
    ["console-balance", euro(voucher.balance_cents)],
    ["console-held", euro(voucher.held_cents)],
    ["console-received", euro(voucher.issued_cents + voucher.topped_up_cents)],
    ["console-expires", day(voucher.expires_at)],
    ...(voucher.channel ? [["console-contact", t(`channel-${voucher.channel}`)] satisfies [string, string]] : []),
  ];
  const sums = figures.map(([name, value]) => el("div", {}, el("dt", { textContent: t(name) }), el("dd", { textContent: value })));
  const possible = ACTIONS.filter((action) => works() && action.states.includes(voucher.status));
  const buttons = possible.map((action) => button(t(`action-${action.name}`), () => attempt(() => act(voucher, action))));
  const pin = works() && programmeOf(voucher.programme_id)?.pin_above_cents != null;
  if (pin) buttons.push(button(t("console-pin"), () => attempt(() => showPin(voucher))));
  byId("voucher").hidden = false;
  byId("voucher").replaceChildren(title, el("dl", { className: "sum" }, ...sums), el("p", { className: "actions" }, ...buttons), el("div", { id: "history" }));
  await showHistory(id);
  title.focus();
}
