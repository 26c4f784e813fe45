// A stand-in for the server, in the app alone: it answers as the real one does, for vouchers that exist
// nowhere else. No request leaves the phone, so practice touches no money and no claim.
import { newKey, type Answer, type Call, type Problem } from "../../shared/http";
import { t } from "../../shared/texts";
import type { Operation } from "../till";

interface Voucher {
  cents: number;
  status?: string;
  pin?: string;
  /** The first answer to each payment is lost. */
  loses?: boolean;
}

/** What is there to practise with, by code. */
export const VOUCHERS: Record<string, Voucher> = {
  "PROVA-1": { cents: 5000 },
  "PROVA-2": { cents: 800 },
  "PROVA-3": { cents: 5000, pin: "12345" },
  "PROVA-4": { cents: 5000, status: "blocked" },
  "PROVA-5": { cents: 5000, loses: true },
  "PROVA-6": { cents: 5000, status: "expired" },
};

interface Done extends Operation {
  key: string;
}

const PLACE = "buono.training.done";
const lost = new Set<string>();

const all = (): Done[] => JSON.parse(sessionStorage.getItem(PLACE) ?? "[]") as Done[];
const write = (operations: Done[]) => sessionStorage.setItem(PLACE, JSON.stringify(operations));

/** Begins with full vouchers. */
export const refill = () => sessionStorage.removeItem(PLACE);

function left(voucher: string): number {
  const spent = all().filter((done) => done.voucher_id === voucher).reduce((sum, done) => sum + (done.kind === "reversal" ? -1 : 1) * done.amount_cents, 0);
  return (VOUCHERS[voucher]?.cents ?? 0) - spent;
}

const answer = <T>(status: number, data: T): Answer<unknown> => ({ status, ok: status < 300, data });

/** A problem in the words of the real one. */
function problem(status: number, name: string, more: Partial<Problem> = {}): Answer<unknown> {
  return answer(status, { code: name.replace(/-/g, "_"), title: t(`problem-${name}-title`), detail: t(`problem-${name}-detail`), ...more });
}

function record(key: string, kind: string, voucher: string, cents: number): Done {
  const code = newKey().slice(0, 8).toUpperCase();
  const done: Done = {
    operation_id: newKey(),
    kind,
    key,
    voucher_id: voucher,
    terminal_id: null,
    amount_cents: cents,
    reversed_cents: 0,
    available_cents: left(voucher) - (kind === "reversal" ? -cents : cents),
    receipt_code: `${code.slice(0, 4)}-${code.slice(4)}`,
    decided_at: new Date().toISOString(),
  };
  write([...all(), done]);
  return done;
}

function lookUp(voucher: string): Answer<unknown> {
  const found = VOUCHERS[voucher];
  if (!found) return problem(404, "voucher-not-found");
  return answer(200, {
    voucher_id: voucher,
    status: found.status ?? "active",
    balance_cents: left(voucher),
    available_cents: left(voucher),
    expires_at: new Date(Date.now() + 30 * 86_400_000).toISOString(),
    holder_initials: "P. P.",
    pin_required: found.pin !== undefined,
    pin_above_cents: null,
    per_redemption_max_cents: null,
    day_left_cents: null,
  });
}

function redeem(key: string, body: { voucher: string; amount_cents: number; pin?: string }): Answer<unknown> {
  const found = VOUCHERS[body.voucher];
  if (!found) return problem(404, "voucher-not-found");
  const before = all().find((done) => done.key === key);
  if (before) return answer(200, before);
  if (found.pin && body.pin !== found.pin) return problem(409, body.pin ? "pin-wrong" : "pin-required");
  if (body.amount_cents > left(body.voucher)) return problem(409, "insufficient-balance", { available_cents: left(body.voucher) });
  const done = record(key, "redemption", body.voucher, body.amount_cents);
  if (!found.loses || lost.has(key)) return answer(201, done);
  lost.add(key);
  throw new TypeError("lost-in-practice");
}

function reverse(key: string, id: string, cents?: number): Answer<unknown> {
  const before = all().find((done) => done.key === key);
  if (before) return answer(200, before);
  const [target, operations] = [all().find((done) => done.operation_id === id), all()];
  if (!target) return problem(404, "operation-not-found");
  const amount = cents ?? target.amount_cents - target.reversed_cents;
  if (amount > target.amount_cents - target.reversed_cents) return problem(409, "reversal-exceeds");
  write(operations.map((done) => (done.operation_id === id ? { ...done, reversed_cents: done.reversed_cents + amount } : done)));
  return answer(201, record(key, "reversal", target.voucher_id, amount));
}

function list(): Answer<unknown> {
  const items = all();
  const amount_cents = items.reduce((sum, done) => sum + (done.kind === "reversal" ? -1 : 1) * done.amount_cents, 0);
  return answer(200, { items, next_cursor: null, totals: { count: items.length, amount_cents, terminals: [] } });
}

/** Answers a call as the server would. */
export async function rehearse(path: string, { method = "GET", body, headers = {} }: Call): Promise<Answer<unknown>> {
  const key = headers["Idempotency-Key"] ?? "";
  const [, , kind = "", name = ""] = path.split(/[/?]/);
  if (path === "/v1/vouchers/lookup") return lookUp((body as { voucher: string }).voucher);
  if (path === "/v1/redemptions") return redeem(key, body as { voucher: string; amount_cents: number; pin?: string });
  if (method === "POST" && kind === "operations") return reverse(key, name, (body as { amount_cents?: number }).amount_cents);
  if (name !== "by-key") return list();
  const done = all().find((done) => path.endsWith(`/${done.key}`));
  return done ? answer(200, { ...done, result: "done" }) : problem(404, "never-executed");
}
