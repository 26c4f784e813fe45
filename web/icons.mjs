// Draws the app's icons as the pictures that phones ask for: PNG in three sizes, one of them with room
// for whatever shape the phone cuts out.
import { readFileSync, writeFileSync } from "node:fs";
import { Resvg } from "@resvg/resvg-js";

const icon = readFileSync("public/icon.svg", "utf8");
// square to the edge, its drawing within the circle that every phone leaves
const maskable = icon.replace(' rx="6"', "").replace('viewBox="0 0 32 32"', 'viewBox="-6 -6 44 44"').replace('<rect width="32" height="32"', '<rect x="-6" y="-6" width="44" height="44"');
if (!maskable.includes('width="44"')) throw new Error("public/icon.svg has changed: draw the maskable one anew");

for (const [name, drawing, width] of [["app-192", icon, 192], ["app-512", icon, 512], ["app-mask", maskable, 512], ["app-touch", maskable, 180]]) {
  writeFileSync(`public/${name}.png`, new Resvg(drawing, { fitTo: { mode: "width", value: width } }).render().asPng());
}
