// The camera: our own reader where the browser has none, the browser's where it has one, and plain words
// where there is no picture.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { closePage, openPage, openTill, openVoucher, startBrowser } from "./lib/browser.mjs";
import { startTown } from "./lib/server.mjs";
import { film } from "./lib/video.mjs";

const CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

let plain;
let filming;
let town;
before(async () => {
  [plain, town] = [await startBrowser(), await startTown()];
  const page = await openPage(plain, town);
  await openVoucher(page, town.demo.vouchers[40]);
  const video = join(town.data, "camera.y4m");
  await film(plain, await page.locator(".qr svg").evaluate((svg) => svg.outerHTML), video);
  await closePage(page);
  filming = await startBrowser([...CAMERA, `--use-file-for-fake-video-capture=${video}`]);
});
after(async () => {
  await plain?.close();
  await filming?.close();
  await town?.end();
});

async function till(browser, prepare) {
  const page = await openPage(browser, town);
  if (prepare) await page.addInitScript(prepare);
  await openTill(page, town);
  return page;
}

test("the camera reads a voucher, and the reader comes only with it", async () => {
  const page = await till(filming);
  const fetched = [];
  page.on("request", (request) => fetched.push(new URL(request.url()).pathname));
  await page.locator(".tiles").waitFor();
  assert.ok(!fetched.some((path) => /scanner|wasm/.test(path)), "nobody has opened a camera yet");
  await page.locator(".tiles a[href='#pay']").click();
  await page.locator(".pad").waitFor();
  assert.match(await page.locator("#available").innerText(), /\d+,\d\d/);
  assert.ok(fetched.some((path) => /^\/assets\/zxing_reader-\w+\.wasm$/.test(path)), "the reader is served by us");
  await closePage(page);
});

test("the reader is fetched once nobody waits for it, so that the first customer does not", async () => {
  const page = await till(filming);
  await page.waitForRequest(/zxing_reader-\w+\.wasm$/, { timeout: 20_000 });
  await page.locator(".tiles").waitFor();
  await closePage(page);
});

test("while the reader is on its way the picture says so", async () => {
  const page = await till(filming);
  let free;
  const held = new Promise((done) => (free = done));
  await page.route("**/*.wasm", async (route) => (await held, route.continue()));
  await page.locator(".tiles a[href='#pay']").click();
  await page.locator(".preparing", { hasText: "Preparo il lettore" }).waitFor();
  free();
  await page.locator(".pad").waitFor();
  await closePage(page);
});

test("a browser that compiles no reader says so, and offers no second try", async () => {
  const page = await till(filming, () => {
    const refuse = () => { throw new WebAssembly.CompileError("refused"); };
    WebAssembly.Module = refuse;
    for (const name of ["compile", "compileStreaming", "instantiate", "instantiateStreaming"]) WebAssembly[name] = async () => refuse();
  });
  page.expected.push(/wasm|refused|Aborted|instantiation/);
  await page.locator(".tiles a[href='#pay']").click();
  await page.locator(".trouble", { hasText: "non sa leggere con la fotocamera" }).waitFor();
  assert.equal(await page.locator("#camera button").count(), 0);
  await page.locator("#voucher").waitFor();
  await closePage(page);
});

test("a till joins by the municipality's QR, read in the app, and by no other", async () => {
  const page = await openPage(filming, town);
  await page.addInitScript(`let seen = 0; window.BarcodeDetector = class {
    static async getSupportedFormats() { return ["qr_code"]; }
    async detect(video) { seen += video.videoWidth ? 1 : 0; return seen ? [{ rawValue: !window.shown ? "BUONO:AAAA" : "https://x.example/shop#join=PROVA-2026" }] : []; }
  }`);
  await page.goto("/shop");
  await page.locator(".camera button").click();
  await page.locator("#notice", { hasText: "Questo non è il codice" }).waitFor();
  await page.evaluate(() => (window.shown = true));
  await page.waitForFunction(() => document.querySelector("#enrolment").value === "PROVA-2026");
  assert.equal(await page.locator("video").count(), 0, "the camera is given back");
  await page.locator("#join").click();
  await page.locator(".tiles").waitFor();
  await closePage(page);
});

