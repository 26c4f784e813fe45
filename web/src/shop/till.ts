// Who this till is: its token, its shop, and calls in its name.
import { call, type Answer, type Call, type Problem } from "../shared/http";
import type { Instant } from "../shared/texts";
import { rehearse } from "./training/server";
import { inTraining } from "./training/mode";

const TOKEN = "buono.token";
const SHOP = "buono.shop";
const PLACE = "buono.place";
const TOWN = "buono.town";
const WHETHER = "buono.whether";
const WISHED = "buono.wished";

/** Told to the page when the server no longer knows the till. */
export const REVOKED = "revoked";

/** Who is at the till. */
export interface AtTill {
  staff_id: string;
  label: string;
  since: string;
}

/** How many work at the shop, and who of them is at the till. */
export interface StaffHere {
  people: number;
  at_till: AtTill | null;
}

/** Whose vouchers the shop takes, and whom it calls. */
export interface Town {
  name: string;
  help_phone: string;
  help_email: string;
}

/** What the server says of the till and its shop. */
export interface Shop {
  shop: { id: string; name: string; status?: "enabled" | "suspended" };
  terminal: { id: string; label: string };
  municipality: Town;
  programmes: { id: string; name: string; rules: { it: string; en: string } }[];
  staff?: StaffHere | null | undefined;
  permissions: string[];
  downloads: string[];
}

/** Whether this browser keeps anything: some are told not to, and a till that is forgotten is none. */
export function storable(): boolean {
  try {
    if (enrolled()) return true;
    localStorage.setItem(WHETHER, "1");
    localStorage.removeItem(WHETHER);
    return true;
  } catch {
    return false;
  }
}

/** Whether the till was enrolled. */
export const enrolled = () => localStorage.getItem(TOKEN) !== null;

/** The secret by which the till wishes to be known. It is kept before it is sent: if the answer to the one-time code is
    lost, the till has joined all the same, and knows it by this. `again`: it was sent before. */
export function wished(): { token: string; again: boolean } {
  const kept = localStorage.getItem(WISHED);
  if (kept) return { token: kept, again: true };
  const bytes = String.fromCharCode(...Array.from(crypto.getRandomValues(new Uint8Array(32))));
  const made = btoa(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  localStorage.setItem(WISHED, made);
  return { token: made, again: false };
}

/** Another secret next time: this one is of no till, or of one that was disconnected. */
export const wishAnew = () => localStorage.removeItem(WISHED);

/** Keeps the token, and whose till it is: a payment may come before the server has told more of the shop. */
export function enrol(token: string, shop: string): void {
  localStorage.setItem(TOKEN, token);
  localStorage.setItem(PLACE, shop);
  wishAnew();
}

/** Forgets token and shop: the till was disconnected. Whom to call about that is kept. */
export function forget(): void {
  const town = known()?.municipality;
  if (town) localStorage.setItem(TOWN, JSON.stringify(town));
  localStorage.removeItem(TOKEN);
  localStorage.removeItem(SHOP);
  localStorage.removeItem(PLACE);
}

/** What authorises a call. */
export const bearer = () => ({ Authorization: `Bearer ${localStorage.getItem(TOKEN) ?? ""}` });

/** The till as the server last told it, so that the app opens without network too. */
export function known(): Shop | undefined {
  const text = localStorage.getItem(SHOP);
  return text ? (JSON.parse(text) as Shop) : undefined;
}

/** The municipality, also once the till is disconnected. */
export function town(): Town | undefined {
  const kept = localStorage.getItem(TOWN);
  return known()?.municipality ?? (kept ? (JSON.parse(kept) as Town) : undefined);
}

/** Keeps what the server told. */
export const remember = (shop: Shop) => localStorage.setItem(SHOP, JSON.stringify(shop));

/** Under whose name attempts are kept: a till that moves leaves its questions where they belong. */
export const place = () => (inTraining() ? "training" : known()?.shop.id ?? localStorage.getItem(PLACE) ?? "");

/** Whether the server says that it does not know the till; the same from somebody on the way says nothing. */
export const revoked = ({ status, data }: Answer<unknown>) => status === 401 && (data as Problem).code === "unauthorized";

/** Forgets the till that the server does not know any more, and tells the page; whether it was so. */
export function disconnected(answer: Answer<unknown>): boolean {
  if (!revoked(answer)) return false;
  forget();
  document.dispatchEvent(new Event(REVOKED));
  return true;
}

/** A call in the till's name; in training the stand-in answers it and nothing leaves the phone. */
export async function tillCall<T>(path: string, request: Call = {}): Promise<Answer<T>> {
  if (inTraining()) return (await rehearse(path, request)) as Answer<T>;
  const answer = await call<T>(path, { ...request, headers: { ...request.headers, ...bearer() } });
  disconnected(answer);
  return answer;
}

/** What the shop has asked to be paid, as the interface tells it. */
export interface Claim {
  claim_id: string;
  number: number;
  status: "sealed" | "approved" | "paid";
  from: Instant;
  through: Instant;
  operations: number;
  amount_cents: number;
  sealed_at: Instant;
  expected_payment_at: Instant;
  approved_at: Instant | null;
  paid_at: Instant | null;
  payment_reference: string | null;
  remarks: number;
  unanswered: number;
}

/** An operation as the interface tells it. */
export interface Operation {
  operation_id: string;
  kind: string;
  voucher_id: string;
  terminal_id: string | null;
  amount_cents: number;
  reversed_cents: number;
  available_cents: number;
  receipt_code: string;
  decided_at: string;
  /** Who was at the till, where the shop says so. */
  staff?: string | null;
  /** In a list: a claim covers it, and it cannot be undone any more. */
  sealed?: boolean;
}
