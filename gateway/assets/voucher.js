// The voucher page: trades the link's secret for a session once, then follows the balance live.
"use strict";
const view = document.getElementById("view");
const live = document.getElementById("live");

async function open() {
  const token = location.hash.slice(1);
  const opening = document.getElementById("opening");
  if (!token) return;
  history.replaceState(null, "", location.pathname + location.search);
  opening.textContent = opening.dataset.opening;
  try {
    const answer = await fetch("/v1/citizen/session", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token }),
    });
    if (answer.ok) location.replace("/v/buono" + location.search);
    else opening.textContent = opening.dataset.failed;
  } catch {
    opening.textContent = opening.dataset.failed;
  }
}

async function refresh() {
  const answer = await fetch("/v/buono?frammento=1", { cache: "no-store" });
  if (!answer.ok) throw new Error(String(answer.status));
  const filter = document.getElementById("shops-filter")?.value ?? "";
  view.innerHTML = await answer.text();
  dress(filter);
}

function dress(filter) {
  const print = document.getElementById("print");
  print.hidden = false;
  print.addEventListener("click", () => window.print());
  const input = document.getElementById("shops-filter");
  document.getElementById("filter").hidden = false;
  input.value = filter;
  const apply = () => {
    const wanted = input.value.toLowerCase();
    for (const shop of document.querySelectorAll(".shops li")) shop.hidden = !shop.textContent.toLowerCase().includes(wanted);
  };
  input.addEventListener("input", apply);
  apply();
}

function follow() {
  const events = new EventSource("/v1/citizen/voucher/events");
  events.addEventListener("voucher", () => {
    live.textContent = live.dataset.live;
    refresh().catch(() => { live.textContent = live.dataset.offline; });
  });
  events.addEventListener("error", () => {
    live.textContent = live.dataset.offline;
    if (events.readyState === EventSource.CLOSED) setTimeout(follow, 30000);
  });
}

if (view) { dress(""); follow(); } else { open(); }
