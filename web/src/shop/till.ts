// Who this till is: its token, and calls in its name.
import { call, type Answer, type Call } from "../shared/http";

const TOKEN = "buono.token";

/** Whether the till was enrolled. */
export const enrolled = () => localStorage.getItem(TOKEN) !== null;

/** Keeps the token. */
export const enrol = (token: string) => localStorage.setItem(TOKEN, token);

/** Forgets it: the office has revoked it. */
export const leave = () => localStorage.removeItem(TOKEN);

/** What authorises a call. */
export const bearer = () => ({ Authorization: `Bearer ${localStorage.getItem(TOKEN) ?? ""}` });

/** The shop that it stands in, once the server has said so. */
export const till = { shop: "" };

/** A call in the till's name. */
export function tillCall<T>(path: string, request: Call = {}): Promise<Answer<T>> {
  return call<T>(path, { ...request, headers: { ...request.headers, ...bearer() } });
}

/** An operation as the interface tells it. */
export interface Operation {
  operation_id: string;
  kind: string;
  amount_cents: number;
  reversed_cents: number;
  balance_cents: number;
  available_cents: number;
  receipt_code: string;
  decided_at: string;
}
