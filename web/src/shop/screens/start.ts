// The first screen: few things, and large.
import { el } from "../../shared/dom";
import { t } from "../../shared/texts";
import { icon, type Icon } from "../icons";
import { screen, type Screen } from "../router";
import { known } from "../till";
import { inTraining } from "../training/mode";

function tile(name: string, key: string, drawing: Icon, className = ""): HTMLElement {
  return el("li", { className }, el("a", { href: `#${name}` }, icon(drawing), el("span", {}, el("strong", { textContent: t(key) }), el("small", { textContent: t(`${key}-text`) }))));
}

function view(): Screen {
  const tiles = el(
    "ul",
    { className: "tiles" },
    tile("pay", "till-go-pay", "pay", "first"),
    tile("operations", "till-go-operations", "list"),
    tile("claims", "till-go-claims", "claims"),
    tile("training", "till-go-training", "training"),
    tile("help", "till-go-help", "help"),
    tile("till", "till-go-till", "till"),
  );
  return { title: inTraining() ? t("till-training") : (known()?.shop.name ?? t("till-title")), content: [tiles] };
}

/** Makes the screen known. */
export const startHome = () => screen("start", view);
