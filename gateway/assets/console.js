// The console: one page over the admin interface. Whatever comes from outside is only ever text.
"use strict";
const $ = (id) => document.getElementById(id);
const euro = (cents) => (cents / 100).toLocaleString("it-IT", { style: "currency", currency: "EUR" });

async function call(method, path, body) {
  const headers = { "Accept-Language": "it" };
  if (body && !(body instanceof Blob)) { headers["Content-Type"] = "application/json"; body = JSON.stringify(body); }
  const answer = await fetch("/v1/admin" + path, { method, headers, body });
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) { say(false, data.title ?? "Errore", data.detail ?? ""); throw data; }
  return data;
}

function say(good, title, text) {
  const strong = document.createElement("strong");
  strong.textContent = title;
  $("result").className = "result " + (good ? "good" : "bad");
  $("result").replaceChildren(strong, text);
}

function table(place, titles, rows) {
  const make = (name, children) => { const node = document.createElement(name); node.append(...children); return node; };
  const head = make("tr", titles.map((title) => make("th", [title])));
  const lines = rows.map((cells) => make("tr", cells.map((cell) => make("td", [cell ?? ""]))));
  $(place).replaceChildren(make("table", [make("thead", [head]), make("tbody", lines)]));
}

function button(text, act) {
  const node = document.createElement("button");
  node.type = "button";
  node.className = "plain";
  node.textContent = text;
  node.addEventListener("click", () => act().catch(() => {}));
  return node;
}

async function start() {
  const answer = await fetch("/v1/admin/session");
  $("sign-in").hidden = answer.ok;
  $("console").hidden = !answer.ok;
  if (!answer.ok) return;
  const who = await answer.json();
  $("town").textContent = who.municipality ? who.municipality.name : "";
  await Promise.all([programmes(), vouchers(), shops(), messages()]).catch(() => {});
}

async function programmes() {
  const { items } = await call("GET", "/programmes?limit=500");
  $("programme").replaceChildren(...items.map((item) => new Option(item.name, item.id)));
  table("programmes", ["Nome", "Stanziato", "Emesso", "Speso", "Da spendere", "Restituito"], items.map((item) =>
    [item.name, euro(item.budget_cents), euro(item.sums.issued_cents), euro(item.sums.spent_cents), euro(item.sums.balance_cents), euro(item.sums.expired_cents)]));
}

async function vouchers() {
  const { items } = await call("GET", "/vouchers?limit=50&search=" + encodeURIComponent($("query").value));
  table("vouchers", ["Riferimento", "Iniziali", "Stato", "Saldo", "Scade", "Azioni"], items.map((item) => {
    const actions = document.createElement("span");
    const why = (path, word) => button(word, async () => {
      const reason = prompt("Motivo?");
      if (!reason) return;
      const done = await call("POST", "/vouchers/" + item.id + "/" + path, { reason });
      say(true, word, done.code ? "Nuovo codice: " + done.code : "Fatto.");
      await vouchers();
    });
    actions.append(button("Storia", () => history(item.id)));
    if (item.status === "active") actions.append(why("block", "Blocca"), why("reissue", "Sostituisci"));
    if (item.status === "blocked") actions.append(why("unblock", "Sblocca"));
    return [item.reference, item.initials, item.status, euro(item.balance_cents), new Date(item.expires_at).toLocaleDateString("it-IT"), actions];
  }));
}

async function history(id) {
  const { items } = await call("GET", "/vouchers/" + id + "/history?limit=500");
  table("history", ["Quando", "Che cosa", "Importo", "Saldo", "Esercizio", "Rifiuto"], items.map((item) =>
    [new Date(item.decided_at).toLocaleString("it-IT"), item.kind, euro(item.amount_cents), euro(item.balance_cents), item.shop, item.decline]));
}

async function shops() {
  const { items } = await call("GET", "/shops?limit=500");
  table("shops", ["Insegna", "Indirizzo", "Stato", "Cassa"], items.map((item) =>
    [item.name, item.address + ", " + item.town, item.status, button("Nuova cassa", async () => {
      const done = await call("POST", "/shops/" + item.id + "/enrolments");
      say(true, done.enrolment_code, "Codice per una cassa di " + item.name + ", valido dieci minuti.");
    })]));
}

async function messages() {
  const { items } = await call("GET", "/messages?limit=50");
  table("messages", ["Quando", "Testo", "Stato", "SMS"], items.map((item) =>
    [new Date(item.created_at).toLocaleString("it-IT"), item.template, item.status, String(item.segments ?? "")]));
}

$("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = { email: $("email").value, password: $("password").value };
  if ($("totp").value) body.totp = $("totp").value;
  try { await call("POST", "/session", body); $("result").replaceChildren(); await start(); } catch { /* said */ }
});

$("upload").addEventListener("submit", async (event) => {
  event.preventDefault();
  const file = $("file").files[0];
  let path = "/" + $("kind").value + "/import?file_name=" + encodeURIComponent(file.name);
  if ($("kind").value === "beneficiaries") path += "&programme_id=" + $("programme").value;
  try { report(await call("POST", path, file)); } catch { /* said */ }
});

function report({ import_id, report }) {
  const summary = document.createElement("p");
  summary.textContent = report.rows + " righe: " + report.new + " nuove, " + report.already_there + " già presenti, " + report.wrong + " da correggere"
    + (report.amount_cents ? ", " + euro(report.amount_cents) + " in tutto" : "") + (report.applied_before ? ". Attenzione: questo file è già stato applicato." : ".");
  const list = document.createElement("div");
  list.id = "problems";
  list.className = "scroll";
  $("report").replaceChildren(summary, button("Applica le righe giuste", async () => {
    const { done } = await call("POST", "/imports/" + import_id + "/apply");
    say(true, "Applicato", done + " righe nuove.");
    $("report").append(button("Annulla il caricamento", async () => {
      const { undone } = await call("POST", "/imports/" + import_id + "/undo");
      say(true, "Annullato", undone + " righe tolte.");
      await start();
    }));
    await start();
  }), list);
  const all = [...report.problems, ...report.warnings.map((item) => ({ ...item, warning: true }))];
  table("problems", ["Riga", "Colonna", "Che cosa", "Esito"], all.map((item) =>
    [String(item.row), item.field, item.text ?? item.code, item.warning ? "da guardare" : "non caricata"]));
}

$("search").addEventListener("submit", (event) => { event.preventDefault(); vouchers().catch(() => {}); });
$("sign-out").addEventListener("click", async () => { await fetch("/v1/admin/session", { method: "DELETE" }); location.reload(); });
start();
