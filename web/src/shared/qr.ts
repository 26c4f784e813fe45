// Draws QR codes; its library is fetched when the first one is drawn.

const SVG = "http://www.w3.org/2000/svg";

/** A QR code of this text, with words for whoever cannot see it. */
export async function qr(text: string, words: string): Promise<SVGElement> {
  const { encode } = await import("uqr");
  const { data, size } = encode(text, { ecc: "M", border: 3 });
  const dark = data.map((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : "")).join("")).join("");
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("class", "qr-code");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", words);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", dark);
  svg.append(path);
  return svg;
}
