// What the oldest browsers that the build is for do not have: Chrome 64, Safari 12, Firefox 68. The build lowers the
// syntax alone; what the pages of shop and console call, and their libraries, is added here before anything else runs.
// tsconfig.json knows nothing newer of the language than ES2018 and what is added here.

/** Adds it where it is missing. */
function add(place: object, name: string, value: unknown): void {
  if (!(name in place)) Object.defineProperty(place, name, { value, configurable: true, writable: true });
}

// of libraries
add(window, "globalThis", window);
add(Object, "hasOwn", (from: object, name: PropertyKey) => Object.prototype.hasOwnProperty.call(from, name));

// before Chrome 73 and Safari 12.1
add(Object, "fromEntries", (entries: Iterable<[string, unknown]>) => {
  const made: Record<string, unknown> = {};
  for (const [name, value] of Array.from(entries)) made[name] = value;
  return made;
});

// before Chrome 86, Safari 14 and Firefox 78
function replaceChildren(this: Element | Document | DocumentFragment, ...children: (Node | string)[]): void {
  while (this.lastChild) this.removeChild(this.lastChild);
  this.append(...children);
}
for (const kind of [Element, Document, DocumentFragment]) add(kind.prototype, "replaceChildren", replaceChildren);

/** Italian and English, which these pages speak, know one and more; before Safari 13. */
class OneOrMore {
  select(count: number): string {
    return count === 1 ? "one" : "other";
  }
}
add(Intl, "PluralRules", OneOrMore);

/** Properties that stand for attributes: `el` would set nothing that a screen reader or a keyboard looks at. */
for (const name of ["role", "inputMode", "autocapitalize"]) {
  if (name in HTMLElement.prototype) continue;
  Object.defineProperty(HTMLElement.prototype, name, {
    configurable: true,
    get(this: HTMLElement) {
      return this.getAttribute(name) ?? "";
    },
    set(this: HTMLElement, value: string) {
      this.setAttribute(name, value);
    },
  });
}

// before Chrome 102, Safari 15.5 and Firefox 112: what nobody shall reach is covered anyway, and so it may be invisible
if (!("inert" in HTMLElement.prototype)) {
  Object.defineProperty(HTMLElement.prototype, "inert", {
    configurable: true,
    get(this: HTMLElement) {
      return this.hasAttribute("inert");
    },
    set(this: HTMLElement, on: boolean) {
      if (on) this.setAttribute("inert", "");
      else this.removeAttribute("inert");
      this.style.visibility = on ? "hidden" : "";
    },
  });
}

/** Before Chrome 66 a request cannot be stopped: whoever waits for it is told in time all the same. */
class Abort {
  abort: () => void = () => undefined;
  readonly signal = { gone: new Promise<never>((_, failed) => (this.abort = () => failed(new Error("aborted")))) };
}
if (typeof AbortController === "undefined") {
  add(window, "AbortController", Abort);
  const send = window.fetch;
  window.fetch = (what, how) => {
    const signal = how?.signal as unknown as Abort["signal"] | undefined;
    const sent = send(what, { ...how, signal: null });
    return signal ? Promise.race([sent, signal.gone]) : sent;
  };
}
