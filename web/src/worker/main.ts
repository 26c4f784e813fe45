// The shop app's service worker: the app opens without network, and a new version waits until the page
// says that no payment is on its way. It never touches a call to the interface: what the server says
// of money is never kept and never made up.
interface Shell {
  /** Changes with everything that the page is made of. */
  version: string;
  files: string[];
}

declare const self: ServiceWorkerGlobalScope & { SHELL: Shell };

const PAGE = "/shop";
const { version, files } = self.SHELL;
const name = `shop-${version}`;

/** The scripts and styles that a page names: all of them are here, where page and worker are of one version. */
async function belongs(page: Response): Promise<boolean> {
  const named = (await page.text()).match(/\/assets\/[^"]+\.(?:js|css)/g) ?? [];
  return named.every((file) => files.includes(file));
}

async function install(): Promise<void> {
  const cache = await caches.open(name);
  await cache.addAll(files);
  // in the language of the page that has registered this worker
  const fresh = await fetch(PAGE + self.location.search, { cache: "no-cache" });
  if (!fresh.ok) throw new Error(String(fresh.status));
  // while nodes of two versions run, the page may be the other one's: the worker that is there stays, and the next
  // update tries again
  if (!(await belongs(fresh.clone()))) throw new Error(version);
  await cache.put(PAGE, fresh);
}

/** Only this version's files stay. */
async function tidy(): Promise<void> {
  const old = (await caches.keys()).filter((other) => other.startsWith("shop-") && other !== name);
  await Promise.all(old.map((other) => caches.delete(other)));
  await self.clients.claim();
}

/** The page as it was installed; one in a newly chosen language takes its place. */
async function page(request: Request): Promise<Response> {
  const kept = await caches.match(PAGE, { cacheName: name, ignoreVary: true });
  if (kept && !new URL(request.url).search) return kept;
  try {
    const fresh = await fetch(request);
    if (fresh.ok && (await belongs(fresh.clone()))) await (await caches.open(name)).put(PAGE, fresh.clone());
    return fresh;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

/** A file with a hash in its name never changes: what was fetched once is kept. */
async function file(request: Request): Promise<Response> {
  const kept = await caches.match(request, { ignoreVary: true });
  if (kept) return kept;
  const fresh = await fetch(request);
  if (fresh.ok) await (await caches.open(name)).put(request, fresh.clone());
  return fresh;
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(tidy()));
self.addEventListener("message", (event) => {
  if (event.data === "take-over") void self.skipWaiting();
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate" && url.pathname === PAGE) event.respondWith(page(request));
  else if (url.pathname.startsWith("/assets/")) event.respondWith(file(request));
});

// compiled as a script of its own
export {};
