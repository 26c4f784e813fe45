// Follows the voucher: an event for each change, the parts that changed from the server, and a
// sentence that says so when the balance may be old.

/** A stream says that it is alive every fifteen seconds: silent for three times as long, it is dead. */
const SILENCE_MS = 45000;
/** A stream that comes back at once is not worth a word. */
const GRACE_MS = 3000;
/** How soon to try again what the server refused, or what did not arrive. */
const RETRY_MS = 10000;
const ANSWER_MS = 15000;
/** The next QR is asked for a moment after this one is over. */
const ROTATION_MS = 300;

type State = "live" | "offline";

const part = (name: string, within: ParentNode = document) => within.querySelector<HTMLElement>(`[data-part=${name}]`);

/** The code to be said where the QR cannot be read, which somebody may just be reading out. */
const spoken = (within: ParentNode) => within.querySelector<HTMLDetailsElement>("details.spoken");

/** Whether the code was replaced. */
const replaced = () => document.querySelector("[data-part=balance] [data-over]") !== null;

/** What is another at every look and tells nothing new: the moment, and a QR that changes. */
const passing = (within: ParentNode) => Array.from(within.querySelectorAll("[data-passing]"));

/** What a part tells: without what passes, what is shown or hidden here, and what somebody has opened. */
function told(part: HTMLElement): string {
  const copy = part.cloneNode(true) as HTMLElement;
  passing(copy).forEach((node) => node.remove());
  copy.querySelectorAll("[data-when], details").forEach((node) => ["hidden", "open"].forEach((name) => node.removeAttribute(name)));
  return copy.innerHTML.trim();
}

/** Puts what came in the place of what is there. Where it tells the same, only what passes is put there: nobody
    hears the balance again that has not changed, or loses their place. */
function swap(fresh: Document): void {
  for (const name of ["balance", "code", "movements"]) {
    const [old, now] = [part(name), part(name, fresh)];
    if (!old || !now) continue;
    if (now.dataset.seq) old.dataset.seq = now.dataset.seq;
    if (told(old) !== told(now)) {
      // not in one call, which old phones do not have: this page is to weigh little, and brings nothing for them
      old.textContent = "";
      old.append(...Array.from(now.childNodes));
      continue;
    }
    const next = passing(now);
    passing(old).forEach((node, at) => next[at] && node.replaceWith(next[at]));
  }
  // what would only lead to a refusal, or tell of nothing
  if (replaced()) document.querySelectorAll("[data-in-force]").forEach((node) => node.remove());
}

/** Whether what came is of another voucher than the page. A phone has one session, of the voucher opened last, and may
    have the pages of several open: between those nothing is exchanged. */
function ofAnother(fresh: Document): boolean {
  const now = part("balance", fresh);
  // somebody on the way answers with a page of their own
  if (!now) throw new Error("foreign");
  return now.dataset.voucher !== part("balance")?.dataset.voucher;
}

/** The page's parts as the server answers; fails when that takes too long, also where a request cannot be stopped. */
function fetched(): Promise<[status: number, html: string]> {
  const abort = "AbortController" in window ? new AbortController() : undefined;
  return new Promise((done, failed) => {
    const timer = setTimeout(() => {
      abort?.abort();
      failed(new Error("late"));
    }, ANSWER_MS);
    fetch("/v/buono/parti", { cache: "no-store", signal: abort?.signal ?? null })
      .then(async (answer) => done([answer.status, await answer.text()]))
      .catch(failed)
      .finally(() => clearTimeout(timer));
  });
}

/** Starts following; what it returns brings the page up to date now, and tells whether it stays: another may come in
    its place. */
export function follow(): () => Promise<boolean> {
  let source: EventSource | undefined;
  let state: State | undefined;
  let silence: number | undefined;
  let grace: number | undefined;
  let retry: number | undefined;
  let rotation: number | undefined;
  let running: Promise<boolean> | undefined;
  let again = false;
  /** Whether the stream broke: it comes back with the session of then, which may be another voucher's. */
  let broken = false;

  function show(now: State | undefined): void {
    state = now;
    clearTimeout(grace);
    grace = undefined;
    document.documentElement.classList.toggle("stale", state === "offline");
    document.querySelectorAll<HTMLElement>("[data-when]").forEach((note) => {
      note.hidden = note.dataset.when !== state;
    });
    const code = spoken(document);
    // the till would refuse the QR that is there
    if (code && state === "offline") code.open = true;
  }

  /** Where the QR changes, asks for the next one when this one is over: by the server's clock, not the phone's. */
  function awaitRotation(): void {
    clearTimeout(rotation);
    const left = document.querySelector<HTMLElement>("[data-rotates-ms]")?.dataset.rotatesMs;
    if (left === undefined) return;
    rotation = setTimeout(() => {
      // whoever looks again later gets a new one then
      if (document.visibilityState === "visible") void refresh();
    }, Number(left) + ROTATION_MS);
  }

  /** Whether the page stays. */
  async function fetchParts(): Promise<boolean> {
    try {
      const [status, html] = await fetched();
      const over = status === 401 || status === 404;
      if (!over && status !== 200) throw new Error(String(status));
      const fresh = new DOMParser().parseFromString(html, "text/html");
      if (over || ofAnother(fresh)) {
        // the server shows what there is to see now: all of the session's voucher, or kindly that it asks for the code
        location.replace("/v/buono");
        return false;
      }
      swap(fresh);
      awaitRotation();
      show("live");
    } catch {
      show("offline");
      later();
    }
    return true;
  }

  // one at a time; whoever asks meanwhile gets another round after it
  function refresh(): Promise<boolean> {
    again = running !== undefined;
    running ??= fetchParts().then((stays) => {
      running = undefined;
      return stays && again ? refresh() : stays;
    });
    return running;
  }

  function heard(): void {
    clearTimeout(silence);
    silence = setTimeout(anew, SILENCE_MS);
  }

  function changed(event: MessageEvent<string>): void {
    heard();
    const { voucher_seq: seq } = JSON.parse(event.data) as { voucher_seq: number };
    const same = !broken && state !== "offline" && part("balance")?.dataset.seq === String(seq);
    broken = false;
    if (same) return show("live");
    void refresh();
  }

  function lost(): void {
    broken = true;
    grace ??= setTimeout(() => show("offline"), GRACE_MS);
    if (source?.readyState !== EventSource.CLOSED) return;
    // refused, not interrupted: asking for the page tells why
    later();
    void refresh();
  }

  function connect(): void {
    clearTimeout(retry);
    source?.close();
    // a code that was replaced shows nothing more, so that there is nothing to follow
    if (replaced()) return;
    source = new EventSource("/v1/citizen/voucher/events");
    source.addEventListener("voucher", changed);
    source.addEventListener("alive", heard);
    source.addEventListener("error", lost);
    heard();
  }

  /** The stream and what it may have missed. */
  function anew(): void {
    connect();
    void refresh();
  }

  function later(): void {
    clearTimeout(retry);
    retry = setTimeout(anew, RETRY_MS);
  }

  addEventListener("offline", () => show("offline"));
  addEventListener("online", anew);
  document.addEventListener("visibilitychange", () => {
    // a phone that slept may have missed everything
    if (document.visibilityState === "visible") void refresh();
  });
  connect();
  awaitRotation();
  return refresh;
}
