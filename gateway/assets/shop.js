// The shop's page: the attempt is stored before it is sent, so that a lost answer is never a lost payment.
"use strict";
const $ = (id) => document.getElementById(id);
const store = localStorage;
const euro = (cents) => (cents / 100).toLocaleString("it-IT", { style: "currency", currency: "EUR" });

function cents(text) {
  const match = /^\s*(\d{1,7})(?:[.,](\d{1,2}))?\s*$/.exec(text);
  return match ? Number(match[1]) * 100 + Number((match[2] ?? "0").padEnd(2, "0")) : null;
}

async function call(method, path, body, key) {
  const headers = { Authorization: "Bearer " + store.getItem("token"), "Accept-Language": "it" };
  if (body) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(15000) });
  const data = await answer.json().catch(() => ({}));
  return { status: answer.status, data };
}

function show(good, title, text) {
  const result = $("result");
  result.className = "result " + (good ? "good" : "bad");
  const strong = document.createElement("strong");
  strong.textContent = title;
  result.replaceChildren(strong, text);
}

async function start() {
  const enrolled = Boolean(store.getItem("token"));
  $("enrol").hidden = enrolled;
  $("till").hidden = !enrolled;
  if (!enrolled) return;
  const { status, data } = await call("GET", "/v1/shop");
  if (status === 401) { store.removeItem("token"); return start(); }
  $("shop-name").textContent = data.shop ? data.shop.name : "";
  const pending = store.getItem("pending");
  if (pending) await settle(JSON.parse(pending));
  await today();
}

$("enrol").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await fetch("/v1/terminals/enrol", {
    method: "POST", headers: { "Content-Type": "application/json", "Accept-Language": "it" },
    body: JSON.stringify({ enrolment_code: $("enrolment").value, label: $("label").value }),
  });
  const data = await answer.json();
  if (!answer.ok) return show(false, data.title, data.detail);
  store.setItem("token", data.token);
  start();
});

let found = null;
$("lookup").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("result").replaceChildren();
  try {
    const { status, data } = await call("POST", "/v1/vouchers/lookup", { voucher: $("voucher").value });
    found = status === 200 ? data : null;
    $("pay").hidden = !found;
    if (!found) return show(false, data.title, data.detail);
    $("available").textContent = euro(data.available_cents) + " · " + data.holder_initials;
    $("amount").focus();
  } catch { show(false, "Senza rete", "Il codice non è stato controllato: riprova."); }
});

$("pay").addEventListener("submit", async (event) => {
  event.preventDefault();
  const amount = cents($("amount").value);
  if (!amount) return show(false, "Importo non valido", "Scrivi per esempio 20,50.");
  if (found && amount > found.available_cents) {
    return show(false, "Non basta", "Sul buono ci sono " + euro(found.available_cents) + ": chiedi " + euro(amount - found.available_cents) + " in contanti.");
  }
  if (!confirm("Prendo " + euro(amount) + "?")) return;
  const attempt = { key: crypto.randomUUID(), voucher: $("voucher").value, amount_cents: amount };
  store.setItem("pending", JSON.stringify(attempt));
  await settle(attempt);
  await today();
});

// Sends the attempt, and again under the same key until it is known what became of it.
async function settle(attempt) {
  for (let wait = 1000; ; wait = Math.min(wait * 2, 15000)) {
    try {
      const body = { voucher: attempt.voucher, amount_cents: attempt.amount_cents };
      const { status, data } = await call("POST", "/v1/redemptions", body, attempt.key);
      if (status < 500 && status !== 429) {
        store.removeItem("pending");
        $("pay").hidden = true;
        $("voucher").value = $("amount").value = "";
        if (status === 200 || status === 201) {
          show(true, "Pagato " + euro(data.amount_cents), "Restano " + euro(data.available_cents) + ". Ricevuta " + data.receipt_code);
        } else show(false, data.title, data.detail + (data.available_cents === undefined ? "" : " Restano " + euro(data.available_cents) + "."));
        return;
      }
    } catch { /* the answer was lost: the key will tell */ }
    show(false, "Aspetta", "Controllo se il pagamento è andato a buon fine…");
    await new Promise((done) => setTimeout(done, wait));
  }
}

async function today() {
  const day = new Date().toLocaleDateString("sv-SE", { timeZone: "Europe/Rome" });
  const { status, data } = await call("GET", "/v1/operations?limit=500&from=" + day);
  if (status !== 200) return;
  $("total").textContent = euro(data.totals.amount_cents);
  $("operations").replaceChildren(...data.items.reverse().map((item) => {
    const line = document.createElement("li");
    const text = document.createElement("span");
    text.textContent = new Date(item.decided_at).toLocaleTimeString("it-IT") + " · " + (item.kind === "reversal" ? "storno " : "") + euro(item.amount_cents) + " · " + item.receipt_code;
    line.append(text);
    if (item.kind !== "reversal" && item.reversed_cents < item.amount_cents) {
      const undo = document.createElement("button");
      undo.className = "plain";
      undo.textContent = "Annulla";
      undo.addEventListener("click", () => reverse(item));
      line.append(undo);
    }
    return line;
  }));
}

async function reverse(item) {
  if (!confirm("Restituisco " + euro(item.amount_cents - item.reversed_cents) + "?")) return;
  const { status, data } = await call("POST", "/v1/operations/" + item.operation_id + "/reversals", { reason: "errore di battitura" }, "undo-" + item.operation_id);
  if (status === 200 || status === 201) show(true, "Restituiti " + euro(data.amount_cents), "Sul buono ci sono " + euro(data.available_cents));
  else show(false, data.title, data.detail);
  await today();
}

$("csv").addEventListener("click", async () => {
  const answer = await fetch("/v1/operations?format=csv", { headers: { Authorization: "Bearer " + store.getItem("token") } });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = "operazioni.csv";
  link.click();
});

start();
