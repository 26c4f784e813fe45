// An amount as it is keyed in at a till: digits push in from the right, 1 2 3 0 is 12,30. Who types a
// comma, as on a computer, has said where the cents begin.

/** So far. */
export interface Amount {
  cents: number;
  /** Digits after the comma; nothing without a comma. */
  after?: number;
  /** It was given as a whole, and no key adds to it. */
  whole?: boolean;
}

const CENTS_MAX = 9_999_999;

/** Nothing yet. */
export const EMPTY: Amount = { cents: 0 };

function digit({ cents, after }: Amount, value: number): Amount {
  if (after === undefined) return { cents: cents * 10 + value };
  if (after === 2) return { cents, after };
  return { cents: cents + value * (after === 0 ? 10 : 1), after: after + 1 };
}

/** After a key: a digit, `00`, a comma or point, or `Backspace`. */
export function press(before: Amount, key: string): Amount {
  const amount = before.whole ? EMPTY : before;
  let next = amount;
  if (/^\d+$/.test(key)) for (const one of key) next = digit(next, Number(one));
  else if ((key === "," || key === ".") && amount.after === undefined) next = { cents: amount.cents * 100, after: 0 };
  else if (key === "Backspace") next = { cents: amount.after === undefined ? Math.floor(amount.cents / 10) : 0 };
  return next.cents > CENTS_MAX ? amount : next;
}
