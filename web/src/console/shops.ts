// The affiliated shops: their standing, their tills, and codes for new ones.
import { button, byId, el } from "../shared/dom";
import { ask } from "../shared/dialog";
import { qr } from "../shared/qr";
import { moment, t, time, type Instant } from "../shared/texts";
import { admin, attempt, buttonOf, post, say, whole } from "./api";
import { decides, works } from "./session";
import { table } from "./table";

interface Shop {
  id: string;
  reference: string;
  name: string;
  category: string;
  address: string;
  town: string;
  status: string;
}

interface Till {
  id: string;
  label: string;
  joined_at: Instant;
}

let all: Shop[] = [];

async function newTill(shop: Shop): Promise<void> {
  const { enrolment_code, expires_at } = await post<{ enrolment_code: string; expires_at: string }>(`/shops/${shop.id}/enrolments`);
  const link = `${location.origin}/shop#join=${enrolment_code}`;
  // behind the # the code reaches no server's log
  const content = el("p", {}, await qr(link, t("console-enrolment-qr")), el("a", { href: link, textContent: link }));
  await ask({ title: enrolment_code, text: t("console-enrolment-text", { shop: shop.name, time: time(expires_at) }), content, yes: t("console-close") });
}

async function disconnect(shop: Shop, till: Till): Promise<void> {
  const title = t("console-till-off-title", { till: till.label, shop: shop.name });
  if (!(await ask({ title, text: t("console-till-off-text"), yes: t("console-till-off"), no: t("console-cancel"), style: "btn-danger" }))) return;
  await post(`/terminals/${till.id}/revoke`);
  say(true, t("console-till-gone"), till.label);
  await showTills(shop);
}

/** Opens a shop's tills above the list. */
async function showTills(shop: Shop): Promise<void> {
  const tills = await whole<Till>(`/shops/${shop.id}/terminals`);
  const title = el("h3", { textContent: t("console-tills-of", { shop: shop.name }), tabIndex: -1 });
  const off = (till: Till) => {
    if (!works()) return undefined;
    const made = button(t("console-till-off"), () => attempt(() => disconnect(shop, till)), "btn-danger");
    made.setAttribute("aria-label", `${t("console-till-off")}: ${till.label}`);
    return made;
  };
  byId("tills").hidden = false;
  byId("tills").replaceChildren(title, el("div", { id: "shop-tills" }));
  table("shop-tills", t("console-tills"), [
    { title: t("console-name"), cell: (till) => el("strong", { textContent: till.label }) },
    { title: t("console-till-joined"), cell: (till) => moment(till.joined_at) },
    { title: t("console-actions"), cell: off },
  ], tills);
  title.focus();
}

async function account(shop: Shop): Promise<void> {
  const values = await ask({ title: t("console-account-of", { shop: shop.name }), text: t("console-account-text"), fields: [{ name: "iban", label: t("console-iban"), hint: t("console-iban-hint") }], yes: t("console-office-save"), no: t("console-cancel") });
  if (!values) return;
  await admin(`/shops/${shop.id}/account`, { method: "PUT", body: { iban: values.iban } });
  say(true, t("console-done"), shop.name);
}

async function turn(shop: Shop): Promise<void> {
  await post(`/shops/${shop.id}/${shop.status === "enabled" ? "suspend" : "enable"}`);
  say(true, t("console-done"), shop.name);
  await showShops();
}

function actions(shop: Shop): Node | undefined {
  const named = (key: string, act: () => Promise<unknown>) => buttonOf(shop.name, key, act);
  const tills = named("console-tills", () => showTills(shop));
  if (!works()) return tills;
  const turned = named(shop.status === "enabled" ? "console-suspend" : "console-enable", () => turn(shop));
  return el("span", { className: "actions" }, named("console-new-till", () => newTill(shop)), tills, ...(decides() ? [named("console-account", () => account(shop))] : []), turned);
}

function filtered(): void {
  const wanted = byId<HTMLInputElement>("shop-query").value.toLowerCase();
  const fits = (shop: Shop) => [shop.reference, shop.name, shop.address, shop.category].some((text) => text.toLowerCase().includes(wanted));
  table("shop-list", t("console-shops"), [
    { title: t("console-reference"), cell: (shop) => shop.reference },
    { title: t("console-name"), cell: (shop) => el("strong", { textContent: shop.name }) },
    { title: t("console-address"), cell: (shop) => `${shop.address}, ${shop.town}` },
    { title: t("console-state"), cell: (shop) => t(`shop-${shop.status}`) },
    { title: t("console-actions"), cell: actions },
  ], all.filter(fits), (shop) => shop.status !== "enabled");
}

/** Shows them. */
export async function showShops(): Promise<void> {
  all = await whole<Shop>("/shops");
  filtered();
}

/** Makes the search work. */
export const startShops = () => byId("shop-query").addEventListener("input", filtered);
