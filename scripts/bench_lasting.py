#!/usr/bin/env python3
"""What only time shows, on Redis and Postgres: how far the ledger is behind the tills, whether it keeps up with the peak,
and how long a node that dies, or is ended, is missed. `make lasting` runs it; it takes a quarter of an hour.
"""
import re
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path

from bench import FUND_CENTS, RELEASE, Server, load, metrics, settled
from bench_servers import Stores, free_port

PEAK_S, HALF_S, FULL_S = 10, 60, 300
SAMPLE_S = 0.05
# requests a second beside which a node goes, and how often one goes
CALM, TIMES = 400, 10


def serve(data, journal, work):
    port = free_port()
    return Server(f"http://127.0.0.1:{port}", str(RELEASE / "buono"), "serve", "--data", str(data), "--listen", f"127.0.0.1:{port}",
                  "--workers", work, *journal)


def seeded(data, journal):
    """A demonstration town on these stores whose vouchers last."""
    url = f"http://127.0.0.1:{free_port()}"
    demo = Server(url, str(RELEASE / "buono"), "demo", "--data", str(data), "--listen", url.removeprefix("http://"), *journal)
    load(data, url, "--fund-cents", FUND_CENTS, "--warm-up", 0, "--duration", 0.5, "--connections", 4)
    demo.end(signal.SIGTERM)


def figures(server, name):
    """A figure of each partition."""
    return {int(at): float(value) for at, value in re.findall(rf'^{name}\{{partition="p?(\d+)"\}} (\S+)', metrics(server), re.M)}


class Lag(threading.Thread):
    """How long the oldest record that is not in the ledger has been durable, looked at again and again."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.seconds, self.records, self.over = server, [], [], threading.Event()

    def run(self):
        durable_at = {}
        while not self.over.wait(SAMPLE_S):
            text = {name: figures(self.server, f"buono_{name}_seq") for name in ("journal_durable", "projector")}
            now, oldest, behind = time.monotonic(), 0.0, 0
            for partition, durable in text["journal_durable"].items():
                projected = text["projector"].get(partition, 0)
                seen = [look for look in durable_at.get(partition, []) if look[1] > projected]
                if durable > projected:
                    seen.append((now, durable))
                durable_at[partition] = seen
                oldest = max(oldest, now - seen[0][0] if seen else 0.0)
                behind += max(0, durable - projected)
            self.seconds.append(oldest)
            self.records.append(behind)

    def end(self):
        self.over.set()
        self.join()
        return sorted(self.seconds)


def behind(data, server, *options):
    """One run of the load, its rate, and the lag meanwhile."""
    lag = Lag(server)
    lag.start()
    rate = load(data, server.url, "--warm-up", 1, *options)["per_second"]
    return rate, lag.end(), lag


def memory_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def ledger(folder):
    """How far the ledger is behind at half of the peak, and what becomes of it at the peak."""
    stores, data = Stores(folder / "stores"), folder / "town"
    data.mkdir()
    journal = stores.redis_and_postgres()
    seeded(data, journal)
    server = serve(data, journal, "true")
    try:
        peak = load(data, server.url, "--connections", 64, "--duration", PEAK_S)["per_second"]
        settled(server)
        rate, lag, _ = behind(data, server, "--connections", 64, "--rate", round(peak / 2), "--duration", HALF_S)
        print(f"- at half of the peak ({rate:,.0f} a second for {HALF_S} s): the ledger is behind by {lag[len(lag) // 2]:.2f} s in the"
              f" middle, p99 **{lag[len(lag) * 99 // 100]:.2f} s**, at most {lag[-1]:.2f} s", flush=True)
        settled(server)
        before = memory_mib(server.process.pid)
        rate, lag, all_of_it = behind(data, server, "--connections", 64, "--duration", FULL_S)
        ended = time.monotonic()
        settled(server)
        thirds = [max(part) for part in (all_of_it.records[at * len(lag) // 3:(at + 1) * len(lag) // 3] for at in range(3))]
        print(f"- at the peak ({rate:,.0f} a second for {FULL_S} s): behind by at most {', '.join(f'{records:,.0f}' for records in thirds)}"
              f" records in its three thirds, {lag[-1]:.1f} s; all of it in the ledger {time.monotonic() - ended:.1f} s after the end;"
              f" memory of the server {before:,.0f} MiB before, {memory_mib(server.process.pid):,.0f} after", flush=True)
    finally:
        server.end(signal.SIGKILL)
        stores.end()


def going(data, node, how):
    """What tills at another node see while this one goes: a question that it took with it may stay unknown."""
    goes = threading.Timer(4, node.end, (how,))
    goes.start()
    found = load(data, node.other, "--connections", 64, "--rate", CALM, "--warm-up", 1, "--duration", 12, allowed=("unknown",))
    goes.join()
    return found


def milliseconds(runs, name):
    """The middle and the longest of all runs; what stayed unknown has no end."""
    waits = sorted(float("inf") if run[name] is None else run[name] / 1000 for run in runs)
    return f"{waits[len(waits) // 2]:,.0f} ms in the middle of {len(waits)} runs, at most {waits[-1]:,.0f} ms"


def nodes(folder):
    """How long one of two nodes is missed."""
    stores = Stores(folder / "more")
    first, second = folder / "first", folder / "second"
    first.mkdir(), second.mkdir()
    journal = stores.redis_and_postgres()
    seeded(first, journal)
    shutil.copy2(first / "key", second / "key")
    stays = serve(first, journal, "true")
    try:
        for name, how in (("kill -9", signal.SIGKILL), ("SIGTERM", signal.SIGTERM)):
            runs = []
            for _ in range(TIMES):
                goes = serve(second, journal, "false")
                goes.other = stays.url
                # both have their share a few beats later
                time.sleep(4)
                runs.append(going(first, goes, how))
            unknown = sorted(run["unknown"] for run in runs)
            print(f"- {name} of one of two nodes, {CALM} requests a second to the other: {unknown[0]} to {unknown[-1]} of"
                  f" {12 * CALM:,} unknown to the till, none refused; p90 {milliseconds(runs, 'latency_us_p90')}; p99"
                  f" {milliseconds(runs, 'latency_us_p99')}; the longest {milliseconds(runs, 'latency_us_max')}", flush=True)
    finally:
        stays.end(signal.SIGKILL)
        stores.end()


def main():
    with tempfile.TemporaryDirectory(dir=RELEASE.parent) as name:
        folder = Path(name)
        folder.chmod(0o755)
        ledger(folder)
        nodes(folder)


if __name__ == "__main__":
    main()
