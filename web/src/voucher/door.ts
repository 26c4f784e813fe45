// The link of the message: its secret is in the fragment, which no server sees until it is traded here.

const WAIT_MS = [1000, 2000, 5000, 10000];

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

interface Problem {
  code: string;
  detail: string;
  help_phone?: string;
}

/** What the server says is wrong; throws when it is not ours that speaks. */
async function problem(answer: Response): Promise<Problem> {
  const said = (await answer.json()) as Partial<Problem>;
  if (!said.code) throw new Error(String(answer.status));
  return said as Problem;
}

/** Whether it is settled what the secret leads to; a lost answer is not. */
async function trade(token: string, status: HTMLElement): Promise<boolean> {
  const answer = await fetch("/v1/citizen/session", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang },
    body: JSON.stringify({ token }),
  });
  if (answer.ok) {
    if (!((await answer.json()) as { voucher_id?: string }).voucher_id) throw new Error(String(answer.status));
    location.replace("/v/buono");
    return true;
  }
  if (answer.status >= 500) return false;
  const { detail, help_phone: phone } = await problem(answer);
  if (answer.status === 429) {
    status.textContent = detail;
    return false;
  }
  // the secret is of no more use, and goes
  history.replaceState(null, "", location.pathname);
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

/** The secret that is being traded. */
let wanted = "";

/** Opens the voucher of the link, and tries again by itself while there is no network. */
export async function openByLink(status: HTMLElement): Promise<void> {
  const token = location.hash.slice(1);
  // a fragment of the page itself, as the link that skips to it has, is no secret and ends no waiting
  if (!token || token === wanted || document.getElementById(token)) return;
  wanted = token;
  status.textContent = status.dataset.opening ?? "";
  for (let attempt = 0; wanted === token; attempt++) {
    try {
      if (await trade(token, status)) break;
    } catch {
      status.textContent = status.dataset.offline ?? "";
    }
    await pause(WAIT_MS[Math.min(attempt, WAIT_MS.length - 1)] ?? 10000);
  }
  if (wanted === token) wanted = "";
}
