// Debian's Chromium, driven by playwright-core; every page is watched for what must never happen.
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts it, or says what is missing. */
export async function startBrowser(more = []) {
  if (!existsSync(executablePath)) throw new Error(`${executablePath} is not there: apt-get install chromium, or set CHROMIUM`);
  return chromium.launch({ executablePath, args: [...args, ...more] });
}

/** A phone, tablet or desk of this width. */
export const screen = (width) => ({ viewport: { width, height: width < 700 ? 780 : 800 }, hasTouch: width < 700 });

/** A page in a context of its own, watched. `expected` are console errors that belong to the test. */
export async function openPage(browser, town, { width = 390, lang = "it", script = true, storage, worker = false } = {}) {
  const context = await browser.newContext({
    ...screen(width),
    locale: { it: "it-IT", en: "en-GB" }[lang] ?? lang,
    timezoneId: "America/New_York",
    javaScriptEnabled: script,
    storageState: storage,
    baseURL: town.url,
  });
  // what a worker asks for, a test cannot lose on the way: most do as old browsers, which have none
  if (!worker) await context.addInitScript(() => Object.defineProperty(Navigator.prototype, "serviceWorker", { value: undefined }));
  const page = await context.newPage();
  page.expected = [];
  page.wrong = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.wrong.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => page.wrong.push(`script: ${error}`));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== town.url && protocol !== "blob:") page.wrong.push(`left the origin: ${request.url()}`);
  });
  return page;
}

/** Ends a page; fails when something happened that must never happen. */
export async function closePage(page) {
  const wrong = page.wrong.filter((said) => !page.expected.some((pattern) => pattern.test(said)));
  await page.context().close();
  assert.deepEqual(wrong, []);
}

/** Runs a test's body with a page and closes it. */
export async function withPage(browser, town, options, body) {
  const page = await openPage(browser, town, options);
  await body(page);
  await closePage(page);
}

/** Nothing for axe to complain about, nothing wider than the screen, and no name of a text in place of the text. */
export async function assertAccessible(page, what) {
  assert.doesNotMatch(await page.locator("body").innerText(), /\b(till|problem|status|console|citizen|page|import|action|kind)(-[a-z]+)+\b/, `${what}: a text is missing`);
  // the voucher's own script moves nothing, but transitions of the kit would blur contrasts
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  const said = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
  assert.deepEqual(said, [], `${what}: axe`);
  const [inner, scroll] = await page.evaluate(() => [document.documentElement.clientWidth, document.documentElement.scrollWidth]);
  assert.ok(scroll <= inner, `${what}: ${scroll} px wide on a screen of ${inner}`);
}

/** Waits until the till says so, in this colour. */
export const result = (page, look, text) => page.locator(`#result.${look}`, { hasText: text }).waitFor();

/** Takes five euro of the first voucher of the practice. */
export async function practise(page) {
  await typeCode(page, "PROVA-1");
  await page.locator(".pad").waitFor();
  await keyIn(page, 500);
  await page.locator("#take").click();
  await page.locator("#yes").click();
  await result(page, "done", "5,00");
}

/** Waits for a notice above a page's content. */
export const notice = (page, text) => page.locator("#notice", { hasText: text }).waitFor();

/** Makes every page as old as the oldest browser that web/vite.config.ts names: what came later is not there. */
export async function makeOld(page) {
  await page.addInitScript(() => {
    const without = (place, ...names) => names.forEach((name) => delete place[name]);
    for (const { prototype } of [Element, Document, DocumentFragment]) without(prototype, "replaceChildren");
    without(HTMLDialogElement.prototype, "show", "showModal", "close", "requestClose", "returnValue", "open");
    // a method of forms that came with the dialogs
    Object.defineProperty(HTMLFormElement.prototype, "method", { set() {} });
    without(Element.prototype, "role", "toggleAttribute", "checkVisibility");
    without(HTMLElement.prototype, "inert", "inputMode", "autocapitalize");
    without(Object, "fromEntries", "hasOwn", "groupBy");
    without(Array.prototype, "flat", "flatMap", "at", "findLast", "findLastIndex", "toSorted", "toReversed");
    without(String.prototype, "replaceAll", "matchAll", "at", "trimStart", "trimEnd");
    without(Promise, "allSettled", "any", "withResolvers");
    without(Intl, "PluralRules", "ListFormat", "RelativeTimeFormat");
    without(Crypto.prototype, "randomUUID");
    without(window, "AbortController", "AbortSignal", "HTMLDialogElement", "ResizeObserver", "structuredClone", "queueMicrotask");
  });
}

