// The shop's app: an installable page that takes payments, shows them, gives back, and never leaves
// anybody wondering whether the money was taken.
import { byId, el } from "../shared/dom";
import { t } from "../shared/texts";
import { icon, type Icon } from "./icons";
import { keepUpToDate } from "./install";
import { busy, resume, SETTLED, startCarrying, type Settled } from "./money/carry";
import { fetchAhead } from "./reader/camera";
import { startKeyboard } from "./reader/keyboard";
import { current, draw, go, startRouting, TURNED } from "./router";
import { startAmount } from "./screens/amount";
import { claimChosen, startClaim } from "./screens/claim";
import { startClaims } from "./screens/claims";
import { startConfirm } from "./screens/confirm";
import { inHand, letGo, parts, settled } from "./screens/hand";
import { startHelp } from "./screens/help";
import { JOINED, readJoin, startJoin } from "./screens/join";
import { startOperations } from "./screens/operations";
import { phone } from "./screens/parts";
import { startPeople } from "./screens/people";
import { resultThere, startResult } from "./screens/result";
import { lookUp, noVoucher, startScan } from "./screens/scan";
import { pinAsked, startStaff } from "./screens/staff";
import { startHome } from "./screens/start";
import { RENAMED, startTill } from "./screens/till";
import { startTraining, TRAINING } from "./screens/training";
import { startUndo, undoChosen } from "./screens/undo";
import { startSignal } from "./signal";
import { STAFFED, staffHere } from "./staff";
import { enrolled, known, remember, REVOKED, revoked, storable, tillCall, type Shop } from "./till";
import { inTraining } from "./training/mode";

const RETRY_MS = 5000;
/** So long after the app has opened it asks the network for nothing that somebody waits for. */
const AHEAD_MS = 4000;

/** The screens that say what the server tells of shop and till. */
const TELLING = ["start", "operations", "help", "till"];

/** What to do on a screen in the first practice. */
const GUIDED: Partial<Record<string, string>> = {
  pay: "till-guide-pay",
  amount: "till-guide-amount",
  confirm: "till-guide-confirm",
  result: "till-guide-result",
};

/** The screen instead of one that makes no sense now. */
function allowed(name: string): string {
  if (busy()) return "result";
  if (name === "help" || name === "training" || (name === "result" && resultThere())) return name;
  if (!enrolled() && !inTraining()) return "join";
  if (name === "result") return "start";
  if (name === "person") return inTraining() ? "start" : name;
  if (name === "staff" || name === "staff-pin") return !staffHere() ? "till" : name === "staff" || pinAsked() ? name : "staff";
  if (name === "amount" && !inHand()) return "pay";
  if (name === "confirm" && !(inHand() && parts().bill > 0)) return inHand() ? "amount" : "pay";
  if (name === "claim" && (!claimChosen() || inTraining())) return "claims";
  return name === "undo" && !undoChosen() ? "operations" : name;
}

/** The lines above every screen: who this is, whether it is practice, whether there is a network. */
function drawFrame(): void {
  const shop = known();
  byId("who").textContent = shop ? `${shop.shop.name} · ${shop.terminal.label}` : t("till-title");
  drawStaff();
  const guided = GUIDED[current()] ?? "till-guide";
  byId("training-banner").hidden = !inTraining();
  byId("training-banner").replaceChildren(t("till-banner"), " ", t(guided));
  byId("offline").hidden = navigator.onLine || inTraining();
  drawSuspended();
  document.body.classList.toggle("training", inTraining());
  byId("ways").hidden = !enrolled() && !inTraining();
}

/** Who is at the till, where the shop names anybody: one tap leads to the others. */
function drawStaff(): void {
  const here = staffHere();
  byId("staff-strip").hidden = !here;
  const name = here?.at_till?.label;
  byId("at-till").textContent = name ? [t("till-staff-here", { name }), t("till-staff-edit")].join(" · ") : t("till-staff-who");
}

/** Whether the municipality lets the shop take nothing, as far as is known. */
const suspended = () => enrolled() && !inTraining() && known()?.shop.status === "suspended";

