// Joining with the municipality's one-time code, which its QR brings in the address; and what is shown
// when the till was disconnected.
import { byId, el } from "../../shared/dom";
import { call, type Problem } from "../../shared/http";
import { euro, moment, t } from "../../shared/texts";
import { unsettledAnywhere } from "../money/attempts";
import { go, screen, type Screen } from "../router";
import { enrol, enrolled, REVOKED } from "../till";
import { field, form, notice, phone, sayOffline, sayProblem, submit } from "./parts";

const WAS_REVOKED = "buono.revoked";

/** Told to the page when the till has joined. */
export const JOINED = "joined";

async function join(): Promise<void> {
  const body = { enrolment_code: byId<HTMLInputElement>("enrolment").value, label: byId<HTMLInputElement>("label").value };
  try {
    const { ok, data } = await call<Problem & { token: string; shop: { id: string } }>("/v1/terminals/enrol", { method: "POST", body });
    if (!ok) return sayProblem(data);
    enrol(data.token, data.shop.id);
  } catch {
    return sayOffline();
  }
  localStorage.removeItem(WAS_REVOKED);
  // the browser is asked not to throw away what a payment needs
  void navigator.storage?.persist?.();
  document.dispatchEvent(new Event(JOINED));
  go("start");
}

/** Whether this is a phone that keeps what its browser knows from the app on its home screen, and this the browser. */
const besideApp = () => (navigator as { standalone?: boolean }).standalone === false;

/** What was begun and not settled when the till was disconnected. */
async function showKept(place: HTMLElement): Promise<void> {
  const kept = await unsettledAnywhere();
  if (!kept.length) return;
  const lines = kept.map(({ cents, at }) => el("li", {}, el("strong", { textContent: euro(cents) }), el("small", { textContent: moment(new Date(at).toISOString()) })));
  place.replaceChildren(el("p", { textContent: t("till-kept") }), el("ul", { className: "lines" }, ...lines));
}

function revoked(): HTMLElement | undefined {
  if (!localStorage.getItem(WAS_REVOKED)) return undefined;
  const kept = el("div", { id: "kept" });
  void showKept(kept);
  return el("div", { id: "revoked", className: "notice", role: "alert" }, el("strong", { textContent: t("till-gone") }), el("p", { textContent: t("till-revoked-text") }), phone(), kept);
}

function view(code: string): Screen {
  if (enrolled()) return { title: t("till-joined-already"), content: [el("p", { textContent: t("till-joined-already-text") }), el("p", {}, el("a", { href: "#till", textContent: t("till-go-till") }))] };
  const typed = { maxLength: 64, autocapitalize: "characters", spellcheck: false, value: code };
  return {
    title: t("till-enrol-title"),
    content: [
      revoked(),
      notice(),
      besideApp() ? el("p", { id: "to-home-screen", className: "alert alert-primary", textContent: t("till-enrol-home-first") }) : undefined,
      el("p", { textContent: t("till-enrol-text") }),
      form("enrol", join, ...field("enrolment", t("till-enrol-code"), t("till-enrol-code-help"), typed), ...field("label", t("till-enrol-label"), t("till-enrol-label-help"), { maxLength: 60, value: t("till-enrol-label-value") }), submit(t("till-enrol"), "join")),
      el("p", {}, el("a", { href: "#help", textContent: t("till-go-help") })),
    ],
  };
}

/** Makes the screen known. */
export function startJoin(): void {
  screen("join", view);
  document.addEventListener(REVOKED, () => localStorage.setItem(WAS_REVOKED, "1"));
}
