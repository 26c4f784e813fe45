// The shop's app as an app: it installs, weighs little, opens without network, and takes a new version
// in only when no payment is on its way.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { closePage, keyIn, openPage, openTill, typeCode } from "./lib/browser.mjs";
import { browser, town } from "./lib/stage.mjs";

const JS_BYTES_MAX = 60_000;

/** The size of a PNG, from its head. */
const pixels = (bytes) => [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];

/** Waits until the worker has the page. */
const installed = (page) => page.evaluate(() => navigator.serviceWorker.ready.then(() => true));

test("it is installable, in both languages", async () => {
  for (const [lang, name] of [["it", "Buoni spesa: la cassa"], ["en", "Food vouchers: the till"]]) {
    const answer = await town.call("GET", "/shop/manifest.webmanifest", { headers: { "accept-language": lang } });
    assert.match(answer.headers.get("content-type"), /^application\/manifest\+json/);
    const manifest = answer.data;
    assert.deepEqual([manifest.name, manifest.start_url, manifest.scope, manifest.display, manifest.lang], [name, "/shop", "/shop", "standalone", lang]);
    const purposes = [];
    for (const { src, sizes, type, purpose } of manifest.icons) {
      const icon = await fetch(town.url + src);
      assert.equal(icon.headers.get("content-type"), type);
      assert.equal(pixels(Buffer.from(await icon.arrayBuffer())).join("x"), sizes);
      purposes.push(`${sizes} ${purpose}`);
    }
    assert.deepEqual(purposes, ["192x192 any", "512x512 any", "512x512 maskable"]);
  }
});

test("only this server's own files, no inline script or style, and WebAssembly on this page alone", async () => {
  const page = await town.call("GET", "/shop");
  const policy = page.headers.get("content-security-policy");
  assert.match(policy, /default-src 'self'; script-src 'self' 'wasm-unsafe-eval';/);
  assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|http|\*/);
  assert.doesNotMatch(page.data, /<style|style=|<script(?![^>]*(src=|application\/json))| on\w+=/);
  assert.doesNotMatch((await town.call("GET", "/console")).headers.get("content-security-policy"), /wasm/);
  const old = await fetch(`${town.url}/negozio`, { redirect: "manual" });
  assert.deepEqual([old.status, old.headers.get("location")], [308, "/shop"]);
});

test("the scripts before the scanner are light", async (t) => {
  const page = await openPage(browser, town);
  const loaded = new Map();
  page.on("response", async (response) => {
    if (response.request().resourceType() === "script") loaded.set(new URL(response.url()).pathname, Number(response.headers()["content-length"]));
  });
  await openTill(page, town);
  await page.locator(".tiles").waitFor();
  for (const name of ["operations", "help", "till", "pay"]) {
    await page.evaluate((name) => (location.hash = name), name);
    await page.locator("h1").waitFor({ state: "attached" });
  }
  const sum = [...loaded.values()].reduce((sum, bytes) => sum + bytes, 0);
  for (const [path, bytes] of loaded) t.diagnostic(`${path} ${bytes} bytes`);
  t.diagnostic(`all scripts before the scanner: ${sum} bytes compressed, of ${JS_BYTES_MAX} allowed`);
  assert.ok(loaded.size > 0 && sum > 0 && sum <= JS_BYTES_MAX);
  await closePage(page);
});

test("the first screen on a slow phone and network: how long it takes is printed, not judged", async (t) => {
  const page = await openPage(browser, town);
  const wire = await page.context().newCDPSession(page);
  await wire.send("Network.emulateNetworkConditions", { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 90_000 });
  await wire.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  await page.goto("/shop", { waitUntil: "commit" });
  await page.locator("#enrol").waitFor();
  const usable = await page.evaluate(() => performance.now());
  t.diagnostic(`first usable screen after ${Math.round(usable)} ms with 1.6 Mbit/s, 150 ms and a CPU four times as slow`);
  await closePage(page);
});

test("without network the app opens, shows help, and takes nothing", async () => {
  const page = await openPage(browser, town, { worker: true });
  page.expected.push(/ERR_INTERNET_DISCONNECTED/, /Failed to load resource/);
  await openTill(page, town);
  await installed(page);
  await page.context().setOffline(true);
  await page.reload();
  await page.locator(".tiles").waitFor();
  await page.locator("#offline", { hasText: "non puoi incassare" }).waitFor();
  assert.match(await page.locator("#who").innerText(), new RegExp(town.demo.terminals[0].shop));
  await page.locator("nav a[href='#help']").click();
  await page.locator(".steps img").first().waitFor();
  const drawn = await page.locator(".steps img").evaluateAll((all) => Promise.all(all.map((img) => img.decode().then(() => img.naturalWidth))));
  assert.ok(drawn.every((width) => width > 0), "the pictures are kept too");
  await page.locator(".contacts a[href^='tel:']").waitFor();
  await typeCode(page, town.demo.vouchers[50].code);
  await page.locator("#notice", { hasText: "Non è stato preso nulla" }).waitFor();
  const kept = await page.evaluate(async () => {
    const all = await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)));
    return all.flat();
  });
  assert.ok(kept.includes("/shop") && kept.every((path) => path === "/shop" || path.startsWith("/assets/")), kept.join(" "));
  await page.context().setOffline(false);
  await closePage(page);
});

