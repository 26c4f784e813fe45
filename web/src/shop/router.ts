// Which screen is shown. The address after the # names it, so that reloading and the phone's back
// button do what people expect; going to a screen that was passed on the way goes back to it, so that
// a day of payments leaves no endless trail.
import { byId, el, type Child } from "../shared/dom";
import { t } from "../shared/texts";

/** What a screen shows. */
export interface Screen {
  title: string;
  /** The title is for screen readers: what is on the screen says it larger. */
  hiddenTitle?: boolean;
  content: Child[];
  /** Nothing else can be begun from here: the navigation is away. */
  alone?: boolean;
  /** It covers all that is above it, which nobody reaches meanwhile. */
  covers?: boolean;
  /** Runs when another screen comes. */
  left?: () => void;
}

/** Makes a screen; what follows the = in the address is handed to it. */
export type Make = (argument: string) => Screen;

/** Told to the page when another screen is shown. */
export const TURNED = "turned";

const HOME = "start";
const screens = new Map<string, Make>();
let shown: Screen | undefined;
/** The way to the screen that is shown, for an address that brings none. */
let way: string[] = [];
let allowed = (name: string) => name;

/** Adds a screen. */
export const screen = (name: string, make: Make) => void screens.set(name, make);

/** The names of the screens passed on the way, this one last. */
const trail = (): string[] => (history.state as { trail?: string[] } | null)?.trail ?? [];
const asked = () => location.hash.slice(1).split("=");

/** The screen that is shown. */
export const current = () => trail()[trail().length - 1] ?? HOME;

function put(how: "pushState" | "replaceState", names: string[], argument = ""): void {
  history[how]({ trail: names }, "", `#${names[names.length - 1]}${argument && `=${argument}`}`);
}

/** Shows a screen, back on the way if it was passed. */
export function go(name: string): void {
  const at = trail().lastIndexOf(name);
  if (at >= 0 && at < trail().length - 1) return history.go(at - trail().length + 1);
  if (at < 0) put("pushState", [...trail(), name]);
  draw();
}

/** Shows a screen and says something there: going back takes the browser a moment. */
export function goThen(name: string, act: () => void): void {
  if (current() === name) return act();
  document.addEventListener(TURNED, act, { once: true });
  go(name);
}

/** Shows a screen in the place of this one: back does not come here again. */
export function swap(name: string): void {
  put("replaceState", [...trail().slice(0, -1), name]);
  draw();
}

/** Draws the screen anew. */
export function draw(): void {
  const [name = HOME, argument = ""] = asked();
  const may = allowed(screens.has(name) ? name : HOME);
  if (may !== name) put("replaceState", [...trail().slice(0, -1), may]);
  way = trail();
  shown?.left?.();
  shown = screens.get(may)?.(may === name ? argument : "");
  if (!shown) return;
  const title = el("h1", { textContent: shown.title, tabIndex: -1, className: shown.hiddenTitle ? "visually-hidden" : "" });
  document.title = `${shown.title} · ${t("till-title")}`;
  document.body.classList.toggle("alone", Boolean(shown.alone));
  byId("above").inert = Boolean(shown.covers);
  document.querySelectorAll("nav a").forEach((link) => {
    if (link.getAttribute("href") === `#${may}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  byId("screen").replaceChildren(title, ...shown.content.filter((child) => child !== undefined));
  scrollTo(0, 0);
  const first = byId("screen").querySelector<HTMLElement>("[autofocus]") ?? title;
  first.focus({ preventScroll: true });
  document.dispatchEvent(new Event(TURNED));
}

/** Begins; `may` says which screen is shown instead of one that makes no sense now. */
export function startRouting(may: (name: string) => string): void {
  allowed = may;
  // an address from outside gets the first screen behind it, so that back stays in the app
  if (!trail().length) {
    const [name = "", argument] = asked();
    put("replaceState", [HOME]);
    if (screens.has(name) && name !== HOME) put("pushState", [HOME, name], argument);
  }
  addEventListener("popstate", (event) => {
    // a link or a typed address: no trail is with it yet
    if (event.state === null) put("replaceState", [...way, asked()[0] || HOME], asked()[1]);
    draw();
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href^="#"]') : null;
    if (!link) return;
    // the one link that is no screen skips to it
    event.preventDefault();
    if (screens.has(link.hash.slice(1))) go(link.hash.slice(1));
    else byId("screen").focus();
  });
  draw();
}
