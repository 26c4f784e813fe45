#!/usr/bin/env python3
"""Measures what docs/performance.md promises, beside its yardsticks, and prints one table.

The binaries must be built: `make bench` does. BUONO_BENCH_ROUNDS (5) and BUONO_BENCH_SECONDS (4) set
how long it takes. Servers take turns, the others frozen meanwhile, and ratios are taken within a round:
on a shared machine only those mean anything.
"""
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELEASE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
ROUNDS = int(os.environ.get("BUONO_BENCH_ROUNDS", "5"))
SECONDS = float(os.environ.get("BUONO_BENCH_SECONDS", "4"))
CONNECTIONS = (64, 256)
# of an answer of Buono's, whose receipt grows with the batch
ANSWER_BYTES = {64: 1000, 256: 1100}
FUND_CENTS = 100_000_000
WARM_UP_S = 1


class Server:
    """A process that says when it is ready; frozen unless it is its turn."""

    def __init__(self, url, *command):
        self.url = url
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "BUONO_LOG": "error"})
        if not any(line.strip() == "ready" for line in self.process.stdout):
            sys.exit(f"{command[0]} ended before it was ready")

    def __enter__(self):
        self.process.send_signal(signal.SIGCONT)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGSTOP)

    def end(self, how):
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(how)
        self.process.wait()


def load(data, url, *options, allowed=()):
    """One run of the load tester; what it says of everything."""
    report = data / "report.json"
    command = [RELEASE / "buono-loadtest", "--demo", data / "demo.json", "--url", url, "--no-check", "--json", report, *options]
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    figures = json.loads(report.read_text())["all"]
    # refusals that were asked for are declines
    bad = ("lost", "refused", "unknown", "not_executed") + (() if any("refusals" in str(option) for option in options) else ("declined",))
    failed = {name: figures[name] for name in bad if figures[name] and name not in allowed}
    if failed:
        sys.exit(f"not everything was answered as it should be: {failed}")
    return figures


def measure(data, server, connections, *options):
    with server:
        return load(data, server.url, "--connections", connections, "--warm-up", WARM_UP_S, "--duration", SECONDS, *options)


def metrics(server):
    return urllib.request.urlopen(f"{server.url}/metrics").read().decode()


def commits(server):
    """The buckets of the journal's commits so far: upper end in seconds, count."""
    found = re.findall(r'buono_journal_commit_seconds_bucket\{.*?le="([^"]+)"\} (\d+)', metrics(server))
    return [(float(end), int(count)) for end, count in found]


def settled(server):
    """Waits until the ledger has what earlier runs left behind."""
    while True:
        text = metrics(server)
        durable, projected = (re.search(rf"^buono_{name}_seq\{{.*\}} (\d+)", text, re.M) for name in ("journal_durable", "projector"))
        if durable and projected and int(projected[1]) >= int(durable[1]):
            return
        time.sleep(0.1)


def percentile(before, after, part):
    """Of what came between two looks at the buckets, evenly spread within each of them, in seconds."""
    counts = [(end, now - then) for (end, then), (_, now) in zip(before, after)]
    wanted, low, seen = counts[-1][1] * part, 0.0, 0
    for end, count in counts:
        if count >= wanted:
            return low if end == float("inf") else low + (end - low) * (wanted - seen) / max(count - seen, 1)
        low, seen = end, count
    return low


def town(data):
    """A demonstration town whose vouchers last, served as in production."""
    buono = str(RELEASE / "buono")
    url = "http://127.0.0.1:18390"
    demo = Server(url, buono, "demo", "--data", str(data), "--listen", "127.0.0.1:18390")
    load(data, url, "--fund-cents", FUND_CENTS, "--warm-up", 0, "--duration", 0.5, "--connections", 4)
    demo.end(signal.SIGTERM)
    return Server(url, buono, "serve", "--data", str(data), "--listen", "127.0.0.1:18390")


def rate(values):
    return f"{statistics.median(values):,.0f}"


def ratios(values, yardsticks):
    found = sorted(value / yardstick for value, yardstick in zip(values, yardsticks))
    return f"**{statistics.median(found):.2f}** ({found[0]:.2f} to {found[-1]:.2f})"


def http(data, buono):
    """Full speed through HTTP, in turns with the bare server; the median of the rates with 64 connections."""
    print("\n| connections | bare a second | many vouchers | one voucher | many ÷ bare | one ÷ many | p99 many |")
    print("|---|---|---|---|---|---|---|", flush=True)
    peaks = {}
    for connections in CONNECTIONS:
        url = "http://127.0.0.1:18399"
        bare = Server(url, str(RELEASE / "examples/bare"), "127.0.0.1:18399", "2", str(ANSWER_BYTES[connections]))
        bare.process.send_signal(signal.SIGSTOP)
        rounds = [
            (
                measure(data, bare, connections),
                measure(data, buono, connections),
                measure(data, buono, connections, "--vouchers", "one"),
            )
            for _ in range(ROUNDS)
        ]
        bare.end(signal.SIGKILL)
        yardstick, many, one = ([figures["per_second"] for figures in column] for column in zip(*rounds))
        p99 = statistics.median(figures["latency_us_p99"] for _, figures, _ in rounds) / 1000
        peaks[connections] = statistics.median(many)
        print(
            f"| {connections} | {rate(yardstick)} | {rate(many)} | {rate(one)} | {ratios(many, yardstick)}"
            f" | {ratios(one, many)} | {p99:.1f} ms |",
            flush=True,
        )
    return peaks[CONNECTIONS[0]]


def half_of(data, buono, peak):
    """What a till waits at half of the peak rate, beside what the disk took in the same seconds."""
    waits, disks = [], []
    for _ in range(ROUNDS):
        with buono:
            settled(buono)
            before = commits(buono)
        waits.append(measure(data, buono, 64, "--rate", round(peak / 2))["latency_us_p99"] / 1e6)
        with buono:
            disks.append(percentile(before, commits(buono), 0.99))
    times = [wait / disk for wait, disk in zip(waits, disks)]
    print(
        f"\nAt half of that rate with 64 connections ({peak / 2:,.0f} due a second): p99 {statistics.median(waits) * 1e3:.1f} ms;"
        f" of one commit of the journal {statistics.median(disks) * 1e3:.1f} ms; ratio **{statistics.median(times):.1f}**"
        f" ({min(times):.1f} to {max(times):.1f})"
    )


def benches():
    """The benches without HTTP, whose lines are figures already."""
    for package, bench in (("engine", "throughput"), ("engine", "memory"), ("gateway", "start")):
        command = ["cargo", "bench", "--locked", "-q", "-p", package, "--bench", bench]
        said = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
        print("".join(f"- {line}\n" for line in said.splitlines() if line), end="", flush=True)


def in_a_town(measurement, *arguments):
    """One of its own: what the ledger still has to write of an earlier one is not this one's burden."""
    # beside the binaries, since /tmp may be in memory and answer faster than any disk
    with tempfile.TemporaryDirectory(dir=RELEASE.parent) as folder:
        data = Path(folder)
        buono = town(data)
        buono.process.send_signal(signal.SIGSTOP)
        try:
            return measurement(data, buono, *arguments)
        finally:
            buono.end(signal.SIGKILL)


def main():
    peak = in_a_town(http)
    in_a_town(half_of, peak)
    print()
    benches()


if __name__ == "__main__":
    main()
