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
from contextlib import contextmanager
from pathlib import Path

from bench import RELEASE, load, metrics, settled
from bench_servers import Stores, seeded, serve

PEAK_S, HALF_S, FULL_S = 10, 60, 300
SAMPLE_S = 0.05
# requests a second beside which a node goes, how often one goes, and how long it is watched
CALM, TIMES, WATCHED_S = 400, 10, 12


@contextmanager
def served(folder):
    """A town on stores of its own, and the node that serves it and does its work."""
    folder.mkdir()
    stores, data = Stores(folder / "stores"), folder / "town"
    data.mkdir()
    journal = stores.redis_and_postgres()
    try:
        seeded(data, journal)
        server = serve(data, journal, works=True)
        try:
            yield data, journal, server
        finally:
            server.end(signal.SIGKILL)
    finally:
        stores.end()


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
    return rate, lag.end(), lag.records


def memory_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def ledger(folder):
    """How far the ledger is behind at half of the peak, and what becomes of it at the peak."""
    with served(folder) as (data, _, server):
        peak = load(data, server.url, "--connections", 64, "--duration", PEAK_S)["per_second"]
        settled(server)
        rate, lag, _ = behind(data, server, "--connections", 64, "--rate", round(peak / 2), "--duration", HALF_S)
        print(f"- at half of the peak ({rate:,.0f} a second for {HALF_S} s): the ledger is behind by {lag[len(lag) // 2]:.2f} s in the"
              f" middle, p99 **{lag[len(lag) * 99 // 100]:.2f} s**, at most {lag[-1]:.2f} s", flush=True)
        settled(server)
        before = memory_mib(server.process.pid)
        rate, lag, records = behind(data, server, "--connections", 64, "--duration", FULL_S)
        ended = time.monotonic()
        settled(server)
        thirds = [max(records[at * len(records) // 3:(at + 1) * len(records) // 3]) for at in range(3)]
        print(f"- at the peak ({rate:,.0f} a second for {FULL_S} s): behind by at most {', '.join(f'{most:,.0f}' for most in thirds)}"
              f" records in its three thirds, {lag[-1]:.1f} s; all of it in the ledger {time.monotonic() - ended:.1f} s after the end;"
              f" memory of the server {before:,.0f} MiB before, {memory_mib(server.process.pid):,.0f} after", flush=True)


def going(data, url, node, how):
    """What tills at another node see while one goes: a question that it took with it may stay unknown."""
    goes = threading.Timer(4, node.end, (how,))
    goes.start()
    found = load(data, url, "--connections", 64, "--rate", CALM, "--warm-up", 1, "--duration", WATCHED_S, allowed=("unknown",))
    goes.join()
    return found


def milliseconds(runs, name):
    """The middle and the longest of all runs; what stayed unknown has no end."""
    waits = sorted(float("inf") if run[name] is None else run[name] / 1000 for run in runs)
    return f"{waits[len(waits) // 2]:,.0f} ms in the middle of {len(waits)} runs, at most {waits[-1]:,.0f} ms"


def nodes(folder):
    """How long one of two nodes is missed."""
    with served(folder) as (data, journal, stays):
        second = folder / "second"
        second.mkdir()
        shutil.copy2(data / "key", second / "key")
        for name, how in (("kill -9", signal.SIGKILL), ("SIGTERM", signal.SIGTERM)):
            runs = []
            for _ in range(TIMES):
                goes = serve(second, journal, works=False)
                # both have their share a few beats later
                time.sleep(4)
                runs.append(going(data, stays.url, goes, how))
            unknown = sorted(run["unknown"] for run in runs)
            print(f"- {name} of one of two nodes, {CALM} requests a second to the other: {unknown[0]} to {unknown[-1]} of"
                  f" {WATCHED_S * CALM:,} unknown to the till, none refused; p90 {milliseconds(runs, 'latency_us_p90')}; p99"
                  f" {milliseconds(runs, 'latency_us_p99')}; the longest {milliseconds(runs, 'latency_us_max')}", flush=True)


def main():
    with tempfile.TemporaryDirectory(dir=RELEASE.parent) as name:
        folder = Path(name)
        folder.chmod(0o755)
        ledger(folder / "ledger")
        nodes(folder / "nodes")


if __name__ == "__main__":
    main()
