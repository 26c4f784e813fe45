// A USB or Bluetooth scanner is a keyboard: it types the text and Enter. A voucher's text begins with a
// letter and amounts do not, so wherever the app stands a letter begins a scan, whose characters
// reach nothing else. A product of the shop's is digits alone: more in a row than an amount or a PIN has, and
// the Enter behind them, are one that was scanned by mistake. So no question is answered by a scanner.

/** A scanner types much faster: what comes after such a silence does not belong to what came before. */
const SILENCE_MS = 300;
/** The fewest digits of a product; amounts and PINs have fewer. */
const PRODUCT_LEN = 8;

/** A field that is made for words, or for the code itself. */
function words(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input:not([data-digits]), select, textarea");
}

/** Hands on what is scanned while `listening`; `product` hears of one, whose digits have gone where the focus was. */
export function startKeyboard(listening: () => boolean, scanned: (text: string) => void, product: () => void): void {
  let text = "";
  let digits = 0;
  let last = 0;
  const forget = () => {
    text = "";
    digits = 0;
  };
  addEventListener("keydown", (event) => {
    // a letter that was touched by mistake swallows nothing
    if (event.timeStamp - last > SILENCE_MS) forget();
    last = event.timeStamp;
    if (!listening() || words(event.target) || event.ctrlKey || event.metaKey || event.altKey) return forget();
    const goods = text === "" && digits >= PRODUCT_LEN;
    const ends = event.key === "Enter" && (text !== "" || goods);
    const goesOn = event.key.length === 1 && (text !== "" || /[a-z]/i.test(event.key));
    digits = /^\d$/.test(event.key) ? digits + 1 : 0;
    if (!ends && !goesOn) {
      if (event.key === "Escape") forget();
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (goesOn) {
      text += event.key;
      return;
    }
    const whole = text;
    forget();
    if (goods) product();
    else scanned(whole);
  }, true);
}
