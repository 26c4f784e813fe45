// What the municipality says about itself; for those who decide.
import { byId, onSubmit } from "../shared/dom";
import { t } from "../shared/texts";
import { admin, attempt, say } from "./api";
import { decides } from "./session";

const FIELDS = ["help_phone", "help_email", "accessibility_url", "accessibility_gaps"] as const;

type About = Record<(typeof FIELDS)[number], string | null> & { accessibility_page: string };

/** Fills the form with what everybody reads now. */
export async function showOffice(): Promise<void> {
  if (!decides()) return;
  const about = await admin<About>("/municipality");
  const form = byId<HTMLFormElement>("about");
  for (const field of FIELDS) (form.elements.namedItem(field) as HTMLInputElement).value = about[field] ?? "";
  byId<HTMLAnchorElement>("own-page").href = new URL(about.accessibility_page).pathname;
  form.hidden = false;
}

async function save(form: HTMLFormElement): Promise<void> {
  const { accessibility_url, accessibility_gaps = "", ...rest } = Object.fromEntries(new FormData(form)) as Record<string, string>;
  // some browsers give two letters for the end of a line
  const gaps = accessibility_gaps.replace(/\r/g, "");
  await admin("/municipality", { method: "PUT", body: { ...rest, accessibility_url: accessibility_url || null, accessibility_gaps: gaps } });
  say(true, t("console-office-saved"));
  await showOffice();
}

/** Makes the form work. */
export const startOffice = () => onSubmit("about", (form) => attempt(() => save(form)));
