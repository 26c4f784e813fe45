// Programmes and where their money is.
import type { Field } from "../shared/dialog";
import { byId, el, onSubmit } from "../shared/dom";
import { cents, day, euro, t, typed, type Instant } from "../shared/texts";
import { admin, attempt, buttonOf, insist, post, say, whole } from "./api";
import { decides } from "./session";
import { table } from "./table";

/** A programme. */
export interface Programme {
  id: string;
  name: string;
  status: string;
  budget_cents: number;
  valid_from: Instant;
  expires_at: Instant;
  pin_above_cents: number | null;
  per_redemption_max_cents: number | null;
  per_day_max_cents: number | null;
  per_day_count_max: number | null;
  rules_it: string;
  rules_en: string;
  sums: Record<"issued_cents" | "spent_cents" | "held_cents" | "balance_cents" | "expired_cents" | "remaining_budget_cents", number>;
}

const known = new Map<string, Programme>();

/** A programme by its id; none for what belongs to none. */
export const programmeOf = (id: string | null) => (id === null ? undefined : known.get(id));

async function done(name?: string, what = "console-done"): Promise<void> {
  say(true, t(what), name);
  await showProgrammes();
}

async function turn(programme: Programme): Promise<void> {
  await post(`/programmes/${programme.id}/${programme.status === "suspended" ? "resume" : "suspend"}`);
  await done();
}

/** What a voucher may spend, as typed: left empty there is no limit. Nothing where something else is typed, or zero. */
function limitsOf(typed: Record<string, string>) {
  const [once = "", a_day = "", times = ""] = ["once", "a_day", "times"].map((name) => typed[name]?.trim());
  const most = (text: string) => (text ? cents(text) || undefined : null);
  const [per_redemption_max_cents, per_day_max_cents] = [most(once), most(a_day)];
  if (per_redemption_max_cents === undefined || per_day_max_cents === undefined || !/^([1-9]\d{0,4})?$/.test(times)) return undefined;
  return { per_redemption_max_cents, per_day_max_cents, per_day_count_max: times ? Number(times) : null };
}

async function change(shown: Programme): Promise<void> {
  // somebody else may have changed it since it was shown, and what is sent is all of it
  const programme = (await whole<Programme>("/programmes")).find((item) => item.id === shown.id) ?? shown;
  const most = (cents: number | null) => (cents === null ? "" : typed(cents));
  const fields: Field[] = [
    { name: "name", label: t("console-name"), value: programme.name, maxLength: 120 },
    { name: "budget", label: t("console-budget"), value: typed(programme.budget_cents), inputMode: "decimal" },
    { name: "once", label: t("console-limit-once"), value: most(programme.per_redemption_max_cents), inputMode: "decimal", hint: t("console-limit-hint"), optional: true },
    { name: "a_day", label: t("console-limit-day"), value: most(programme.per_day_max_cents), inputMode: "decimal", optional: true },
    { name: "times", label: t("console-limit-times"), value: String(programme.per_day_count_max ?? ""), inputMode: "numeric", maxLength: 5, optional: true },
    { name: "rules_it", label: t("console-rules-it"), value: programme.rules_it, rows: 4, maxLength: 5000, optional: true },
    { name: "rules_en", label: t("console-rules-en"), value: programme.rules_en, rows: 4, maxLength: 5000, optional: true },
  ];
  const question = { title: programme.name, text: t("console-programme-change-text"), fields, yes: t("console-office-save"), no: t("console-cancel") };
  const changed = await insist(question, t("console-limit-wrong-text"), (values) => {
    const { budget = "", once, a_day, times, ...rest } = values;
    const [budget_cents, limits] = [cents(budget), limitsOf(values)];
    if (!budget_cents || !limits) return undefined;
    return admin<Programme>(`/programmes/${programme.id}`, { method: "PUT", body: { ...rest, ...limits, budget_cents } });
  });
  if (changed) await done(changed.name);
}

function actions(programme: Programme): Node | undefined {
  if (!decides() || programme.status === "closed") return undefined;
  const turned = buttonOf(programme.name, programme.status === "suspended" ? "console-resume" : "console-suspend", () => turn(programme));
  return el("span", { className: "actions" }, buttonOf(programme.name, "console-change", () => change(programme)), turned);
}

/** Offers them to the uploads. Whoever chose one and looked elsewhere meanwhile still means that one. */
function offer(items: Programme[]): void {
  const select = byId<HTMLSelectElement>("programme");
  const chosen = select.value;
  select.replaceChildren(...items.map((item) => new Option(item.name, item.id, false, item.id === chosen)));
}

/** Shows them, and offers them to the uploads. */
export async function showProgrammes(): Promise<void> {
  const items = await whole<Programme>("/programmes");
  offer(items);
  for (const item of items) known.set(item.id, item);
  byId("new-programme").hidden = !decides();
  const sum = (title: string, of: (item: Programme) => number) => ({ title: t(title), number: true, cell: (item: Programme) => euro(of(item)) });
  table("programme-list", t("console-programmes"), [
    { title: t("console-name"), cell: (item) => el("strong", { textContent: item.name }) },
    { title: t("console-validity"), cell: (item) => `${day(item.valid_from)} – ${day(item.expires_at)}` },
    { title: t("console-state"), cell: (item) => t(`programme-${item.status}`) },
    sum("console-budget", (item) => item.budget_cents),
    sum("console-issued", (item) => item.sums.issued_cents),
    sum("console-spent", (item) => item.sums.spent_cents),
    sum("console-held", (item) => item.sums.held_cents),
    sum("console-to-spend", (item) => item.sums.balance_cents),
    sum("console-returned", (item) => item.sums.expired_cents),
    sum("console-budget-left", (item) => item.sums.remaining_budget_cents),
    { title: t("console-actions"), cell: actions },
  ], items);
}

async function add(form: HTMLFormElement): Promise<void> {
  const values = Object.fromEntries(new FormData(form)) as Record<string, string>;
  const { budget, once, a_day, times, pin_above, rotating_qr, ...rest } = values;
  const limits = limitsOf(values);
  const budget_cents = cents(budget ?? "");
  const pin_above_cents = pin_above ? cents(pin_above) : null;
  if (!budget_cents || !limits || pin_above_cents === undefined) return say(false, t("console-amount-wrong"), t("console-limit-wrong-text"));
  await post("/programmes", { ...rest, ...limits, budget_cents, pin_above_cents, rotating_qr: rotating_qr !== undefined });
  form.reset();
  await done(rest.name, "console-programme-added");
}

/** Makes the form work. */
export const startProgrammes = () => onSubmit("new-programme", (form) => attempt(() => add(form)));
