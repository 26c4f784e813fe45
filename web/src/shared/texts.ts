// The texts of the shop's page and the console: the catalogue's own messages in the page's language,
// handed over by the server in a block of JSON.
import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";

/** The page's language. */
export const lang = document.documentElement.lang;

const bundle = new FluentBundle(lang, { useIsolating: false });
bundle.addResource(new FluentResource(JSON.parse(document.getElementById("texts")?.textContent ?? '""') as string));

/** A text, with values in it. */
export function t(key: string, values: Record<string, FluentVariable> = {}): string {
  const pattern = bundle.getMessage(key)?.value;
  return pattern ? bundle.formatPattern(pattern, values) : key;
}

const region = lang === "it" ? "it-IT" : "en-GB";
const rome = "Europe/Rome";

/** Euro as people write them. */
export const euro = (cents: number) => (cents / 100).toLocaleString(region, { style: "currency", currency: "EUR" });

/** The same as people type it, for `cents` to read. */
export const typed = (cents: number) => (lang === "it" ? (cents / 100).toLocaleString(region, { minimumFractionDigits: 2 }) : (cents / 100).toFixed(2));

/** RFC 3339. */
export type Instant = string;

/** A day in Rome. */
export const day = (at: Instant) => new Date(at).toLocaleDateString(region, { timeZone: rome, dateStyle: "medium" });

/** A day and a time in Rome. */
export const moment = (at: Instant) => new Date(at).toLocaleString(region, { timeZone: rome, dateStyle: "short", timeStyle: "short" });

/** A time of day in Rome. */
export const time = (at: Instant) => new Date(at).toLocaleTimeString(region, { timeZone: rome, timeStyle: "short" });

/** By how much the server's clock is ahead of this device's, which may be a day behind and nobody sees it. */
let ahead = 0;

/** Hears what time it is from the server's answers. */
export function setClock(date: string | null): void {
  const told = Date.parse(date ?? "");
  if (!Number.isNaN(told)) ahead = told - Date.now();
}

/** An instant so long from now, by the server's clock. */
export const instantIn = (ms: number): Instant => new Date(Date.now() + ahead + ms).toISOString();

/** A day in Rome, as the interface writes days; today. */
export const today = (at = new Date(Date.now() + ahead)) => at.toLocaleDateString("sv-SE", { timeZone: rome });

/** Cents of an amount typed with a comma or a point; nothing when it is not clear what was meant. */
export function cents(text: string): number | undefined {
  const match = /^\s*(\d{1,13}|\d{1,3}(?:\.\d{3})+(?=,))(?:[.,](\d{1,2}))?\s*$/.exec(text);
  if (!match) return undefined;
  return Number((match[1] ?? "").replace(/\./g, "")) * 100 + Number((match[2] ?? "").padEnd(2, "0"));
}
