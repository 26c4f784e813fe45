// The service worker's other half: a new version takes over when no payment is on its way in any window
// and nobody is in the middle of one.
import { alone, busy } from "./money/carry";
import { unsettled } from "./money/attempts";
import { lang } from "../shared/texts";
import { current, TURNED } from "./router";

const LOOK_MS = 3_600_000;

/** Nobody would lose anything by a reload. */
const idle = () => !busy() && current() === "start";

let asking = false;

/** Lets the waiting version in, if nothing is unsettled; while this or another window is at it, as soon as it is done. */
async function letIn(registration: ServiceWorkerRegistration): Promise<void> {
  if (asking || !registration.waiting || !idle()) return;
  asking = true;
  try {
    await alone(async () => {
      if (idle() && !(await unsettled()).length) registration.waiting?.postMessage("take-over");
    });
  } finally {
    asking = false;
  }
}

/** Installs the worker, and follows its new versions. */
export function keepUpToDate(): void {
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (!workers) return;
  let before = workers.controller;
  let changed = false;
  const reload = () => {
    if (changed && idle()) location.reload();
  };
  workers.addEventListener("controllerchange", () => {
    // the first worker ever changes nothing for a page that came from the network
    changed ||= before !== null;
    before = workers.controller;
    reload();
  });
  void workers.register(`/shop/worker.js?lang=${lang}`, { scope: "/shop", updateViaCache: "none" }).then((registration) => {
    const look = () => void letIn(registration);
    const follow = () => registration.installing?.addEventListener("statechange", look);
    registration.addEventListener("updatefound", follow);
    // what was found before anybody listened
    follow();
    look();
    document.addEventListener(TURNED, () => {
      look();
      reload();
    });
    setInterval(() => void registration.update().catch(() => undefined), LOOK_MS);
  }, (error: unknown) => console.warn(error));
}