test("a chosen language stays without network", async () => {
  const page = await openPage(browser, town, { worker: true });
  page.expected.push(/ERR_INTERNET_DISCONNECTED/, /Failed to load resource/);
  await openTill(page, town);
  await installed(page);
  await page.reload();
  await page.locator(".language").click();
  await page.locator("nav a", { hasText: "Take payment" }).waitFor();
  // the new language's worker reloads the page when it takes over: that comes first
  const english = () => page.evaluate(() => navigator.serviceWorker.controller?.scriptURL.endsWith("lang=en")).catch(() => false);
  while (!(await english())) await new Promise((done) => setTimeout(done, 50));
  await page.waitForLoadState();
  await page.locator("nav a", { hasText: "Take payment" }).waitFor();
  await page.context().setOffline(true);
  await page.goto("/shop");
  await page.locator("nav a", { hasText: "Take payment" }).waitFor();
  await page.context().setOffline(false);
  await closePage(page);
});

/** Another version from now on: the page in another language is one, as after an upgrade. */
const publish = (page) => page.evaluate(() => navigator.serviceWorker.register("/shop/worker.js?lang=en", { scope: "/shop" }).then(() => true));

/** Waits until a worker stands before the door. */
async function waiting(page) {
  const there = () => page.evaluate(async () => Boolean((await navigator.serviceWorker.getRegistration("/shop")).waiting));
  while (!(await there())) await new Promise((done) => setTimeout(done, 50));
}

const versions = (page) => page.evaluate(() => caches.keys());

test("a worker that is handed another version's page is not installed", async () => {
  const { data: script } = await town.call("GET", "/shop/worker.js?lang=it");
  const { data: ours } = await town.call("GET", "/shop?lang=it");
  // what a worker asks for goes past the test: so it is run here
  const install = async (page) => {
    const [heard, kept] = [{}, []];
    const cache = { addAll: async () => undefined, put: async (path) => kept.push(path) };
    const self = { location: new URL("/shop/worker.js?lang=it", town.url), addEventListener: (event, act) => (heard[event] = act) };
    runInNewContext(script, { self, URL, caches: { open: async () => cache }, fetch: async () => new Response(page) });
    let done;
    heard.install({ waitUntil: (promise) => (done = promise) });
    await done;
    return kept;
  };
  assert.deepEqual(await install(ours), ["/shop"]);
  for (const name of ["shop", "page"]) {
    const other = ours.replace(new RegExp(`/assets/${name}-[0-9a-f]{8}`), `/assets/${name}-00000000`);
    assert.notEqual(other, ours);
    await assert.rejects(install(other));
  }
});

/** Pays while another version waits, and gives whether that one came at the end. */
async function paysFirst() {
  const page = await openPage(browser, town, { worker: true });
  page.expected.push(/ERR_FAILED/, /Failed to load resource/);
  await openTill(page, town);
  await installed(page);
  await page.reload();
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  const [first] = await versions(page);
  let down = true;
  await page.context().route("**/v1/redemptions", (route) => (down ? route.abort() : route.continue()));
  const voucher = town.demo.vouchers[51];
  await typeCode(page, voucher.code);
  await page.locator(".pad").waitFor();
  await keyIn(page, 150);
  await page.locator("#take").click();
  await page.locator("#yes").click();
  await page.locator("#result.wait").waitFor();
  await publish(page);
  await waiting(page);
  assert.ok((await versions(page)).includes(first), "the version that is paying stays");
  await page.locator("#result.wait").waitFor();
  down = false;
  await page.locator("#result.done", { hasText: "1,50" }).waitFor();
  assert.ok(await page.evaluate(async () => Boolean((await navigator.serviceWorker.getRegistration("/shop")).waiting)), "the result is still being read");
  await page.evaluate(() => {
    const { postMessage } = ServiceWorker.prototype;
    window.told = [];
    ServiceWorker.prototype.postMessage = function (word) {
      window.told.push(word);
      postMessage.call(this, word);
    };
  });
  // back on the first screen nobody loses anything
  const reloaded = page.waitForEvent("load", { timeout: 10_000 }).then(() => true, () => false);
  await page.evaluate(() => (location.hash = "start"));
  if (!(await reloaded)) {
    assert.deepEqual(await page.evaluate(() => window.told), ["take-over"], "the app has done its part");
    await closePage(page);
    return false;
  }
  await page.locator(".tiles", { hasText: "Take payment" }).waitFor();
  const after = await versions(page);
  assert.ok(after.length === 1 && after[0] !== first, "the old version's files are gone");
  await closePage(page);
  return true;
}

test("a new version waits for the end of a payment, and then comes by itself", async () => {
  // Chromium 156 keeps the old worker for minutes, one time in ten, although it was told that the new one takes over
  for (let turn = 1; !(await paysFirst()); turn += 1) assert.ok(turn < 4, "it does not come");
});

test("a new version that came while money was moved comes as soon as that is done", async () => {
  const page = await openPage(browser, town, { worker: true });
  await openTill(page, town);
  await installed(page);
  await page.reload();
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  // as another window does that settles a payment
  await page.evaluate(() => new Promise((held) => {
    const done = new Promise((free) => (window.free = free));
    void navigator.locks.request("buono.money", () => (held(true), done));
  }));
  await publish(page);
  await waiting(page);
  const reloaded = page.waitForEvent("load");
  await page.evaluate(() => window.free());
  await reloaded;
  await page.locator(".tiles", { hasText: "Take payment" }).waitFor();
  await closePage(page);
});

test("nothing of the interface goes through the worker's hands", async () => {
  const { data, headers } = await town.call("GET", "/shop/worker.js");
  assert.equal(headers.get("service-worker-allowed"), "/shop");
  assert.equal(headers.get("cache-control"), "no-cache");
  assert.doesNotMatch(data, /\/v1\//);
});
