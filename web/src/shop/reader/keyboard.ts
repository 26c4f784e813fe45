// A USB or Bluetooth scanner is a keyboard: it types the text and Enter. A voucher's text begins with a
// letter and amounts do not, so wherever the app stands a letter begins a scan, whose characters
// reach nothing else: neither an amount nor a question is answered by a scanner.

/** A scanner types much faster: what comes after such a silence does not belong to what came before. */
const SILENCE_MS = 300;

/** A field that is made for words, or for the code itself. */
function words(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input:not([data-digits]), select, textarea");
}

/** Hands on what is scanned while `listening`. */
export function startKeyboard(listening: () => boolean, scanned: (text: string) => void): void {
  let text = "";
  let last = 0;
  addEventListener("keydown", (event) => {
    // a letter that was touched by mistake swallows nothing
    if (event.timeStamp - last > SILENCE_MS) text = "";
    last = event.timeStamp;
    if (!listening() || words(event.target) || event.ctrlKey || event.metaKey || event.altKey) {
      text = "";
      return;
    }
    const ends = event.key === "Enter" && text !== "";
    const goesOn = event.key.length === 1 && (text !== "" || /[a-z]/i.test(event.key));
    if (!ends && !goesOn) {
      if (event.key === "Escape") text = "";
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (goesOn) {
      text += event.key;
      return;
    }
    const whole = text;
    text = "";
    scanned(whole);
  }, true);
}
