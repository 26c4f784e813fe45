// Which voucher: by camera, by a scanner that types, or typed.
import { button, byId, el } from "../../shared/dom";
import type { Problem } from "../../shared/http";
import { t } from "../../shared/texts";
import { busy, setOut } from "../money/carry";
import { read, type Read } from "../reader/code";
import { current, draw, go, goThen, screen, type Screen } from "../router";
import { revoked, tillCall } from "../till";
import { inTraining } from "../training/mode";
import { letGo, take, type Found } from "./hand";
import { field, form, notice, say, sayNoService, sayNothingTaken, sayProblem, submit } from "./parts";
import { closePicture, openPicture, picturePlace } from "./picture";
import { present } from "./result";

const NO_CAMERA = "buono.no-camera";
/** Why a voucher with this standing is refused, in the server's own words. */
const WHY: Record<string, string> = {
  blocked: "voucher-blocked",
  expired: "voucher-expired",
  closed: "voucher-closed",
  not_yet_valid: "voucher-not-yet-valid",
  reissued: "voucher-reissued",
  suspended: "programme-suspended",
};

/** For so long a voucher's answer is waited for: nothing is lost by asking again. */
const ANSWER_MS = 6000;

/** A voucher that is looked up. */
interface Question {
  text: string;
  /** After how many payments it was asked. */
  since: number;
  /** The screen where its answer is waited for. */
  from: string;
}

/** The latest question, until it is answered: a newer one takes its place. */
let asking: Question | undefined;

const sayWhy = (key: string) => say(t(key), t(`${key}-text`));

/** Why nothing can be taken from a voucher that is good. */
function nothingToTake(found: Found): string | undefined {
  if (found.available_cents <= 0) return found.balance_cents > 0 ? "till-held" : "till-empty";
  return found.day_left_cents !== null && found.day_left_cents <= 0 ? "till-day-over" : undefined;
}

/** What is wrong with a text before anybody is asked. */
function objection(found: Read): string | undefined {
  if (found.kind === "mistyped") return "till-mistyped";
  if (found.kind === "foreign") return "till-foreign";
  if (found.kind === "training" && !inTraining()) return "till-training-code";
  return found.kind === "voucher" && inTraining() ? "till-real-code" : undefined;
}

/** Whether somebody waits for it: nothing else was read or paid since, and nobody has gone to another screen. */
const stillWanted = (question: Question) => question === asking && question.since === setOut() && question.from === current();

/** Where a voucher is looked at that is read on this screen: what the last customer was told is left. */
const lookedAt = (name: string) => (["start", "result"].includes(name) ? "pay" : name);

async function ask(question: Question): Promise<void> {
  const { text } = question;
  const answer = await tillCall<Found & Problem>("/v1/vouchers/lookup", { method: "POST", body: { voucher: text }, waitMs: ANSWER_MS });
  if (revoked(answer) || !stillWanted(question)) return;
  const { ok, status, data } = answer;
  if (status >= 500) return goThen("pay", () => sayNoService(t("till-nothing-taken")));
  if (!(ok ? data.voucher_id : data.code)) throw new Error(String(status));
  if (!ok) return goThen("pay", () => sayProblem(data));
  // what was in the hand before is not what was read now
  letGo();
  const nothing = data.status === "active" ? nothingToTake(data) : undefined;
  if (nothing) return present({ voucher: { code: "nothing", title: t(nothing), detail: t(`${nothing}-text`) } });
  const why = WHY[data.status];
  if (why) return present({ voucher: { code: why.replace(/-/g, "_"), title: t(`problem-${why}-title`), detail: t(`problem-${why}-detail`) } });
  take({ text, found: data });
  go("amount");
}

/** What was read is no voucher, or none that can be taken. The customer's, which is in the hand, stays there. */
export function noVoucher(why = "till-foreign"): void {
  asking = undefined;
  const here = ["amount", "confirm"].includes(current());
  // a product's digits were keyed in on the way
  if (here) draw();
  goThen(here ? current() : "pay", () => sayWhy(why));
}

/** Looks up what was scanned or typed, wherever the app stands. */
export async function lookUp(text: string): Promise<void> {
  if (busy()) return;
  const found = read(text);
  const wrong = objection(found);
  if (wrong || found.kind === "mistyped" || found.kind === "foreign") return noVoucher(wrong);
  // what still lies before the camera is asked about already
  if (asking?.text === found.text && stillWanted(asking)) return;
  const question = { text: found.text, since: setOut(), from: lookedAt(current()) };
  asking = question;
  try {
    await new Promise<void>((done) => goThen(question.from, done));
    say(t("till-looking"));
    await ask(question);
  } catch {
    if (stillWanted(question)) goThen("pay", sayNothingTaken);
  } finally {
    if (asking === question) asking = undefined;
  }
}

async function startCamera(): Promise<void> {
  localStorage.removeItem(NO_CAMERA);
  const off = () => {
    localStorage.setItem(NO_CAMERA, "1");
    byId("camera").replaceChildren(cameraButton());
  };
  await openPicture(byId("camera"), { read: lookUp, off });
}

const cameraButton = () => button(t("till-camera-on"), async () => startCamera(), "btn-primary");

function typed(): HTMLFormElement {
  const input = { maxLength: 512, autocapitalize: "characters", spellcheck: false };
  const look = async () => {
    const input = byId<HTMLInputElement>("voucher");
    // not waited for: what is typed or scanned next takes its place
    void lookUp(input.value);
    input.select();
  };
  return form("lookup", look, ...field("voucher", t("till-code"), t("till-code-help"), input), submit(t("till-check"), "look"));
}

function view(): Screen {
  const place = picturePlace();
  // whoever came here by a scanner needs no camera
  if (localStorage.getItem(NO_CAMERA) || asking !== undefined) place?.append(cameraButton());
  else setTimeout(() => void (place?.isConnected && startCamera()));
  return {
    title: t("till-scan"),
    content: [notice(), place, typed(), el("p", { textContent: t("till-scanner-help"), className: "form-text" })],
    left: closePicture,
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
