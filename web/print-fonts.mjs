// Letters to print with, as the typesetter reads them: Titillium Web for Latin, Noto Sans for Cyrillic and Arabic.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { convert } from "fontverter";

const { resolve } = createRequire(import.meta.url);
const FAMILIES = {
  "titillium-web": ["latin", "latin-ext"],
  "noto-sans": ["cyrillic", "cyrillic-ext"],
  "noto-sans-arabic": ["arabic"],
};

mkdirSync("public/print", { recursive: true });
for (const [family, scripts] of Object.entries(FAMILIES)) {
  const files = join(dirname(resolve(`@fontsource/${family}/package.json`)), "files");
  for (const script of scripts) {
    for (const weight of [400, 700]) {
      const name = `${family}-${script}-${weight}-normal`;
      writeFileSync(`public/print/${name}.ttf`, await convert(readFileSync(join(files, `${name}.woff2`)), "truetype"));
    }
  }
}
