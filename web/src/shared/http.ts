// Calls to the interface, which answers problems in the page's language.
import { lang, setClock } from "./texts";

/** What went wrong, as the server words it. */
export interface Problem {
  code: string;
  title: string;
  detail: string;
  reason?: string;
  field?: string;
  row?: number;
  available_cents?: number;
  remaining_budget_cents?: number;
}

/** An answer. */
export interface Answer<T> {
  status: number;
  ok: boolean;
  data: T;
}

/** A call. */
export interface Call {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  /** For so long the answer is waited for. */
  waitMs?: number;
}

/** For so long an answer is waited for, unless the call says otherwise. */
const ANSWER_MS = 20000;

/** The answer, whatever its status; throws when there is none. */
export async function call<T>(path: string, { method = "GET", body, headers = {}, waitMs = ANSWER_MS }: Call = {}): Promise<Answer<T>> {
  const file = body instanceof Blob;
  const all: Record<string, string> = { "Accept-Language": lang, ...headers };
  if (body !== undefined && !file) all["Content-Type"] = "application/json";
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), waitMs);
  try {
    const sent = body === undefined ? null : file ? body : JSON.stringify(body);
    const answer = await fetch(path, { method, headers: all, body: sent, signal: abort.signal, cache: "no-store" });
    setClock(answer.headers.get("date"));
    // what is neither JSON nor nothing is a file
    const kind = answer.headers.get("Content-Type");
    const data: unknown = kind === null ? {} : kind.includes("json") ? await answer.json() : await answer.blob();
    return { status: answer.status, ok: answer.ok, data: data as T };
  } finally {
    clearTimeout(timer);
  }
}

/** A key for one attempt. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Gives a file to the person. */
export function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
