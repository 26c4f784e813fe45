// Who may sign in; for those who decide.
import { button, byId } from "../shared/dom";
import { ask } from "../shared/dialog";
import { t } from "../shared/texts";
import { attempt, post, say, whole } from "./api";
import { decides } from "./session";
import { table } from "./table";

interface User {
  id: string;
  email: string;
  role: string;
  disabled: number | boolean;
}

const ROLES = ["clerk", "auditor", "municipal_admin"];

const roleName = (role: string) => t(`role-${role.replace(/_/g, "-")}`);

async function turn(user: User): Promise<void> {
  await post(`/users/${user.id}/${user.disabled ? "enable" : "disable"}`);
  say(true, t("console-done"), user.email);
  await showUsers();
}

/** Shows them to whoever decides. */
export async function showUsers(): Promise<void> {
  if (!decides()) return;
  const items = await whole<User>("/users");
  const turned = (user: User) => {
    const word = t(user.disabled ? "console-enable" : "console-disable");
    const made = button(word, () => attempt(() => turn(user)));
    made.setAttribute("aria-label", `${word}: ${user.email}`);
    return made;
  };
  table("user-list", t("console-users"), [
    { title: t("console-email"), cell: (user) => user.email },
    { title: t("console-role"), cell: (user) => roleName(user.role) },
    { title: t("console-state"), cell: (user) => t(user.disabled ? "user-disabled" : "user-enabled") },
    { title: t("console-actions"), cell: turned },
  ], items);
}

async function add(): Promise<void> {
  const values = await ask({
    title: t("console-new-user"),
    yes: t("console-add"),
    no: t("console-cancel"),
    fields: [
      { name: "email", label: t("console-email"), type: "email" },
      { name: "role", label: t("console-role"), choices: ROLES.map((role) => [role, roleName(role)]) },
      { name: "password", label: t("console-first-password"), type: "password", hint: t("console-first-password-hint") },
      { name: "totp", label: t("console-second-factor"), choices: [["yes", t("console-second-factor-yes")], ["no", t("console-second-factor-no")]] },
    ],
  });
  if (!values) return;
  const { email, role, password, totp } = values;
  const { totp_secret } = await post<{ totp_secret: string | null }>("/users", { email, role, password, totp: totp === "yes" });
  say(true, t("console-user-added"), email);
  if (totp_secret) await ask({ title: totp_secret, text: t("console-secret-text"), yes: t("console-close") });
  await showUsers();
}

/** Makes the button work. */
export const startUsers = () => byId("new-user").replaceChildren(button(t("console-new-user"), () => attempt(add), "btn-primary"));
