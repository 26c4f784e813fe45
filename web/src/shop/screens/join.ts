// Joining with the municipality's one-time code, which its QR brings in the address; and what is shown
// when the till was disconnected.
import { button, byId, el } from "../../shared/dom";
import { call, type Problem } from "../../shared/http";
import { euro, moment, t } from "../../shared/texts";
import { unsettledAnywhere } from "../money/attempts";
import { go, screen, type Screen } from "../router";
import { enrol, enrolled, REVOKED, wishAnew, wished } from "../till";
import { accessibility } from "./help";
import { field, form, hush, notice, phone, say, sayOffline, sayProblem, submit } from "./parts";
import { closePicture, openPicture, picturePlace } from "./picture";

const WAS_REVOKED = "buono.revoked";

/** Told to the page when the till has joined. */
export const JOINED = "joined";

/** The code in a link that was scanned; a scanner for another keyboard types other signs around it. */
const inLink = (text: string) => /[^0-9a-z]join[^0-9a-z]+(.+)$/i.exec(text)?.[1]?.trim();

interface Joined {
  shop: { id: string };
}

/** Whose till it is where the code was used by this one, and the answer was lost. */
async function joinedBefore(token: string): Promise<Joined | undefined> {
  const { ok, data } = await call<Joined>("/v1/shop", { headers: { Authorization: `Bearer ${token}` } });
  return ok ? data : undefined;
}

async function join(): Promise<void> {
  const code = byId<HTMLInputElement>("enrolment");
  code.value = inLink(code.value) ?? code.value;
  const { token, again } = wished();
  const body = { enrolment_code: code.value, label: byId<HTMLInputElement>("label").value, token };
  try {
    const answer = await call<Problem & Joined>("/v1/terminals/enrol", { method: "POST", body });
    const joined = answer.ok ? answer.data : again ? await joinedBefore(token) : undefined;
    if (!joined) {
      wishAnew();
      return sayProblem(answer.data);
    }
    enrol(token, joined.shop.id);
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
  const kept = await unsettledAnywhere().catch(() => []);
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

/** Fills in what was read, for the person to name the till and send it. */
export function readJoin(text: string): void {
  const code = inLink(text);
  if (!code) return say(t("till-enrol-foreign"), t("till-enrol-foreign-text"));
  hush();
  closePicture();
  document.getElementById("camera")?.replaceChildren(cameraButton());
  byId<HTMLInputElement>("enrolment").value = code;
  byId("join").focus();
}

const cameraButton = () => button(t("till-camera-on"), async () => openPicture(byId("camera"), { read: readJoin, off: () => byId("camera").replaceChildren(cameraButton()) }));

function view(code: string): Screen {
  if (enrolled()) return { title: t("till-joined-already"), content: [el("p", { textContent: t("till-joined-already-text") }), el("p", {}, el("a", { href: "#till", textContent: t("till-go-till") }))] };
  const place = picturePlace();
  place?.append(cameraButton());
  // a scanner types the whole link
  const typed = { maxLength: 512, autocapitalize: "characters", spellcheck: false, value: code };
  return {
    title: t("till-enrol-title"),
    content: [
      revoked(),
      notice(),
      besideApp() ? el("p", { id: "to-home-screen", className: "alert alert-primary", textContent: t("till-enrol-home-first") }) : undefined,
      el("p", { textContent: t("till-enrol-text") }),
      place,
      form("enrol", join, ...field("enrolment", t("till-enrol-code"), t("till-enrol-code-help"), typed), ...field("label", t("till-enrol-label"), t("till-enrol-label-help"), { maxLength: 60, value: t("till-enrol-label-value") }), submit(t("till-enrol"), "join")),
      el("p", {}, el("a", { id: "practice", href: "#training", textContent: t("till-enrol-practice") })),
      el("p", {}, el("a", { href: "#help", textContent: t("till-go-help") })),
      accessibility(),
    ],
    left: closePicture,
  };
}

/** Makes the screen known. */
export function startJoin(): void {
  screen("join", view);
  document.addEventListener(REVOKED, () => localStorage.setItem(WAS_REVOKED, "1"));
}
