// Who is at the till: one tap on a name, and a PIN where that one has one.
import { button, byId, el } from "../../shared/dom";
import type { Problem } from "../../shared/http";
import { t } from "../../shared/texts";
import { screen, swap, type Screen } from "../router";
import { everybody, setHere, staffHere, type Person } from "../staff";
import { tillCall, type AtTill } from "../till";
import { field, form, hush, notice, say, sayProblem, submit } from "./parts";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "", "0", "Backspace"];
const FACES: Record<string, string> = { Backspace: "⌫" };

/** Who is to type a PIN. */
let chosen: Person | undefined;

/** Whether somebody is. */
export const pinAsked = () => chosen !== undefined;

/** Goes back to what one was doing. */
const done = () => history.back();

/** Somebody comes to the till; whether they are there. */
async function come(person: Person, pin?: string): Promise<boolean> {
  hush();
  try {
    const body = { staff_id: person.staff_id, ...(pin === undefined ? {} : { pin }) };
    const { ok, data } = await tillCall<AtTill & Problem>("/v1/terminal/shift", { method: "POST", body });
    if (ok) setHere({ at_till: { staff_id: data.staff_id, label: data.label, since: data.since } });
    else sayProblem(data);
    return ok;
  } catch {
    say(t("till-offline"), t("till-staff-offline"));
    return false;
  }
}

async function choose(person: Person): Promise<void> {
  if (person.has_pin) {
    chosen = person;
    swap("staff-pin");
  } else if (await come(person)) done();
}

async function leave(): Promise<void> {
  hush();
  try {
    const { ok, data } = await tillCall<Problem>("/v1/terminal/shift", { method: "DELETE" });
    if (!ok) return sayProblem(data);
  } catch {
    return say(t("till-offline"), t("till-staff-offline"));
  }
  setHere({ at_till: null });
  done();
}

function name(person: Person): HTMLLIElement {
  const made = button(person.label, () => choose(person));
  made.classList.add("large");
  if (person.staff_id === staffHere()?.at_till?.staff_id) made.setAttribute("aria-current", "true");
  return el("li", {}, made);
}

async function load(): Promise<void> {
  try {
    const all = await everybody();
    document.getElementById("names")?.prepend(...all.map(name));
  } catch {
    say(t("till-offline"), t("till-staff-offline"));
  }
}

function view(): Screen {
  chosen = undefined;
  setTimeout(() => void (document.getElementById("names") && load()));
  const nobody = button(t("till-staff-nobody"), leave);
  nobody.id = "nobody";
  nobody.classList.add("large");
  return { title: t("till-staff-who"), content: [notice(), el("ul", { id: "names", className: "names" }, el("li", {}, nobody))] };
}

function key(name: string): HTMLElement {
  if (!name) return el("span");
  const made = el("button", { type: "button", textContent: FACES[name] ?? name });
  if (name === "Backspace") made.setAttribute("aria-label", t("till-key-back"));
  made.dataset.key = name;
  made.addEventListener("click", () => {
    const input = byId<HTMLInputElement>("staff-pin");
    input.value = name === "Backspace" ? input.value.slice(0, -1) : (input.value + name).slice(0, input.maxLength);
  });
  return made;
}

async function enter(): Promise<void> {
  const input = byId<HTMLInputElement>("staff-pin");
  if (chosen && (await come(chosen, input.value))) return done();
  input.value = "";
}

function pinView(): Screen {
  const who = chosen?.label ?? "";
  const label = t("till-staff-pin-of", { name: who });
  const input = field("staff-pin", label, undefined, { type: "password", inputMode: "none", maxLength: 8, pattern: "[0-9]{4,8}" });
  const back = button(t("till-staff-back"), async () => swap("staff"));
  return {
    title: label,
    hiddenTitle: true,
    content: [notice(), form("staff-enter", enter, ...input, el("div", { className: "pad" }, ...KEYS.map(key)), el("div", { className: "ways" }, submit(t("till-staff-pin-enter"), "enter"), back))],
  };
}

/** Makes the screens known. */
export function startStaff(): void {
  screen("staff", view);
  screen("staff-pin", pinView);
}
