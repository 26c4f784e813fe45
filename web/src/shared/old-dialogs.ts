// Dialogs where the browser has none of its own: before Safari 15.4 and Firefox 98.

const REACHED = "a[href], input, select, textarea, button";

/** Opens it: nothing around it is told or reached meanwhile, Escape closes it, and its form's button is its answer. */
export function open(dialog: HTMLDialogElement): void {
  if (typeof dialog.showModal === "function") return dialog.showModal();
  const before = document.activeElement;
  const rest = Array.from(document.body.children).filter((other) => other !== dialog && !other.hasAttribute("aria-hidden"));
  const reached = () => Array.from(dialog.querySelectorAll<HTMLElement>(REACHED));
  const enter = () => reached()[0]?.focus();
  let pressed = "";

  const outside = (event: Event): void => {
    if (dialog.contains(event.target as Node)) return;
    event.preventDefault();
    event.stopPropagation();
    enter();
  };
  const keys = (event: KeyboardEvent): void => {
    const [first, last] = [reached()[0], reached().pop()];
    // from one end on to the other
    const [end, next] = event.shiftKey ? [first, last] : [last, first];
    const around = event.key === "Tab" && document.activeElement === end;
    if (!around && event.key !== "Escape") return;
    event.preventDefault();
    if (around) next?.focus();
    else dialog.close();
  };
  dialog.close = (answer = "") => {
    dialog.returnValue = answer;
    dialog.removeAttribute("open");
    for (const what of ["focusin", "click"]) document.removeEventListener(what, outside, true);
    document.removeEventListener("keydown", keys, true);
    rest.forEach((other) => other.removeAttribute("aria-hidden"));
    if (before instanceof HTMLElement) before.focus();
    dialog.dispatchEvent(new Event("close"));
  };
  dialog.addEventListener("click", ({ target }) => {
    pressed = (target as Element).closest("button")?.value ?? pressed;
  });
  // its method is unknown here: it would be sent as a page's
  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.close(pressed);
  });

  dialog.className = "pretended";
  for (const [name, value] of [["role", "dialog"], ["aria-modal", "true"], ["open", ""]] as const) dialog.setAttribute(name, value);
  rest.forEach((other) => other.setAttribute("aria-hidden", "true"));
  for (const what of ["focusin", "click"]) document.addEventListener(what, outside, true);
  document.addEventListener("keydown", keys, true);
  enter();
}
