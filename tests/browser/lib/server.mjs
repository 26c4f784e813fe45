// A private demonstration town: the real binary on a free port with a data folder of its own.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const binary = process.env.BUONO_BIN ?? fileURLToPath(new URL("../../../target/debug/buono", import.meta.url));

/** The library that moves a program's clock, wherever Debian puts it on this machine. */
function faketime() {
  const places = readdirSync("/usr/lib").map((folder) => join("/usr/lib", folder, "faketime/libfaketimeMT.so.1"));
  const found = places.find((place) => existsSync(place));
  if (!found) throw new Error("libfaketime is missing: run scripts/setup.sh test");
  return found;
}

/** Starts one, or says what is missing. */
export async function startTown() {
  if (!existsSync(binary)) throw new Error(`${binary} is not there: cargo build -p gateway, or set BUONO_BIN`);
  const data = mkdtempSync(join(tmpdir(), "buono-browser-"));
  const town = new Town(data);
  await town.start("127.0.0.1:0");
  return town;
}

export class Town {
  constructor(data) {
    this.data = data;
  }

  /** Starts the process, with more in its environment where that is given, and waits until it is ready. */
  async start(listen, env = {}) {
    const words = ["demo", "--data", this.data, "--listen", listen];
    const server = spawn(binary, words, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
    this.process = server;
    // a test that dies leaves no server behind
    process.once("exit", () => server.kill("SIGKILL"));
    let said = "";
    server.stderr.on("data", (bytes) => (said += bytes));
    await new Promise((done, failed) => {
      let out = "";
      server.stdout.on("data", (bytes) => {
        out += bytes;
        if (out.endsWith("ready\n")) done();
      });
      server.on("exit", (code) => failed(new Error(`the server ended (${code}):\n${said}`)));
    });
    this.demo = JSON.parse(readFileSync(join(this.data, "demo.json"), "utf8"));
    this.url = this.demo.base_url;
  }

  /** Ends the process; the data stay. */
  async stop(signal = "SIGTERM") {
    const gone = new Promise((done) => this.process.once("close", done));
    this.process.kill(signal);
    await gone;
  }

  /** The same town again, at the same address. */
  async restart(env) {
    await this.start(new URL(this.url).host, env);
  }

  /** Does something with the clock so many days behind: what is over by now cannot be made any more. */
  async earlier(days, act) {
    await this.stop();
    // the library itself, not its command: that one starts a child, which no signal of ours would reach
    await this.restart({ LD_PRELOAD: faketime(), FAKETIME: `-${days}d`, FAKETIME_NO_CACHE: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1" });
    const done = await act();
    await this.stop();
    await this.restart();
    // nobody stays signed in for days
    this.sessions = {};
    return done;
  }

  /** Ends everything. */
  async end() {
    await this.stop("SIGKILL");
    rmSync(this.data, { recursive: true, force: true });
  }

  /** The voucher of this reference. */
  voucher(reference) {
    return this.demo.vouchers.find((voucher) => voucher.reference === reference);
  }

  /** A call; the answer's status and JSON. */
  async call(method, path, { body, headers = {} } = {}) {
    const file = typeof body === "string" || body instanceof Uint8Array;
    const answer = await fetch(this.url + path, {
      method,
      headers: { ...(body && !file ? { "content-type": "application/json" } : {}), ...headers },
      body: body && !file ? JSON.stringify(body) : body,
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, data: text.startsWith("{") ? JSON.parse(text) : text };
  }

  /** A till of the demonstration takes so many cents. */
  async redeem(voucher, cents, till = 0) {
    const headers = { authorization: `Bearer ${this.demo.terminals[till].token}`, "idempotency-key": crypto.randomUUID() };
    return this.call("POST", "/v1/redemptions", { body: { voucher: voucher.code, amount_cents: cents }, headers });
  }

  /** Waits until the ledger, which the office reads, holds everything answered so far. */
  async settled() {
    await this.call("GET", "/v1/operations?limit=1", { headers: { authorization: `Bearer ${this.demo.terminals[0].token}` } });
  }

  /** A member of staff, as a function that calls the municipality's interface. */
  async staff(role = "municipal_admin") {
    const cookie = await this.session(role);
    return async (method, path, body, headers = {}) => {
      const answer = await this.call(method, `/v1/admin${path}`, { body, headers: { cookie, ...headers } });
      if (answer.status >= 400) throw new Error(`${method} ${path}: ${JSON.stringify(answer.data)}`);
      return answer.data;
    };
  }

  /** Another administrator, known by a role of their own among the staff: some things two people must do. */
  async secondAdmin() {
    const user = { role: "second_admin", email: "seconda@borgosanrocco.example", password: "sette pere gialle" };
    if (this.demo.staff.some(({ role }) => role === user.role)) return;
    await (await this.staff())("POST", "/users", { ...user, role: "municipal_admin" });
    this.demo.staff.push(user);
  }

  /** A till seals what its shop is owed. */
  async claim(till) {
    const headers = { authorization: `Bearer ${this.demo.terminals[till].token}`, "idempotency-key": crypto.randomUUID() };
    return (await this.call("POST", "/v1/claims", { body: {}, headers })).data;
  }

  /** What a till is answered. */
  async asTill(till, path) {
    return (await this.call("GET", path, { headers: { authorization: `Bearer ${this.demo.terminals[till].token}` } })).data;
  }

  /** The cookie of a member of staff, signed in once. */
  async session(role) {
    this.sessions ??= {};
    this.sessions[role] ??= await this.signIn(role);
    return this.sessions[role];
  }

  async signIn(role) {
    const { email, password } = this.demo.staff.find((user) => user.role === role);
    const { headers } = await this.call("POST", "/v1/admin/session", { body: { email, password } });
    return headers.get("set-cookie").split(";")[0];
  }

  /** A programme of its own, with rules where these are given, and one voucher on paper: its id, its import and its code. */
  async programmeWithVoucher({ name, from, until = "2099-12-31", cents = 5000, ...rules }) {
    const admin = await this.staff();
    const today = new Date().toISOString().slice(0, 10);
    const programme = await admin("POST", "/programmes", { name, budget_cents: 10_000_000, valid_from: from ?? today, expires: until, ...rules });
    const file = `riferimento;importo;canale\n${name};${(cents / 100).toFixed(2).replace(".", ",")};carta\n`;
    const done = await admin("POST", `/beneficiaries/import?programme_id=${programme.id}&file_name=uno.csv`, file);
    await admin("POST", `/imports/${done.import_id}/apply`);
    const { items } = await admin("GET", `/vouchers?search=${encodeURIComponent(name)}`);
    const { code } = await admin("POST", `/vouchers/${items[0].id}/reissue`, { reason: "prova" });
    return { programme: programme.id, import: done.import_id, voucher_id: items[0].id, code };
  }
}
