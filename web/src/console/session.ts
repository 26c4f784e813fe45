// Who works here.
import { byId, onSubmit } from "../shared/dom";
import { call, type Problem } from "../shared/http";
import { t } from "../shared/texts";
import { OVER, attempt, admin, hush, say } from "./api";

/** The member of staff. */
export interface Who {
  user_id: string;
  role: "operator" | "municipal_admin" | "clerk" | "auditor";
  municipality: { name: string } | null;
}

let who: Who | undefined;

/** Does the daily work. */
export const works = () => who?.role === "municipal_admin" || who?.role === "clerk";

/** Decides. */
export const decides = () => who?.role === "municipal_admin";

/** Whether this is who is signed in. */
export const isMe = (id: string | null) => id !== null && id === who?.user_id;

function door(): void {
  who = undefined;
  byId("desk").hidden = byId("sign-out").hidden = true;
  byId("sign-in").hidden = false;
  byId("town").textContent = "";
  byId("email").focus();
}

/** Opens the desk to whoever is signed in, else shows the door. */
export async function enter(open: () => Promise<void>): Promise<void> {
  const answer = await call<Who>("/v1/admin/session").catch(() => undefined);
  if (!answer) return say(false, t("console-offline"), t("console-not-read-text"));
  if (!answer.ok) return door();
  who = answer.data;
  byId("sign-in").hidden = true;
  byId("sign-out").hidden = false;
  byId("town").textContent = [who.municipality?.name, t(`role-${who.role.replace(/_/g, "-")}`)].filter(Boolean).join(" · ");
  if (who.role === "operator") return say(true, t("console-operator"), t("console-operator-text"));
  byId("desk").hidden = false;
  await open();
}

async function signIn(form: HTMLFormElement, open: () => Promise<void>): Promise<void> {
  const { email, password, totp: typed = "" } = Object.fromEntries(new FormData(form)) as Record<string, string>;
  // authenticators show "123 456"
  const totp = typed.replace(/\s/g, "");
  const body = { email, password, ...(totp ? { totp } : {}) };
  const answer = await call<Problem>("/v1/admin/session", { method: "POST", body }).catch(() => undefined);
  if (!answer) return say(false, t("console-offline"), t("console-offline-text"));
  if (!answer.ok) {
    say(false, answer.data.title, answer.data.detail);
    if (answer.data.code !== "totp_required") return;
    // the password was right: the second factor is all that is missing
    byId("totp-field").hidden = false;
    byId("totp").focus();
    return;
  }
  form.reset();
  byId("totp-field").hidden = true;
  hush();
  await enter(open);
}

/** Makes signing in and out work. */
export function startSession(open: () => Promise<void>): void {
  onSubmit("sign-in", (form) => signIn(form, open));
  byId("sign-out").addEventListener("click", () => {
    void attempt(async () => {
      await admin("/session", { method: "DELETE" });
      // nothing of the municipality stays in the page
      location.reload();
    });
  });
  document.addEventListener(OVER, () => {
    door();
    say(false, t("console-over"), t("console-over-text"));
  });
}
