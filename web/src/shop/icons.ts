// Small drawings, our own, in the colour of the text around them.
const PATHS = {
  tick: "M4 13l5 5L20 6",
  cross: "M5 5l14 14M19 5L5 19",
  hourglass: "M6 3h12M6 21h12M7 3c0 6 10 8 10 18M17 3c0 6-10 8-10 18",
  pay: "M3 8V4h4M17 4h4v4M21 16v4h-4M7 20H3v-4M7 8v8M10.5 8v8M14 8v8M17 8v8",
  list: "M5 3h14v18l-3-2-2 2-2-2-2 2-2-2-3 2zM9 8h6M9 12h6",
  claims: "M18 6a8 8 0 1 0 0 12M3 10h10M3 14h10",
  help: "M8 8a4 4 0 1 1 6 4c-2 1-2 2-2 3M12 19v.5",
  training: "M2 8l10-4 10 4-10 4zM6 10v5c3 3 9 3 12 0v-5M22 8v6",
  till: "M4 20V10h16v10zM4 16h16M7 10V4h7v6M9 7h3",
};

/** What there is. */
export type Icon = keyof typeof PATHS;

const SVG = "http://www.w3.org/2000/svg";

/** A drawing beside words that say the same: screen readers pass over it. */
export function icon(name: Icon): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
