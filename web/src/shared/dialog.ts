// Questions, in the browser's own dialogs where it has them: focus stays inside, Escape means no.
import { el } from "./dom";
import { open } from "./old-dialogs";

/** A field of a question. */
export interface Field {
  name: string;
  label: string;
  type?: string;
  value?: string;
  hint?: string;
  inputMode?: string;
  /** Nothing need be typed. */
  optional?: boolean;
  maxLength?: number;
  /** The last day of a date. */
  max?: string;
  /** Room for a longer text, in lines. */
  rows?: number;
  choices?: [value: string, label: string][];
}

/** A question. */
export interface Question {
  title: string;
  text?: string;
  /** What stands between text and buttons. */
  content?: Node;
  yes: string;
  no?: string;
  style?: string;
  fields?: Field[];
  /** Text typed into the question means no: a scanner reads on and ends with Enter. */
  wary?: boolean;
}

let made = 0;

function answered(field: Field, shared: { id: string; name: string; className: string }): HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement {
  if (field.choices) return el("select", shared, ...field.choices.map(([value, text]) => new Option(text, value)));
  const typed = { ...shared, required: !field.optional, autocomplete: "off" as const, ...(field.maxLength ? { maxLength: field.maxLength } : {}) };
  if (field.rows) return el("textarea", { ...typed, rows: field.rows });
  return el("input", { ...typed, type: field.type ?? "text", max: field.max ?? "" });
}

function control(field: Field): HTMLElement {
  const id = `field-${(made += 1)}`;
  const label = el("label", { htmlFor: id, textContent: field.label, className: "form-label" });
  const input = answered(field, { id, name: field.name, className: "form-control" });
  input.value = field.value ?? input.value;
  if (field.inputMode) input.inputMode = field.inputMode;
  if (!field.hint) return el("div", {}, label, input);
  const hint = el("p", { id: `${id}-hint`, textContent: field.hint, className: "form-text" });
  input.setAttribute("aria-describedby", hint.id);
  return el("div", {}, label, hint, input);
}

/** Asks; the fields' values, or nothing for no. */
export function ask(question: Question): Promise<Record<string, string> | undefined> {
  const title = el("h2", { textContent: question.title, id: `question-${(made += 1)}` });
  const yes = el("button", { textContent: question.yes, value: "yes" });
  yes.classList.add("btn", question.style ?? "btn-primary");
  const no = question.no ? el("button", { textContent: question.no, type: "button" }) : undefined;
  no?.classList.add("btn", "btn-outline-primary");
  const text = question.text ? el("p", { textContent: question.text }) : undefined;
  const buttons = el("div", { className: "row" }, yes, no);
  const form = el("form", { method: "dialog" }, title, text, question.content, ...(question.fields ?? []).map(control), buttons);
  const dialog = el("dialog", {}, form);
  dialog.setAttribute("aria-labelledby", title.id);
  no?.addEventListener("click", () => dialog.close());
  if (question.wary) {
    dialog.addEventListener("keydown", (event) => {
      if (event.key.length === 1 && event.key !== " ") dialog.close();
    });
  }
  document.body.append(dialog);
  open(dialog);
  // Enter undoes or deletes nothing
  if (!question.fields) (question.style === "btn-danger" && no ? no : yes).focus();
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      const values = Object.fromEntries(Array.from(new FormData(form), ([name, value]) => [name, String(value)]));
      dialog.remove();
      done(dialog.returnValue === "yes" ? values : undefined);
    });
  });
}
