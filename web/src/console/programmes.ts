// Programmes and where their money is.
import { ask } from "../shared/dialog";
import { byId, el, onSubmit } from "../shared/dom";
import { cents, day, euro, t, typed, type Instant } from "../shared/texts";
import { admin, attempt, buttonOf, post, say, whole } from "./api";
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
  rules_it: string;
  rules_en: string;
  sums: Record<"issued_cents" | "spent_cents" | "held_cents" | "balance_cents" | "expired_cents" | "remaining_budget_cents", number>;
}

const known = new Map<string, Programme>();

/** A programme by its id; none for what belongs to none. */
export const programmeOf = (id: string | null) => (id === null ? undefined : known.get(id));

async function turn(programme: Programme): Promise<void> {
  await post(`/programmes/${programme.id}/${programme.status === "suspended" ? "resume" : "suspend"}`);
  say(true, t("console-done"));
  await showProgrammes();
}

async function change(programme: Programme): Promise<void> {
  const fields = [
    { name: "name", label: t("console-name"), value: programme.name, maxLength: 120 },
    { name: "budget", label: t("console-budget"), value: typed(programme.budget_cents), inputMode: "decimal" },
    { name: "rules_it", label: t("console-rules-it"), value: programme.rules_it, rows: 4, maxLength: 5000, optional: true },
    { name: "rules_en", label: t("console-rules-en"), value: programme.rules_en, rows: 4, maxLength: 5000, optional: true },
  ];
  const values = await ask({ title: programme.name, text: t("console-programme-change-text"), fields, yes: t("console-office-save"), no: t("console-cancel") });
  if (!values) return;
  const { budget = "", ...rest } = values;
  const budget_cents = cents(budget);
  if (!budget_cents) return say(false, t("console-amount-wrong"), t("console-amount-wrong-text"));
  await admin(`/programmes/${programme.id}`, { method: "PUT", body: { ...rest, budget_cents } });
  say(true, t("console-done"), rest.name);
  await showProgrammes();
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
  const { budget, pin_above, rotating_qr, ...rest } = Object.fromEntries(new FormData(form)) as Record<string, string>;
  const budget_cents = cents(budget ?? "");
  const pin_above_cents = pin_above ? cents(pin_above) : null;
  if (!budget_cents || pin_above_cents === undefined) return say(false, t("console-amount-wrong"), t("console-amount-wrong-text"));
  await post("/programmes", { ...rest, budget_cents, pin_above_cents, rotating_qr: rotating_qr !== undefined });
  form.reset();
  say(true, t("console-programme-added"), rest.name);
  await showProgrammes();
}

/** Makes the form work. */
export const startProgrammes = () => onSubmit("new-programme", (form) => attempt(() => add(form)));