test("a browser that reads codes itself needs no other reader", async () => {
  const page = await till(filming, `window.BarcodeDetector = class {
    static async getSupportedFormats() { return ["qr_code"]; }
    async detect(video) { return video.videoWidth ? [{ rawValue: ${JSON.stringify(town.demo.vouchers[41].qr_text)} }] : []; }
  }`);
  page.on("request", (request) => assert.doesNotMatch(request.url(), /scanner|wasm/));
  await page.locator(".tiles a[href='#pay']").click();
  await page.locator(".pad").waitFor();
  await closePage(page);
});

test("a code that is no voucher is said, and the camera goes on", async () => {
  const page = await till(filming, `window.BarcodeDetector = class {
    static async getSupportedFormats() { return ["qr_code"]; }
    async detect() { return [{ rawValue: !window.shown ? "https://example.org" : ${JSON.stringify(town.demo.vouchers[42].qr_text)} }]; }
  }`);
  await page.locator(".tiles a[href='#pay']").click();
  await page.locator("#notice", { hasText: "Questo non è un buono" }).waitFor();
  await page.evaluate(() => (window.shown = true));
  await page.locator(".pad").waitFor();
  await closePage(page);
});

test("a camera that is refused, or not there, says what to do", async () => {
  const refused = await till(filming, "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError') }");
  await refused.locator(".tiles a[href='#pay']").click();
  await refused.locator(".trouble", { hasText: "non è permessa" }).waitFor();
  await closePage(refused);
  const missing = await till(plain);
  await missing.locator(".tiles a[href='#pay']").click();
  await missing.locator(".trouble", { hasText: "non ha una fotocamera" }).waitFor();
  await missing.locator("#voucher").fill(town.demo.vouchers[43].code);
  await missing.locator("#look").click();
  await missing.locator(".pad").waitFor();
  await closePage(missing);
});

test("a reader that did not load says so, and comes when it is tried again", async () => {
  const page = await till(filming);
  page.expected.push(/wasm/i, /ERR_FAILED/, /Aborted/, /falling back/);
  await page.route("**/*.wasm", (route) => route.abort());
  await page.locator(".tiles a[href='#pay']").click();
  await page.locator(".trouble", { hasText: "Il lettore non si è caricato" }).waitFor();
  await page.unroute("**/*.wasm");
  await page.locator(".camera button").click();
  await page.locator(".pad").waitFor();
  await closePage(page);
});

test("a camera that stops by itself says so, and is tried again", async () => {
  const page = await till(filming, `const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => { window.stream = await get(wish); return window.stream; };
    window.BarcodeDetector = class { static async getSupportedFormats() { return ["qr_code"]; } async detect() { return []; } }`);
  await page.locator(".tiles a[href='#pay']").click();
  await page.waitForFunction(() => document.querySelector("video")?.videoWidth > 0);
  await page.evaluate(() => window.stream.getTracks()[0].dispatchEvent(new Event("ended")));
  await page.locator(".trouble", { hasText: "si è fermata" }).waitFor();
  await page.locator(".camera button").click();
  await page.waitForFunction(() => document.querySelector("video")?.videoWidth > 0);
  await closePage(page);
});

test("the camera is given back when its screen goes, and stays off when that was chosen", async () => {
  const page = await till(filming, `window.tracks = []; const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => { const stream = await get(wish); window.tracks.push(...stream.getTracks()); return stream; };
    window.BarcodeDetector = class { static async getSupportedFormats() { return ["qr_code"]; } async detect() { return []; } }`);
  await page.locator(".tiles a[href='#pay']").click();
  await page.waitForFunction(() => document.querySelector("video")?.videoWidth > 0);
  await page.locator(".camera button").click();
  await page.waitForFunction(() => window.tracks.length === 1 && window.tracks.every((track) => track.readyState === "ended"));
  await page.goBack();
  await page.locator(".tiles a[href='#pay']").click();
  await page.locator(".camera .btn-primary").click();
  await page.waitForFunction(() => document.querySelector("video")?.videoWidth > 0);
  await page.goBack();
  await page.waitForFunction(() => window.tracks.length === 2 && window.tracks.every((track) => track.readyState === "ended"));
  await closePage(page);
});
