// What a file of tests plays on: a browser and a town of its own, from before its first test to after its last.
import { after, before, test } from "node:test";
import { startBrowser, withPage } from "./browser.mjs";
import { startTown } from "./server.mjs";

export let browser;
export let town;

before(async () => {
  [browser, town] = [await startBrowser(), await startTown()];
});
after(async () => {
  await browser?.close();
  await town?.end();
});

/** A test with a page. */
export const page = (name, options, body) => test(name, () => withPage(browser, town, options, body));