/** What a scanner types, Enter included, in one go: whatever the test's machine is at, no silence comes in between. */
export const scan = (page, text) =>
  page.evaluate((keys) => {
    for (const key of keys) {
      const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
      if (!(document.activeElement ?? document.body).dispatchEvent(event)) continue;
      // nobody took it: what the browser does then, where the focus is by now
      const at = document.activeElement;
      if (key !== "Enter") document.execCommand("insertText", false, key);
      else if (at instanceof HTMLButtonElement) at.click();
      else at?.form?.requestSubmit();
    }
  }, [...text, "Enter"]);

/** Opens a voucher by its link and waits for the balance. */
export async function openVoucher(page, voucher) {
  await page.goto(voucher.link);
  await page.waitForURL("**/v/buono");
  await page.locator("[data-when=live]").waitFor({ state: "visible" });
}

/** Waits until the page shows this amount. */
export const balance = (page, text) => page.locator(".balance .amount", { hasText: text }).waitFor();

/** Chooses the page's language by its own name. */
export async function chooseLanguage(page, name) {
  if (!(await page.locator(".languages ul").isVisible())) await page.locator(".languages summary").click();
  await page.locator(".languages a", { hasText: name }).click();
}

/** Makes a page a till of the demonstration's. */
export async function openTill(page, town, number = 0, screen = "start") {
  await page.addInitScript((token) => sessionStorage.getItem("joined") ?? (localStorage.setItem("buono.token", token), sessionStorage.setItem("joined", "1")), town.demo.terminals[number].token);
  await page.goto(`/shop#${screen}`);
  await page.locator("#who", { hasText: town.demo.terminals[number].shop }).waitFor();
}

/** Opens a part of the till's app by its address, and waits for something there. */
export async function part(page, name, wanted) {
  await page.evaluate((name) => (location.hash = name), name);
  await page.locator(wanted).first().waitFor();
}

/** Loses so many answers that the server has given to posts there; counts all questions. */
export async function loseAnswers(page, path, count) {
  page.expected.push(/ERR_FAILED/);
  const asked = { answers: 0, keys: new Set() };
  await page.route(path, async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    asked.answers += 1;
    asked.keys.add(route.request().headers()["idempotency-key"]);
    if (asked.answers > count) return route.continue();
    await route.fetch();
    return route.abort();
  });
  return asked;
}

/** What the till keeps of attempts in the browser's database. */
export const kept = (page) =>
  page.evaluate(
    () =>
      new Promise((done, failed) => {
        const opening = indexedDB.open("buono", 1);
        opening.onerror = () => failed(opening.error);
        opening.onsuccess = () => {
          const reading = opening.result.transaction("attempts").objectStore("attempts").getAll();
          reading.onsuccess = () => done(reading.result);
        };
      }),
  );

/** Keys in so many cents on the pad. */
export async function keyIn(page, cents) {
  for (const digit of String(cents)) await page.locator(`[data-key="${digit}"]`).click();
}

/** Types a voucher's code on the scan screen, wherever the till stands. */
export async function typeCode(page, text) {
  await page.evaluate(() => (location.hash = "pay"));
  await page.locator("#voucher").fill(text);
  await page.locator("#look").click();
}

/** Signs in at the console. */
export async function openConsole(page, town, role = "municipal_admin") {
  const { email, password } = town.demo.staff.find((user) => user.role === role);
  // the page asks who is signed in, and nobody is
  page.expected.push(/401/);
  await page.goto("/console");
  await page.locator("#email").fill(email);
  await page.locator("#password").fill(password);
  await page.locator("#sign-in button").click();
  await page.locator("#desk").waitFor({ state: "visible" });
}
