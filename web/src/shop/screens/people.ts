// Who works here: a list among the till's settings, and a screen on which somebody is added or changed.
import { ask } from "../../shared/dialog";
import { button, byId, el } from "../../shared/dom";
import type { Problem } from "../../shared/http";
import { t } from "../../shared/texts";
import { go, goThen, screen, type Screen } from "../router";
import { everybody, setHere, staffHere, type Person } from "../staff";
import { known, tillCall } from "../till";
import { field, form, hush, notice, say, sayProblem, submit } from "./parts";

const PIN = { type: "password", inputMode: "numeric", maxLength: 8, pattern: "[0-9]{4,8}", required: false, autocomplete: "new-password" } as const;

/** Who is to be changed; nobody when somebody is to be added. */
let chosen: Person | undefined;

/** A call that may be refused; what it answers, or nothing when it has been said why there is nothing. */
async function tell<T>(path: string, method: string, body?: unknown): Promise<T | undefined> {
  hush();
  try {
    const { ok, data } = await tillCall<T & Problem>(path, { method, body });
    if (ok) return data;
    sayProblem(data);
  } catch {
    say(t("till-offline"), t("till-staff-offline"));
  }
  return undefined;
}

async function remove(person: Person): Promise<void> {
  const sure = { title: t("till-staff-remove-title", { name: person.label }), text: t("till-staff-remove-text"), yes: t("till-staff-remove"), no: t("till-staff-remove-no"), style: "btn-danger" };
  if (!(await ask(sure)) || !(await tell(`/v1/staff/${person.staff_id}`, "DELETE"))) return;
  const here = known()?.staff;
  setHere(here?.at_till?.staff_id === person.staff_id ? { at_till: null } : {});
  say(t("till-staff-removed", { name: person.label }));
  await load();
}

function row(person: Person): HTMLLIElement {
  const edit = button(t("till-staff-edit"), async () => {
    chosen = person;
    go("person");
  });
  edit.setAttribute("aria-label", t("till-staff-edit-of", { name: person.label }));
  const away = button(t("till-staff-remove"), () => remove(person), "btn-outline-danger");
  away.setAttribute("aria-label", t("till-staff-remove-of", { name: person.label }));
  const said = el("span", {}, el("strong", { textContent: person.label }), el("small", { textContent: person.has_pin ? t("till-staff-with-pin") : "" }));
  return el("li", {}, said, el("span", { className: "row" }, edit, away));
}

/** Reads the list anew; without network there is none, and nothing else is the worse for it. */
async function load(): Promise<void> {
  const all = await everybody().catch(() => undefined);
  const place = document.getElementById("people");
  if (!all || !place) return;
  place.replaceChildren(...all.map(row));
  setHere({ people: all.length });
}

/** The list, for the till's settings. */
export function people(): HTMLElement {
  setTimeout(() => void (document.getElementById("people") && load()));
  const add = button(t("till-staff-add"), async () => {
    chosen = undefined;
    go("person");
  });
  add.id = "add-person";
  return el("section", { className: "panel" }, el("h2", { textContent: t("till-staff") }), el("p", { textContent: t("till-staff-text") }), el("ul", { id: "people", className: "lines" }), add);
}

const value = (id: string) => (document.getElementById(id) as HTMLInputElement | null)?.value ?? "";

async function save(): Promise<void> {
  const [label, pin] = [value("person-label"), value("person-pin")];
  if (!chosen) {
    const added = await tell<Person>("/v1/staff", "POST", pin ? { label, pin } : { label });
    if (!added) return;
    setHere({ people: (staffHere()?.people ?? 0) + 1 });
    return goThen("till", () => say(t("till-staff-added", { name: added.label })));
  }
  const none = chosen.has_pin && byId<HTMLInputElement>("no-pin").checked;
  const body: Record<string, unknown> = { label };
  if (pin || none) body.pin = none ? null : pin;
  if (value("current-pin")) body.current_pin = value("current-pin");
  const changed = await tell<Person>(`/v1/staff/${chosen.staff_id}`, "PATCH", body);
  if (!changed) return;
  const at = known()?.staff?.at_till;
  if (at?.staff_id === changed.staff_id) setHere({ at_till: { ...at, label: changed.label } });
  goThen("till", () => say(t("till-staff-saved")));
}

/** What somebody with a PIN may do about it. */
function pinChange(): HTMLElement {
  const none = el("div", { className: "check" }, el("input", { type: "checkbox", id: "no-pin" }), el("label", { htmlFor: "no-pin", textContent: t("till-staff-no-pin") }));
  const now = field("current-pin", t("till-staff-current-pin"), t("till-staff-current-pin-help"), PIN);
  return el("div", {}, ...field("person-pin", t("till-staff-new-pin"), t("till-staff-new-pin-help"), PIN), none, ...now);
}

function view(): Screen {
  const pin = chosen?.has_pin ? [pinChange()] : field("person-pin", t("till-staff-pin"), t("till-staff-pin-help"), PIN);
  const back = button(t("till-staff-back"), async () => go("till"));
  return {
    title: chosen ? t("till-staff-edit-of", { name: chosen.label }) : t("till-staff-add"),
    content: [
      notice(),
      form("person", save, ...field("person-label", t("till-staff-label"), undefined, { maxLength: 40, value: chosen?.label ?? "" }), ...pin, el("div", { className: "ways" }, submit(t("till-staff-save"), "person-yes"), back)),
    ],
  };
}

/** Makes the screen known. */
export const startPeople = () => screen("person", view);
