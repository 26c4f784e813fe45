// Uploads: a file in, everything that is wrong with it at once, then apply, and undo while it can be.
import { button, byId, onSubmit } from "../shared/dom";
import { moment, t, type Instant } from "../shared/texts";
import { LONG_MS, admin, attempt, hush, post, say } from "./api";
import { programmeOf, showProgrammes } from "./programmes";
import { read, showReport, type Import } from "./report";
import { works } from "./session";
import { Pages, table } from "./table";

interface Row {
  id: string;
  kind: string;
  status: string;
  file_name: string;
  programme_id: string | null;
  report: unknown;
  created_at: Instant;
}

/** The largest file that the server takes. */
const BYTES_MAX = 8 << 20;

/** Told to the page when shops or vouchers have come or gone. */
export const CHANGED = "lists-changed";

function show(items: Row[]): void {
  const open = (item: Row) => {
    const look = button(t("console-open"), () => attempt(async () => shown(await admin<Import>(`/imports/${item.id}`))));
    look.setAttribute("aria-label", `${t("console-open")}: ${item.file_name}`);
    return look;
  };
  table("import-list", t("console-imports-before"), [
    { title: t("console-when"), cell: (item) => moment(item.created_at) },
    { title: t("console-file"), cell: (item) => item.file_name },
    { title: t("console-what"), cell: (item) => [t(`console-${item.kind}`), programmeOf(item.programme_id)?.name].filter(Boolean).join(" · ") },
    { title: t("console-state"), cell: (item) => t(`import-${item.status.replace(/_/g, "-")}`) },
    { title: t("console-new"), number: true, cell: (item) => String(read(item.report).new) },
    { title: t("console-wrong"), number: true, cell: (item) => String(read(item.report).wrong) },
    { title: t("console-actions"), cell: open },
  ], items);
}

const pages = new Pages<Row>(() => "/imports?", show, "import-pages");

async function decide(done: Import, what: "apply" | "undo"): Promise<void> {
  const answer = await post<{ done?: number; undone?: number; kept?: number }>(`/imports/${done.import_id}/${what}`, undefined, { waitMs: LONG_MS });
  const count = answer.done ?? answer.undone ?? 0;
  const texts = [t(what === "apply" ? "console-applied-text" : "console-undone-text", { count })];
  if (answer.kept) texts.push(t("console-undone-kept", { kept: answer.kept }));
  say(true, t(what === "apply" ? "console-applied" : "console-undone"), texts.join(" "));
  shown(await admin<Import>(`/imports/${done.import_id}`));
  document.dispatchEvent(new Event(CHANGED));
  await Promise.all([pages.first(), showProgrammes()]);
}

const shown = (done: Import) => showReport(done, (what) => attempt(() => decide(done, what)));

async function upload(): Promise<void> {
  hush();
  const file = byId<HTMLInputElement>("file").files?.[0];
  if (!file) return;
  if (file.size > BYTES_MAX) return say(false, t("console-file-large"), t("console-file-large-text"));
  const kind = byId<HTMLSelectElement>("kind").value;
  const query = new URLSearchParams({ file_name: file.name });
  const programme_id = kind === "beneficiaries" ? byId<HTMLSelectElement>("programme").value : null;
  if (programme_id) query.set("programme_id", programme_id);
  const done = await post<Import>(`/${kind}/import?${query}`, file, { waitMs: LONG_MS });
  shown({ ...done, file_name: file.name, programme_id });
  // kind and programme stay: the next file is often the same one, corrected
  byId<HTMLInputElement>("file").value = "";
  await pages.first();
}

function chosen(): void {
  byId("programme-field").hidden = byId<HTMLSelectElement>("kind").value !== "beneficiaries";
}

function takeDrops(): void {
  const place = byId("drop");
  const over = (event: DragEvent) => {
    event.preventDefault();
    place.classList.toggle("over", event.type === "dragover");
  };
  place.addEventListener("dragover", over);
  place.addEventListener("dragleave", over);
  place.addEventListener("drop", (event) => {
    over(event);
    const files = event.dataTransfer?.files;
    if (files?.length) byId<HTMLInputElement>("file").files = files;
  });
}

/** Shows the uploads. */
export async function showImports(): Promise<void> {
  byId("upload").hidden = !works();
  chosen();
  await pages.first();
}

/** Makes the form work. */
export function startImports(): void {
  onSubmit("upload", () => attempt(upload));
  byId("kind").addEventListener("change", chosen);
  takeDrops();
}
