// Every page in every state: nothing that axe finds, nothing wider than the screen, nothing from
// elsewhere, no error on the console. BUONO_BROWSER=long goes through all widths in both languages.
import { after, before, test } from "node:test";
import { assertAccessible, closePage, openPage, startBrowser } from "./lib/browser.mjs";
import { startTown } from "./lib/server.mjs";
import { prepare, states } from "./lib/states.mjs";

const all = ["it", "en"].flatMap((lang) => [320, 390, 768, 1280].map((width) => [lang, width]));
const chosen = process.env.BUONO_BROWSER === "long" ? all : [["it", 320]];

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
    for (const [name, reach] of Object.entries(states(town, await prepare(town)))) {
      await t.test(name, async () => {
        const page = await openPage(browser, town, { width, lang });
        await reach(page);
        await assertAccessible(page, `${name} ${lang} ${width}`);
        await closePage(page);
      });
    }
  });
}
