// Practice: what it is, the vouchers for it, to print or to show on another screen, and the way out.
import { button, el } from "../../shared/dom";
import { qr } from "../../shared/qr";
import { t } from "../../shared/texts";
import { draw, go, screen, type Screen } from "../router";
import { inTraining, train } from "../training/mode";
import { refill, VOUCHERS } from "../training/server";
import { notice } from "./parts";
import { lookUp } from "./scan";

/** Told to the page when practice begins or ends. */
export const TRAINING = "training";

function turn(on: boolean): void {
  train(on);
  refill();
  document.dispatchEvent(new Event(TRAINING));
  if (on) draw();
  else go("start");
}

function card(code: string): HTMLElement {
  const number = code.slice(-1);
  const made = el("li", { className: "card" }, el("span", {}, el("strong", { textContent: code }), el("small", { textContent: t(`till-training-${number}`) })));
  if (inTraining()) {
    const use = button(t("till-training-use"), () => lookUp(code));
    use.setAttribute("aria-label", `${t("till-training-use")}: ${code}`);
    made.append(use);
  }
  void qr(code.replace("-", ":"), code).then((drawn) => made.prepend(drawn));
  return made;
}

function view(): Screen {
  const on = inTraining();
  const steps = ["1", "2", "3", "4"].map((step) => el("li", { textContent: t(`till-step-${step}`) }));
  const print = button(t("till-training-print"), async () => window.print());
  return {
    title: t("till-training"),
    content: [
      notice(),
      el("p", { textContent: t(on ? "till-training-on" : "till-training-text") }),
      el("div", { className: "ways screen-only" }, on ? button(t("till-training-end"), async () => turn(false), "btn-outline-primary") : button(t("till-training-begin"), async () => turn(true), "btn-primary")),
      el("h2", { textContent: t("till-training-guide"), className: "screen-only" }),
      el("ol", { className: "screen-only" }, ...steps),
      el("h2", { textContent: t("till-training-vouchers") }),
      el("p", { textContent: t("till-training-vouchers-text") }),
      el("ul", { className: "cards" }, ...Object.keys(VOUCHERS).map(card)),
      el("div", { className: "ways screen-only" }, print),
    ],
  };
}

/** Makes the screen known. */
export const startTraining = () => screen("training", view);
