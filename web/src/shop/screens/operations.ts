// What the shop has taken: today, this week, this month or any range; totals, each till's share, a
// search by receipt, and the list as a file.
import { button, byId, el } from "../../shared/dom";
import type { Problem } from "../../shared/http";
import { euro, moment, t, time, today } from "../../shared/texts";
import { go, screen, type Screen } from "../router";
import { SETTLED } from "../money/carry";
import { known, tillCall, type Operation } from "../till";
import { inTraining } from "../training/mode";
import { clearShares, drawShares, everybody, only, sharesPlace, whosePlace, type Totals } from "./shares";
import { field, form, hush, notice, saveFile, say, sayOffline, sayProblem, submit } from "./parts";
import { chooseForUndo } from "./undo";

interface Page {
  items: Operation[];
  next_cursor: string | null;
  totals?: Totals;
}

const PERIODS = ["today", "week", "month", "range"] as const;
type Period = (typeof PERIODS)[number];

/** Lines drawn at once: an old phone takes long over thousands. */
const LINES_MAX = 200;

let period: Period = "today";
/** Nothing before somebody has chosen. */
let range: { from: string; to: string } | undefined;
/** Nothing while it is not known. */
let shown: Operation[] | undefined;
let asked = 0;

/** Days as the interface writes them; counted at noon, which no change of the clocks moves to another day. */
function back(days: number): string {
  const at = new Date(`${today()}T12:00:00Z`);
  at.setUTCDate(at.getUTCDate() - days);
  return at.toISOString().slice(0, 10);
}

function days(): { from: string; to: string } {
  if (period === "range" && range) return range;
  if (period === "week") return { from: back((new Date(`${today()}T12:00:00Z`).getUTCDay() + 6) % 7), to: today() };
  return { from: period === "month" ? `${today().slice(0, 8)}01` : today(), to: today() };
}

function line(operation: Operation): HTMLLIElement {
  const left = operation.amount_cents - operation.reversed_cents;
  const reversal = operation.kind === "reversal";
  const partly = operation.reversed_cents > 0 ? t("till-row-partly", { amount: euro(operation.reversed_cents) }) : undefined;
  const what = reversal ? t("till-row-reversal") : left === 0 ? t("till-row-undone") : partly;
  const sealed = operation.sealed ? t("till-row-sealed") : undefined;
  const when = period === "today" ? time(operation.decided_at) : moment(operation.decided_at);
  const text = [when, operation.receipt_code, operation.staff, what, sealed].filter(Boolean).join(" · ");
  const item = el("li", { className: reversal ? "reversal" : "" }, el("span", {}, el("strong", { textContent: `${reversal ? "\u2212" : ""}${euro(operation.amount_cents)}` }), el("small", { textContent: text })));
  if (!reversal && left > 0 && !sealed) {
    const again = button(t("till-undo"), async () => {
      chooseForUndo(operation);
      go("undo");
    });
    again.setAttribute("aria-label", t("till-undo-label", { amount: euro(left), time: time(operation.decided_at) }));
    item.append(again);
  }
  return item;
}

/** Without dashes, and with the letters that are taken for digits as such. */
const bare = (code: string) => code.toUpperCase().replace(/[^0-9A-F]/g, "");

function draw(): void {
  if (!shown) return byId("operations").replaceChildren();
  const wanted = bare(byId<HTMLInputElement>("receipt").value);
  const fitting = shown.filter((operation) => operation.receipt_code.replace("-", "").includes(wanted));
  const nothing = el("li", { textContent: t(wanted ? "till-no-receipt" : "till-nothing-yet") });
  const lines = fitting.slice(0, LINES_MAX).map(line);
  if (fitting.length > LINES_MAX) lines.push(el("li", { textContent: t("till-more-lines", { count: fitting.length - LINES_MAX }) }));
  byId("operations").replaceChildren(...(lines.length ? lines : [nothing]));
}

/** The sum of what is listed. Shares are everybody's, also while the list is one's. */
function drawTotals(totals: Totals): void {
  byId("total").textContent = t("till-total", { amount: euro(totals.amount_cents), count: totals.count });
  if (!Object.keys(only()).length) drawShares(totals, anew);
}

/** Nothing of other days stays while these are asked for, or do not come. */
function empty(): void {
  shown = undefined;
  draw();
  byId("total").textContent = "";
  if (!Object.keys(only()).length) clearShares();
}

