// The shop's page: enrol once, then code, amount, confirmation, result.
import { byId, onSubmit } from "../shared/dom";
import { call, type Problem } from "../shared/http";
import { t } from "../shared/texts";
import { resume } from "./carry";
import { next, startPaying } from "./pay";
import { clear, show, showOffline, showProblem } from "./result";
import { enrol, enrolled, leave, till, tillCall } from "./till";
import { startLists, today } from "./today";

interface Shop {
  shop: { id: string; name: string };
  terminal: { label: string };
}

const RETRY_MS = 5000;

async function join(): Promise<void> {
  const body = { enrolment_code: byId<HTMLInputElement>("enrolment").value, label: byId<HTMLInputElement>("label").value };
  try {
    const { ok, data } = await call<Problem & { token: string }>("/v1/terminals/enrol", { method: "POST", body });
    if (!ok) return showProblem(data);
    enrol(data.token);
  } catch {
    return showOffline();
  }
  clear();
  await begin();
}

async function open(): Promise<void> {
  const { status, ok, data } = await tillCall<Shop>("/v1/shop");
  if (status === 401) {
    leave();
    show("refused", t("till-revoked"), t("till-revoked-text"));
    return begin();
  }
  if (!ok) throw new Error(String(status));
  clear();
  till.shop = data.shop.id;
  byId("shop").textContent = `${data.shop.name} · ${data.terminal.label}`;
  byId("till").hidden = false;
  next();
  await resume();
  await today();
}

async function begin(): Promise<void> {
  byId("enrol").hidden = enrolled();
  if (!enrolled()) return byId("enrolment").focus();
  try {
    await open();
  } catch {
    showOffline();
    setTimeout(() => void begin(), RETRY_MS);
  }
}

onSubmit("enrol", join);
startPaying();
startLists();
void begin();
