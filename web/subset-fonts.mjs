// Keeps of Titillium Web the letters that our texts are written in: 5 kB less on every first visit, and
// 20 kB less in Romanian. Other letters come from the kit's second file, which a browser asks for only
// when it meets one; Arabic and Cyrillic ones come from the phone itself.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import subset from "subset-font";

const files = join(dirname(createRequire(import.meta.url).resolve("@fontsource/titillium-web/package.json")), "files");
const ascii = Array.from({ length: 95 }, (_, at) => String.fromCharCode(0x20 + at)).join("");
const latin = Array.from({ length: 64 }, (_, at) => String.fromCharCode(0xc0 + at)).join("");
const letters = ascii + latin + "\u00a0«»°·–—‘’“”…€−";
const romanian = "ĂăȘșȚț";

mkdirSync("src/styles/fonts", { recursive: true });
for (const weight of [400, 700]) {
  for (const [name, kept] of [["latin", letters], ["latin-ext", romanian]]) {
    const whole = readFileSync(join(files, `titillium-web-${name}-${weight}-normal.woff2`));
    const part = await subset(whole, kept, { targetFormat: "woff2" });
    writeFileSync(`src/styles/fonts/titillium-web-${name}-${weight}.woff2`, part);
  }
}
