// Making elements. Whatever comes from outside is only ever text.
// every page that makes elements begins with this module, and so with what its browser lacks
import "./old-browsers";

/** What an element holds. */
export type Child = Node | string | undefined;

/** The element of the page with this id, of this kind. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(id);
  return found as T;
}

/** A new element. */
export function el<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children.filter((child) => child !== undefined));
  return node;
}

/** A button that does something, once at a time. */
export function button(text: string, act: () => Promise<unknown>, style = "btn-outline-primary"): HTMLButtonElement {
  const node = el("button", { type: "button", textContent: text });
  node.classList.add("btn", style);
  node.addEventListener("click", () => once(node, act));
  return node;
}

/** Runs it with the button asleep meanwhile, so that two taps are one. */
export function once(node: HTMLButtonElement, act: () => Promise<unknown>): void {
  if (node.disabled) return;
  const held = document.activeElement === node;
  node.disabled = true;
  void act().finally(() => {
    node.disabled = false;
    // what sleeps cannot keep the focus, nor get it back from a question
    if (held && document.activeElement === document.body) node.focus();
  });
}

/** Runs it when the form of the page with this id is sent, once at a time. */
export const onSubmit = (id: string, act: (form: HTMLFormElement) => Promise<unknown>) => answer(byId(id), act);

/** Runs it when the form is sent, once at a time. */
export function answer(form: HTMLFormElement, act: (form: HTMLFormElement) => Promise<unknown>): void {
  let busy = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    void act(form).finally(() => {
      busy = false;
    });
  });
}
