// The link of the message: its secret is in the fragment, which no server sees until it is traded here.

const WAIT_MS = [1000, 2000, 5000, 10000];

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Whether it is settled what the secret leads to; a lost answer is not. */
async function trade(token: string, status: HTMLElement): Promise<boolean> {
  const answer = await fetch("/v1/citizen/session", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang },
    body: JSON.stringify({ token }),
  });
  if (answer.ok) {
    location.replace("/v/buono");
    return true;
  }
  if (answer.status >= 500) return false;
  if (answer.status === 429) {
    status.textContent = ((await answer.json()) as { detail: string }).detail;
    return false;
  }
  history.replaceState(null, "", location.pathname);
  const { help_phone: phone } = (await answer.json()) as { help_phone?: string };
  status.className = "alert alert-warning";
  status.textContent = (answer.status === 409 ? status.dataset.replaced : status.dataset.notFound) ?? "";
  if (phone) {
    const link = document.createElement("a");
    link.href = `tel:${phone}`;
    link.dir = "ltr";
    link.textContent = phone;
    status.append(" ", link);
  }
  return true;
}

/** Opens the voucher of the link, and tries again by itself while there is no network. */
export async function openByLink(status: HTMLElement): Promise<void> {
  const token = location.hash.slice(1);
  if (!token) return;
  status.textContent = status.dataset.opening ?? "";
  for (let attempt = 0; location.hash.slice(1) === token; attempt++) {
    try {
      if (await trade(token, status)) return;
    } catch {
      status.textContent = status.dataset.offline ?? "";
    }
    await pause(WAIT_MS[Math.min(attempt, WAIT_MS.length - 1)] ?? 10000);
  }
}
