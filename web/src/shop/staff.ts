// Who is at this till, as the server last told it. No payment asks or waits for it; where the shop names nobody there
// is nothing to see.
import { enrolled, known, remember, tillCall, type StaffHere } from "./till";
import { inTraining } from "./training/mode";

/** Told to the page when somebody else is at the till, or works here. */
export const STAFFED = "staffed";

/** Somebody who works here. */
export interface Person {
  staff_id: string;
  label: string;
  has_pin: boolean;
}

/** Who works here and who is at the till; nothing where there is nobody to choose. */
export function staffHere(): StaffHere | undefined {
  const here = enrolled() && !inTraining() ? known()?.staff : undefined;
  return here?.people ? here : undefined;
}

/** Keeps what has changed. */
export function setHere(change: Partial<StaffHere>): void {
  const shop = known();
  if (!shop) return;
  remember({ ...shop, staff: { people: 0, at_till: null, ...shop.staff, ...change } });
  document.dispatchEvent(new Event(STAFFED));
}

/** Everybody who works here; throws when the server cannot be asked, or says no. */
export async function everybody(): Promise<Person[]> {
  const all: Person[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const path: string = `/v1/staff?limit=100${cursor ? `&cursor=${cursor}` : ""}`;
    const answer: { ok: boolean; status: number; data: { items: Person[]; next_cursor: string | null } } = await tillCall(path);
    if (!answer.ok) throw new Error(String(answer.status));
    all.push(...answer.data.items);
    cursor = answer.data.next_cursor;
  }
  return all;
}