/** Nobody keys in amounts that are refused. */
function drawSuspended(): void {
  const strip = byId("not-enabled");
  // the same again is not read aloud again
  if (strip.hidden !== suspended()) return;
  strip.hidden = !suspended();
  const told = strip.hidden ? [] : [el("p", { textContent: t("till-not-enabled") }), phone()];
  strip.replaceChildren(...told.filter((line) => line !== undefined));
}

let again: ReturnType<typeof setTimeout> | undefined;

/** Asks the server who this till is, and what became of what was begun. */
async function begin(): Promise<void> {
  clearTimeout(again);
  if (!enrolled() || inTraining()) return;
  try {
    const answer = await tillCall<Partial<Shop>>("/v1/shop");
    if (revoked(answer)) return;
    if (!answer.ok || !answer.data.shop) throw new Error(String(answer.status));
    const data = answer.data as Shop;
    const news = JSON.stringify(known()) !== JSON.stringify(data);
    // where it cannot say who is at the till, that is as it was
    remember({ ...data, staff: data.staff ?? known()?.staff });
    drawFrame();
    if (news && TELLING.includes(current())) draw();
    if (!busy()) void resume();
  } catch {
    again = setTimeout(() => void begin(), RETRY_MS);
  }
}

/** Fetches the reader of codes before the first customer comes. */
function lookAhead(): void {
  const fetch = () => void fetchAhead().catch(() => undefined);
  setTimeout(() => void (enrolled() && ("requestIdleCallback" in window ? requestIdleCallback(fetch) : fetch())), AHEAD_MS);
}

/** Where a scanner's text is taken from the keys themselves; the scan screen has a field for it. */
function scannable(): boolean {
  if (!enrolled() && !inTraining()) return current() === "join";
  return ["start", "amount", "confirm", "result"].includes(current()) && !busy();
}

function listen(): void {
  document.addEventListener(SETTLED, (event) => {
    const { detail } = event as CustomEvent<Settled>;
    settled(detail);
    // suspended since it was last told
    if (detail.outcome.state === "refused" && detail.outcome.problem.code === "shop_not_enabled") void begin();
    // another window's result leaves alone what is in this one's hand
    if (busy()) letGo();
  });
  document.addEventListener(JOINED, () => {
    void begin();
    lookAhead();
  });
  document.addEventListener(REVOKED, () => {
    drawFrame();
    // what is on its way says so itself; what the last customer was told says nothing of it
    if (busy()) return;
    if (current() === "result") go("start");
    else draw();
  });
  document.addEventListener(TRAINING, () => {
    letGo();
    drawFrame();
    void begin();
  });
  // enabled again, it is told at the next step
  document.addEventListener(TURNED, () => void (suspended() && begin()));
  for (const event of [TURNED, RENAMED, STAFFED]) document.addEventListener(event, drawFrame);
  for (const event of ["online", "offline"]) addEventListener(event, drawFrame);
  startKeyboard(scannable, (text) => (current() === "join" ? readJoin(text) : void lookUp(text)), () => void (current() !== "join" && noVoucher()));
}

const SCREENS = [startHome, startJoin, startScan, startAmount, startConfirm, startResult, startOperations, startUndo, startClaims, startClaim, startStaff, startPeople, startTill, startTraining, startHelp];

function open(): void {
  // a till that is forgotten when the page is closed would burn the municipality's code
  if (!storable()) return byId("screen").replaceChildren(el("div", { id: "unstorable", className: "alert alert-danger", role: "alert", textContent: t("till-no-storage") }));
  for (const start of SCREENS) start();
  document.querySelectorAll<HTMLElement>("[data-icon]").forEach((link) => link.prepend(icon(link.dataset.icon as Icon)));
  listen();
  startCarrying();
  startSignal();
  startRouting(allowed);
  // what was begun is known from the phone itself: its question is asked before anything else
  if (enrolled() || inTraining()) void resume();
  void begin();
  lookAhead();
  keepUpToDate();
}

open();
