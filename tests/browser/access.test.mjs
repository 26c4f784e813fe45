// Every page in every state: nothing that axe finds, nothing wider than the screen, nothing from
// elsewhere, no error on the console. BUONO_BROWSER=long goes through all widths in all languages.
import { after, before, test } from "node:test";
import { assertAccessible, closePage, openPage, startBrowser } from "./lib/browser.mjs";
import { startTown } from "./lib/server.mjs";
import { ALL, onPaper, prepare, speaks, states } from "./lib/states.mjs";

const all = ALL.flatMap((lang) => [320, 390, 768, 1280].map((width) => [lang, width]));
// from right to left too, and in letters that are not ours
const few = [["it", 320], ["ar", 320], ["uk", 320]];
const chosen = process.env.BUONO_BROWSER === "long" ? all : few;

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

for (const [lang, width] of chosen) {
  test(`${lang}, ${width} px wide`, async (t) => {
    // a town for each: the limits on guessing know only one address here
    const town = await startTown();
    t.after(() => town.end());
    const here = ([name]) => speaks(name, lang) && !onPaper(name);
    const reachable = Object.entries(states(town, await prepare(town))).filter(here);
    for (const [name, reach] of reachable) {
      await t.test(name, async () => {
        const page = await openPage(browser, town, { width, lang });
        await reach(page);
        await assertAccessible(page, `${name} ${lang} ${width}`);
        await closePage(page);
      });
    }
  });
}
