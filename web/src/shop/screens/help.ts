// How it works, with pictures, and whom to call.
import { el } from "../../shared/dom";
import { lang, t } from "../../shared/texts";
import amount from "../pictures/amount.svg";
import confirm from "../pictures/confirm.svg";
import scan from "../pictures/scan.svg";
import wait from "../pictures/wait.svg";
import { screen, type Screen } from "../router";
import { enrolled, known, town } from "../till";
import { inTraining } from "../training/mode";
import { dial } from "./parts";
import { tickets } from "./tickets";

const STEPS: [name: string, picture: string][] = [["1", scan], ["2", amount], ["3", confirm], ["4", wait]];

function step([name, picture]: [string, string]): HTMLElement {
  const img = el("img", { src: picture, alt: "", width: 160, height: 120 });
  return el("li", {}, img, el("p", {}, el("strong", { textContent: t(`till-help-${name}`) }), el("span", { textContent: t(`till-help-${name}-text`) })));
}

function contacts(): HTMLElement {
  const office = town();
  if (!office) return el("p", { textContent: t("till-help-unknown") });
  const phone = el("a", { href: dial(office.help_phone), textContent: office.help_phone });
  const mail = el("a", { href: `mailto:${office.help_email}`, textContent: office.help_email });
  return el("ul", { className: "contacts" }, el("li", {}, el("strong", { textContent: office.name })), ...(office.help_phone ? [el("li", {}, phone)] : []), ...(office.help_email ? [el("li", {}, mail)] : []));
}

function rules(): HTMLElement[] {
  const programmes = known()?.programmes ?? [];
  return programmes.map(({ name, rules }) => el("details", {}, el("summary", { textContent: t("till-rules", { name }) }), el("p", { textContent: (lang === "en" && rules.en) || rules.it, className: "rules" })));
}

function answers(): HTMLElement[] {
  return ["offline", "twice", "wrong", "cash", "home"].map((name) => el("details", {}, el("summary", { textContent: t(`till-ask-${name}`) }), el("p", { textContent: t(`till-ask-${name}-text`) })));
}

/** To what the municipality says of who can use these pages, as the foot of every other page has it. */
export const accessibility = () => el("p", {}, el("a", { href: "/accessibilita", textContent: t("till-accessibility") }));

function view(): Screen {
  return {
    title: t("till-go-help"),
    content: [
      el("ol", { className: "steps" }, ...STEPS.map(step)),
      el("h2", { textContent: t("till-help-questions") }),
      ...answers(),
      ...rules(),
      el("h2", { textContent: t("till-help-call") }),
      contacts(),
      ...(enrolled() && !inTraining() ? tickets() : []),
      accessibility(),
    ],
  };
}

/** Makes the screen known. */
export const startHelp = () => screen("help", view);
