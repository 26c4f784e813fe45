// Pieces that several screens have.
import { answer, el } from "../../shared/dom";
import type { Problem } from "../../shared/http";
import { t } from "../../shared/texts";

/** A place for what went wrong, read aloud when it is filled. */
export const notice = () => el("div", { id: "notice", className: "notice", role: "alert" });

/** Says what went wrong. */
export function say(title: string, ...lines: string[]): void {
  const place = document.getElementById("notice");
  place?.replaceChildren(el("strong", { textContent: title }), ...lines.map((text) => el("p", { textContent: text })));
  place?.scrollIntoView({ block: "nearest" });
}

/** Nothing is wrong any more. */
export const hush = () => document.getElementById("notice")?.replaceChildren();

/** What the server says is wrong. */
export const sayProblem = (problem: Problem) => say(problem.title, problem.detail);

/** There is no network: nothing was taken, and nothing can be. */
export const sayOffline = () => say(t("till-offline"), t("till-offline-text"));

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
