// Messages to families and what became of them.
import { button, byId } from "../shared/dom";
import { moment, t, type Instant } from "../shared/texts";
import { attempt, post, say } from "./api";
import { works } from "./session";
import { Pages, table } from "./table";

interface Message {
  id: string;
  reference: string | null;
  template: string;
  status: string;
  attempts: number;
  created_at: Instant;
  segments: number | null;
  error: string | null;
}

async function resend(message: Message): Promise<void> {
  await post(`/messages/${message.id}/resend`);
  say(true, t("console-resent"));
  await pages.here();
}

function path(): string {
  const status = byId<HTMLSelectElement>("message-status").value;
  return `/messages?${new URLSearchParams(status ? { status } : {})}`;
}

const pages = new Pages<Message>(path, show, "message-pages");

function show(items: Message[]): void {
  const again = (item: Message) => {
    if (!works() || item.status === "pending") return undefined;
    const made = button(t("console-resend"), () => attempt(() => resend(item)));
    made.setAttribute("aria-label", `${t("console-resend")}: ${item.reference ?? ""}`);
    return made;
  };
  table("message-list", t("console-messages"), [
    { title: t("console-when"), cell: (item) => moment(item.created_at) },
    { title: t("console-reference"), cell: (item) => item.reference ?? "" },
    { title: t("console-what"), cell: (item) => t(`message-${item.template.replace(/_/g, "-")}`) },
    { title: t("console-state"), cell: (item) => t(`message-state-${item.status}`) },
    { title: t("console-tries"), number: true, cell: (item) => String(item.attempts) },
    { title: t("console-segments"), number: true, cell: (item) => String(item.segments ?? "") },
    { title: t("console-error"), cell: (item) => item.error ?? "" },
    { title: t("console-actions"), cell: again },
  ], items, (item) => item.status === "failed");
}

/** Shows the latest. */
export const showMessages = () => pages.first();

/** Makes the filter work. */
export const startMessages = () => byId("message-status").addEventListener("change", () => void attempt(showMessages));
