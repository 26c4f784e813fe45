// What this shop took today, undoing it, and the list as a file.
import { button, byId, el, onSubmit } from "../shared/dom";
import { ask } from "../shared/dialog";
import { save } from "../shared/http";
import { euro, t, time, today as dayInRome } from "../shared/texts";
import { SETTLED, carryOut } from "./carry";
import { showOffline, showProblem } from "./result";
import { bearer, tillCall, type Operation } from "./till";

interface Page {
  items: Operation[];
  next_cursor: string | null;
  totals?: { amount_cents: number };
}

async function undo(operation: Operation): Promise<void> {
  const cents = operation.amount_cents - operation.reversed_cents;
  const amount = euro(cents);
  const sure = await ask({
    title: t("till-undo-title", { amount }),
    text: t("till-undo-text", { code: operation.receipt_code }),
    yes: t("till-undo-yes"),
    no: t("till-cancel"),
    style: "btn-danger",
    wary: true,
  });
  if (!sure) return;
  await carryOut({
    kind: "undo",
    // of one operation everything that is left is undone once: the key says so, also in another tab
    key: `undo-${operation.operation_id}`,
    path: `/v1/operations/${operation.operation_id}/reversals`,
    body: { reason: t("till-undo-reason") },
    cents,
    at: Date.now(),
  });
}

function line(operation: Operation): HTMLLIElement {
  const left = operation.amount_cents - operation.reversed_cents;
  const reversal = operation.kind === "reversal";
  const what = reversal ? t("till-row-reversal") : left === 0 ? t("till-row-undone") : undefined;
  const text = [time(operation.decided_at), operation.receipt_code, what].filter(Boolean).join(" · ");
  const item = el("li", {}, el("span", {}, el("strong", { textContent: `${reversal ? "\u2212" : ""}${euro(operation.amount_cents)}` }), el("small", { textContent: text })));
  if (!reversal && left > 0) {
    const again = button(t("till-undo"), () => undo(operation));
    again.setAttribute("aria-label", t("till-undo-label", { amount: euro(left), time: time(operation.decided_at) }));
    item.append(again);
  }
  return item;
}

/** Shows today's list as it is now. */
export async function today(): Promise<void> {
  const all: Operation[] = [];
  let total = 0;
  try {
    for (let cursor: string | null = ""; cursor !== null; ) {
      const after: string = cursor ? `&cursor=${cursor}` : "";
      const { ok, data }: { ok: boolean; data: Page } = await tillCall<Page>(`/v1/operations?limit=500&from=${dayInRome()}${after}`);
      if (!ok) return;
      all.push(...data.items);
      total = data.totals?.amount_cents ?? total;
      cursor = data.next_cursor;
    }
  } catch {
    // the list stays as it was; whatever is begun next says that there is no network
    return;
  }
  byId("total").textContent = t("till-total", { amount: euro(total) });
  const lines = all.reverse().map((operation) => line(operation));
  byId("operations").replaceChildren(...(lines.length ? lines : [el("li", { textContent: t("till-nothing-yet") })]));
}

/** Makes list and download work. */
export function startLists(): void {
  document.addEventListener(SETTLED, () => void today());
  const [from, to] = [byId<HTMLInputElement>("from"), byId<HTMLInputElement>("to")];
  from.value = to.value = dayInRome();
  onSubmit("download", async () => {
    try {
      const range = new URLSearchParams({ format: "csv", from: from.value, to: to.value });
      const answer = await fetch(`/v1/operations?${range}`, { headers: { ...bearer(), "Accept-Language": document.documentElement.lang } });
      const name = [t("till-file"), from.value, to.value].join("-");
      if (answer.ok) save(await answer.blob(), `${name}.csv`);
      else showProblem(await answer.json());
    } catch {
      showOffline();
    }
  });
}
