// This till: its name, its sounds, and leaving.
import { button, byId, el } from "../../shared/dom";
import { ask } from "../../shared/dialog";
import type { Problem } from "../../shared/http";
import { t } from "../../shared/texts";
import { unsettled } from "../money/attempts";
import { go, screen, type Screen } from "../router";
import { hear, heard, signal } from "../signal";
import { forget, known, remember, tillCall } from "../till";
import { inTraining } from "../training/mode";
import { people } from "./people";
import { field, form, notice, say, sayOffline, sayProblem, submit } from "./parts";

/** Told to the page when the till's name has changed. */
export const RENAMED = "renamed";

async function rename(): Promise<void> {
  const label = byId<HTMLInputElement>("label").value;
  try {
    const { ok, data } = await tillCall<Problem & { label: string }>("/v1/terminal", { method: "PATCH", body: { label } });
    if (!ok) return sayProblem(data);
    const shop = known();
    if (shop) remember({ ...shop, terminal: { ...shop.terminal, label: data.label } });
    document.dispatchEvent(new Event(RENAMED));
    say(t("till-renamed"));
  } catch {
    sayOffline();
  }
}

async function leave(): Promise<void> {
  // where the browser keeps nothing, nothing was sent
  if ((await unsettled().catch(() => [])).length) return say(t("till-leave-not"), t("till-leave-not-text"));
  const sure = { title: t("till-leave-title"), text: t("till-leave-text"), yes: t("till-leave"), no: t("till-leave-no"), style: "btn-danger" };
  if (!(await ask(sure))) return;
  try {
    const { ok, data } = await tillCall<Problem>("/v1/terminal", { method: "DELETE" });
    if (!ok) return sayProblem(data);
  } catch {
    return sayOffline();
  }
  forget();
  go("start");
}

function sounds(): HTMLElement {
  const input = el("input", { type: "checkbox", id: "sounds", checked: heard() });
  input.addEventListener("change", () => {
    hear(input.checked);
    signal(true);
  });
  return el("div", { className: "check" }, input, el("label", { htmlFor: "sounds", textContent: t("till-sounds") }));
}

function view(): Screen {
  const shop = known();
  const name = form("rename", rename, ...field("label", t("till-enrol-label"), t("till-enrol-label-help"), { maxLength: 60, value: shop?.terminal.label ?? "" }), submit(t("till-rename"), "rename-yes"));
  const away = el("section", { className: "panel" }, el("h2", { textContent: t("till-leave-head") }), el("p", { textContent: t("till-leave-text") }), button(t("till-leave"), leave, "btn-outline-danger"));
  return {
    title: t("till-go-till"),
    content: [notice(), el("p", { textContent: shop?.shop.name ?? "", className: "lead" }), sounds(), ...(inTraining() ? [] : [name, people(), away])],
  };
}

/** Makes the screen known. */
export const startTill = () => screen("till", view);
