// Pieces that several screens have.
import { answer, button, el, type Child } from "../../shared/dom";
import { save, type Problem } from "../../shared/http";
import { lang, t } from "../../shared/texts";
import { bearer, disconnected, tillCall, town } from "../till";

/** A place for what went wrong, read aloud when it is filled. */
export const notice = () => el("div", { id: "notice", className: "notice", role: "alert" });

/** The address that calls a number. */
export const dial = (number: string) => `tel:${number.replace(/\s/g, "")}`;

/** The municipality's number, to tap; nothing where it is not known, or is none. */
export function phone(): HTMLElement | undefined {
  const number = town()?.help_phone;
  if (!number) return undefined;
  return el("p", {}, el("a", { className: "call", href: dial(number), textContent: t("till-call", { phone: number }) }));
}

/** What the municipality alone can help with: the server's words say to call it, and its number follows them. */
const CALL = ["enrolment_code_invalid", "iban_required", "operation_sealed", "programme_suspended", "shop_not_enabled", "voucher_blocked", "voucher_closed", "voucher_expired"];

/** The number where it is to be called for this. */
export const phoneFor = (code: string) => (CALL.includes(code) ? phone() : undefined);

/** Says what went wrong. */
export const say = (title: string, ...lines: string[]) => tell(title, ...lines.map((text) => el("p", { textContent: text })));

function tell(title: string, ...lines: Child[]): void {
  const place = document.getElementById("notice");
  place?.replaceChildren(el("strong", { textContent: title }), ...lines.filter((line) => line !== undefined));
  place?.scrollIntoView({ block: "nearest" });
}

/** Nothing is wrong any more. */
export const hush = () => document.getElementById("notice")?.replaceChildren();

/** What the server says of its own trouble is said of payments, and nobody pays where this is shown. */
const OF_PAYMENTS = ["internal_error", "not_executed", "outcome_unknown"];

/** The service does not answer as it should; what it was for is said first. */
export const sayNoService = (...lines: string[]) => say(t("till-no-service"), ...lines, t("till-no-service-text"));

/** What the server says is wrong; what has no code is somebody's on the way. */
export function sayProblem({ code, title, detail }: Partial<Problem>): void {
  if (!code || OF_PAYMENTS.includes(code)) sayNoService();
  else tell(title ?? code, el("p", { textContent: detail ?? "" }), phoneFor(code));
}

/** There is no network. */
export const sayOffline = () => say(t("till-offline"), t("till-read-offline"));

/** There is no network: nothing was taken, and nothing can be. */
export const sayNothingTaken = () => say(t("till-offline"), t("till-offline-text"));

/** Reads something for a part of the screen, or says what is wrong; nothing once the screen is another. */
export async function read<T>(path: string, part: HTMLElement, show: (data: T) => unknown): Promise<void> {
  try {
    const { ok, data } = await tillCall<T & Problem>(path);
    if (!part.isConnected) return;
    if (ok) await show(data);
    else sayProblem(data);
  } catch (error) {
    console.warn(error);
    if (part.isConnected) sayOffline();
  }
}

/** Gives a file of the server's to the person, who waits for a long one longer than for other answers. */
export async function saveFile(path: string, name: string): Promise<void> {
  hush();
  const answer = await fetch(path, { headers: { ...bearer(), "Accept-Language": lang } }).catch(() => undefined);
  if (!answer) return sayOffline();
  if (answer.ok) return save(await answer.blob(), name);
  const { ok, status } = answer;
  // somebody on the way may answer in HTML
  const data = (await answer.json().catch(() => ({}))) as Partial<Problem>;
  if (!disconnected({ ok, status, data })) sayProblem(data);
}

/** Fills a list with its first page; a button below it adds the next. */
export async function grow<T>(path: string, list: HTMLElement, item: (of: T) => HTMLElement, cursor?: string): Promise<void> {
  const more = list.nextElementSibling;
  await read<{ items: T[]; next_cursor: string | null }>(cursor ? `${path}&cursor=${cursor}` : path, list, ({ items, next_cursor }) => {
    list.append(...items.map(item));
    more?.replaceChildren(...(next_cursor ? [button(t("till-more"), () => grow(path, list, item, next_cursor))] : []));
  });
}

/** A field with its label and, where it helps, a hint. */
export function field(id: string, label: string, hint?: string, properties: Partial<HTMLInputElement> = {}): HTMLElement[] {
  const input = el("input", { id, className: "form-control", autocomplete: "off", required: true, ...properties });
  const named = el("label", { htmlFor: id, textContent: label, className: "form-label" });
  if (!hint) return [named, input];
  input.setAttribute("aria-describedby", `${id}-hint`);
  return [named, el("p", { id: `${id}-hint`, textContent: hint, className: "form-text" }), input];
}

/** A form that is answered once at a time. */
export function form(id: string, act: () => Promise<unknown>, ...children: (Node | undefined)[]): HTMLFormElement {
  const made = el("form", { id }, ...children);
  answer(made, act);
  return made;
}

/** The button that sends a form. */
export function submit(text: string, id: string, style = "btn-primary"): HTMLButtonElement {
  const made = el("button", { textContent: text, id });
  made.classList.add("btn", style);
  return made;
}
