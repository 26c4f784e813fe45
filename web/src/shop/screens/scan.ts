// Which voucher: by camera, by a scanner that types, or typed.
import { button, byId, el } from "../../shared/dom";
import type { Problem } from "../../shared/http";
import { t } from "../../shared/texts";
import { busy, setOut } from "../money/carry";
import { Camera, cameraThere, type Trouble } from "../reader/camera";
import { read, type Read } from "../reader/code";
import { current, go, goThen, screen, type Screen } from "../router";
import { revoked, tillCall } from "../till";
import { inTraining } from "../training/mode";
import { letGo, take, type Found } from "./hand";
import { field, form, notice, say, sayNoService, sayNothingTaken, sayProblem, submit } from "./parts";
import { present } from "./result";

const NO_CAMERA = "buono.no-camera";
/** Why a voucher with this standing is refused, in the server's own words. */
const WHY: Record<string, string> = {
  blocked: "voucher-blocked",
  expired: "voucher-expired",
  closed: "voucher-closed",
  not_yet_valid: "voucher-not-yet-valid",
  reissued: "voucher-reissued",
};

let camera: Camera | undefined;
/** After how many payments a question was asked that is not answered yet. */
let asking: number | undefined;

const sayWhy = (key: string) => say(t(key), t(`${key}-text`));

/** What is wrong with a text before anybody is asked. */
function objection(found: Read): string | undefined {
  if (found.kind === "mistyped") return "till-mistyped";
  if (found.kind === "foreign") return "till-foreign";
  if (found.kind === "training" && !inTraining()) return "till-training-code";
  return found.kind === "voucher" && inTraining() ? "till-real-code" : undefined;
}

/** Whether nothing was paid since: a payment's result is not covered by what was asked before it. */
const stillWanted = (since: number) => since === setOut();

/** Leaves what the last customer was told for the screen where this one's voucher is looked at. */
const leaveLast = () => new Promise<void>((done) => (["start", "result"].includes(current()) ? goThen("pay", done) : done()));

async function ask(text: string, since: number): Promise<void> {
  const answer = await tillCall<Found & Problem>("/v1/vouchers/lookup", { method: "POST", body: { voucher: text } });
  if (revoked(answer) || !stillWanted(since)) return;
  const { ok, status, data } = answer;
  if (status >= 500) return goThen("pay", () => sayNoService(t("till-nothing-taken")));
  if (!(ok ? data.voucher_id : data.code)) throw new Error(String(status));
  if (!ok) return goThen("pay", () => sayProblem(data));
  // what was in the hand before is not what was read now
  letGo();
  if (data.status === "active" && data.available_cents <= 0) return present({ voucher: { code: "empty", title: t("till-empty"), detail: t("till-empty-text") } });
  const why = WHY[data.status];
  if (why) return present({ voucher: { code: why, title: t(`problem-${why}-title`), detail: t(`problem-${why}-detail`) } });
  take({ text, found: data });
  go("amount");
}

/** Looks up what was scanned or typed, wherever the app stands. */
export async function lookUp(text: string): Promise<void> {
  const since = setOut();
  if (busy() || asking === since) return;
  const found = read(text);
  const wrong = objection(found);
  if (wrong || found.kind === "mistyped" || found.kind === "foreign") {
    return goThen("pay", () => sayWhy(wrong ?? "till-foreign"));
  }
  asking = since;
  try {
    await leaveLast();
    say(t("till-looking"));
    await ask(found.text, since);
  } catch {
    if (stillWanted(since)) goThen("pay", sayNothingTaken);
  } finally {
    if (asking === since) asking = undefined;
  }
}

function sayTrouble(trouble: Trouble): void {
  byId("camera").replaceChildren(
    el("p", { textContent: t(`till-camera-${trouble}`), className: "trouble", role: "status" }),
    button(t("till-camera-again"), async () => startCamera()),
  );
}

async function startCamera(): Promise<void> {
  localStorage.removeItem(NO_CAMERA);
  const video = el("video", { muted: true, playsInline: true });
  video.setAttribute("aria-label", t("till-camera-label"));
  const stop = button(t("till-camera-off"), async () => {
    localStorage.setItem(NO_CAMERA, "1");
    camera?.stop();
    byId("camera").replaceChildren(cameraButton());
  }, "btn-light");
  byId("camera").replaceChildren(el("div", { className: "picture" }, video, el("span", { className: "frame" })), stop);
  camera?.stop();
  camera = new Camera(video, sayTrouble);
  const trouble = await camera.start(lookUp);
  if (trouble && current() === "pay") sayTrouble(trouble);
}

const cameraButton = () => button(t("till-camera-on"), async () => startCamera(), "btn-primary");

function typed(): HTMLFormElement {
  const input = { maxLength: 512, autocapitalize: "characters", spellcheck: false };
  const look = async () => {
    await lookUp(byId<HTMLInputElement>("voucher").value);
    if (current() === "pay") byId<HTMLInputElement>("voucher").select();
  };
  return form("lookup", look, ...field("voucher", t("till-code"), t("till-code-help"), input), submit(t("till-check"), "look"));
}

function view(): Screen {
  const place = el("div", { id: "camera", className: "camera" });
  if (cameraThere()) {
    // whoever came here by a scanner needs no camera
    if (localStorage.getItem(NO_CAMERA) || asking !== undefined) place.append(cameraButton());
    else setTimeout(() => void (current() === "pay" && startCamera()));
  }
  return {
    title: t("till-scan"),
    content: [notice(), place, typed(), el("p", { textContent: t("till-scanner-help"), className: "form-text" })],
    left: () => camera?.stop(),
  };
}

/** On this screen whatever is typed is a code: it goes into the field wherever the cursor is. */
function catchTyping(event: KeyboardEvent): void {
  const free = !(event.target instanceof HTMLInputElement || event.target instanceof HTMLButtonElement && event.key === " ");
  const printable = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (current() === "pay" && free && printable) byId("voucher").focus();
}

/** Makes the screen known. */
export function startScan(): void {
  screen("pay", view);
  addEventListener("keydown", catchTyping);
}