/** Reads the period anew. */
async function load(): Promise<void> {
  const mine = (asked += 1);
  const all: Operation[] = [];
  empty();
  const { from, to } = days();
  try {
    for (let cursor: string | null = ""; cursor !== null; ) {
      const query: string = new URLSearchParams({ limit: "500", from, to, ...only(), ...(cursor ? { cursor } : {}) }).toString();
      const answer: { ok: boolean; data: Page & Problem } = await tillCall<Page & Problem>(`/v1/operations?${query}`);
      // another period was chosen, or another screen, meanwhile
      if (mine !== asked || !document.getElementById("operations")) return;
      if (!answer.ok) return sayProblem(answer.data);
      all.push(...answer.data.items);
      if (answer.data.totals) drawTotals(answer.data.totals);
      cursor = answer.data.next_cursor;
    }
  } catch {
    return mine === asked ? sayOffline() : undefined;
  }
  shown = all.reverse();
  draw();
}

/** The same for somebody who has chosen something: what was said before is over. */
function anew(): Promise<void> {
  hush();
  return load();
}

/** What is listed, as a file. */
function download(format: string): Promise<void> {
  const { from, to } = days();
  const name = [t("till-file"), from, to].join("-");
  return saveFile(`/v1/operations?${new URLSearchParams({ format, from, to, ...only() })}`, `${name}.${format}`);
}

/** A button for each kind of file that the server makes: it says so in `GET /v1/shop`. */
function downloads(): HTMLElement | undefined {
  const formats = inTraining() ? [] : (known()?.downloads ?? []);
  if (!formats.length) return undefined;
  const buttons = formats.map((format) => {
    const made = button(t("till-download", { format: format.toUpperCase() }), () => download(format));
    made.id = `download-${format}`;
    return made;
  });
  return el("section", { className: "panel" }, el("h2", { textContent: t("till-csv-title") }), el("p", { textContent: t("till-csv-text") }), el("div", { className: "row" }, ...buttons));
}

async function send(): Promise<void> {
  const body = { ...days(), ...only(), email: byId<HTMLInputElement>("email").value, format: "xlsx" };
  try {
    const { ok, data } = await tillCall<Problem>("/v1/statements", { method: "POST", body });
    if (ok) say(t("till-mailed"), t("till-mailed-text"));
    else sayProblem(data);
  } catch {
    sayOffline();
  }
}

/** The list by mail, where the server sends it: it says so among the till's permissions. */
function mail(): HTMLElement | undefined {
  if (inTraining() || !known()?.permissions.includes("statements")) return undefined;
  return form("mail", send, el("h2", { textContent: t("till-mail") }), whosePlace(), ...field("email", t("till-mail-address"), undefined, { type: "email", maxLength: 254, autocomplete: "email" }), submit(t("till-mail-yes"), "mail-yes"));
}

function choose(next: Period): void {
  period = next;
  everybody();
  document.querySelectorAll(".periods button").forEach((made) => made.setAttribute("aria-pressed", String(made.id === `period-${next}`)));
  byId("range").hidden = next !== "range";
  void anew();
}

function periods(): HTMLElement {
  const group = el("div", { className: "periods" });
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", t("till-period"));
  for (const name of PERIODS) {
    const made = button(t(`till-period-${name}`), async () => choose(name));
    made.id = `period-${name}`;
    made.setAttribute("aria-pressed", String(name === period));
    group.append(made);
  }
  return group;
}

/** The days in the fields are the days listed, in the files and in the mail. */
function chooseDays(): Promise<void> {
  range = { from: byId<HTMLInputElement>("from").value, to: byId<HTMLInputElement>("to").value };
  everybody();
  return anew();
}

function rangeForm(): HTMLFormElement {
  const { from, to } = range ?? { from: today(), to: today() };
  const day = (id: string, key: string, value: string) => el("div", {}, ...field(id, t(key), undefined, { type: "date", value, max: today() }));
  const made = form("range", chooseDays, el("div", { className: "row fields" }, day("from", "till-from", from), day("to", "till-to", to)), submit(t("till-show"), "show-range"));
  made.addEventListener("change", () => void (made.checkValidity() && chooseDays()));
  made.hidden = period !== "range";
  return made;
}

function view(): Screen {
  const search = field("receipt", t("till-find-receipt"), t("till-find-receipt-help"), { required: false, maxLength: 12, autocapitalize: "characters", spellcheck: false, type: "search" });
  search[search.length - 1]?.addEventListener("input", draw);
  setTimeout(() => void (document.getElementById("operations") && load()));
  everybody();
  return {
    title: t("till-go-operations"),
    content: [
      notice(),
      periods(),
      rangeForm(),
      el("p", { id: "total", className: "lead", role: "status" }),
      ...sharesPlace(),
      ...search,
      el("ul", { id: "operations", className: "lines" }),
      downloads(),
      mail(),
    ],
  };
}

/** Makes the screen known. */
export function startOperations(): void {
  screen("operations", view);
  document.addEventListener(SETTLED, () => {
    everybody();
    if (document.getElementById("operations")) void load();
  });
}
