// Pictures of every page in every state, in every language and at all widths: target/screens.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { closePage, openPage, startBrowser } from "./lib/browser.mjs";
import { startTown } from "./lib/server.mjs";
import { ALL, prepare, speaks, states } from "./lib/states.mjs";

const folder = fileURLToPath(new URL("../../target/screens", import.meta.url));
const widths = (process.env.WIDTHS ?? "320,390,768,1280").split(",").map(Number);
const only = new RegExp(process.argv[2] ?? ".");
mkdirSync(folder, { recursive: true });

const browser = await startBrowser();
for (const lang of (process.env.LANGS?.split(",") ?? ALL)) {
  for (const width of widths) {
    // a town for each: the limits on guessing know only one address here
    const town = await startTown();
    const made = await prepare(town);
    for (const [name, reach] of Object.entries(states(town, made)).filter(([name]) => only.test(name) && speaks(name, lang))) {
      const page = await openPage(browser, town, { width, lang });
      await reach(page);
      await page.screenshot({ path: `${folder}/${name}-${lang}-${width}.png`, fullPage: true });
      await closePage(page);
      console.log(`${name} ${lang} ${width}`);
    }
    await town.end();
  }
}
await browser.close();
