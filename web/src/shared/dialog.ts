// Questions, in the browser's own dialogs: focus stays inside, Escape means no.
import { el } from "./dom";

/** A field of a question. */
export interface Field {
  name: string;
  label: string;
  type?: string;
  value?: string;
  hint?: string;
  inputMode?: string;
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

function control(field: Field): HTMLElement {
  const id = `field-${(made += 1)}`;
  const label = el("label", { htmlFor: id, textContent: field.label, className: "form-label" });
  const input = field.choices
    ? el("select", { id, name: field.name, className: "form-control" }, ...field.choices.map(([value, text]) => new Option(text, value)))
    : el("input", { id, name: field.name, className: "form-control", type: field.type ?? "text", required: true, autocomplete: "off" });
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
  dialog.showModal();
  (question.fields ? undefined : yes)?.focus();
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      const values = Object.fromEntries(Array.from(new FormData(form), ([name, value]) => [name, String(value)]));
      dialog.remove();
      done(dialog.returnValue === "yes" ? values : undefined);
    });
  });
}
