// What a scanned or typed text is, before the server is asked: a mistyped character is found here, at
// once and without network. The form is the one of `store/src/codes.rs`.
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LEN = 12;
const TOKEN_LEN = 26;
/** Of a QR that changes with time: minute, tag and hidden code. */
const ROTATING_LEN = 31;

/** What it is. */
export type Read =
  | { kind: "voucher"; text: string }
  | { kind: "training"; text: string }
  /** Letters of a code, but not one. */
  | { kind: "mistyped" }
  /** Something else: another QR, a product. */
  | { kind: "foreign" };

/** A weighted sum modulo 31 catches every single wrong character and every swap of neighbours. */
function checks(code: string): boolean {
  const sum = Array.from(code.slice(0, CODE_LEN)).reduce((sum, letter, at) => sum + (at + 1) * ALPHABET.indexOf(letter), 0);
  return code[CODE_LEN] === ALPHABET[sum % 31];
}

/** Reads the QR's text, a code with or without dashes in any case, a link or its token. */
export function read(text: string): Read {
  const upper = text.trim().slice(text.trim().lastIndexOf("#") + 1).toUpperCase();
  const training = /^PROVA[^0-9A-Z]*([1-6])$/.exec(upper);
  if (training) return { kind: "training", text: `PROVA-${training[1]}` };
  // a scanner that types for another keyboard makes another sign of the colon: ç on an Italian one
  const normal = upper.replace(/^BUONO[^0-9A-Z]+/, "").replace(/[-\s]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  if (!normal || Array.from(normal).some((letter) => !ALPHABET.includes(letter))) return { kind: "foreign" };
  if ([TOKEN_LEN, ROTATING_LEN].includes(normal.length) || (normal.length === CODE_LEN + 1 && checks(normal))) return { kind: "voucher", text: normal };
  return { kind: "mistyped" };
}

/** Whether the text that was read comes from a QR that changes: a till is refused it a minute or two later. */
export const rotating = (text: unknown) => typeof text === "string" && text.length === ROTATING_LEN;
