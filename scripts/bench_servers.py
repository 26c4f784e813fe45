#!/usr/bin/env python3
"""The part of `make bench` that needs Redis and Postgres: Buono on them beside what one would write without an engine.

Both are started here, on free ports and with safe settings, beside the binaries: /tmp may be in memory.
"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import ANSWER_BYTES, CONNECTIONS, FUND_CENTS, RELEASE, ROUNDS, Server, load, measure, rate, ratios

MIX = ("--mix", "duplicates=5,refusals=5")
# workers, and connections of each worker: a guess for two cores, not searched for; a better one makes the ratio smaller
BEST = {"redis": ("2", "1"), "postgres": ("2", "16")}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def reachable(port):
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit(f"nothing listens on {port}")


class Stores:
    """A Redis and a Postgres of one's own."""

    def __init__(self, folder):
        folder.mkdir()
        redis_port, postgres_port = free_port(), free_port()
        self.redis_url = f"redis://127.0.0.1:{redis_port}"
        self.postgres_url = f"postgres://postgres@127.0.0.1:{postgres_port}/postgres"
        (folder / "redis").mkdir()
        safe = "--appendonly yes --appendfsync always --maxmemory-policy noeviction --no-appendfsync-on-rewrite no"
        command = f"redis-server --bind 127.0.0.1 --port {redis_port} --save '' {safe} --aof-load-truncated no"
        self.redis = subprocess.Popen(["sh", "-c", f"exec {command}"], cwd=folder / "redis", stdout=subprocess.DEVNULL)
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        if not found:
            sys.exit("Postgres is missing: run scripts/setup.sh test")
        self.bin, self.data = found[-1], folder / "postgres"
        folder.chmod(0o777)
        self.as_postgres("initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-D", self.data)
        settings = f"-p {postgres_port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200"
        self.as_postgres("pg_ctl", "start", "-w", "-D", self.data, "-o", settings)
        reachable(redis_port)

    def redis_and_postgres(self):
        return ("--redis", self.redis_url, "--postgres", self.postgres_url)

    def postgres_alone(self):
        return ("--journal", "postgres", "--postgres", self.postgres_url)

    def as_postgres(self, program, *arguments):
        user = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"] if os.getuid() == 0 else []
        command = [*user, str(self.bin / program), *map(str, arguments)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(self):
        self.redis.kill()
        self.redis.wait()
        self.as_postgres("pg_ctl", "stop", "-m", "immediate", "-D", self.data)


def frozen(*command):
    url = f"http://127.0.0.1:{free_port()}"
    server = Server(url, *[part.replace("LISTEN", url.removeprefix("http://")) for part in map(str, command)])
    server.process.send_signal(signal.SIGSTOP)
    return server


def buono(command, data, journal, *options):
    """The program over this folder and these stores, on a port of its own."""
    listen = f"127.0.0.1:{free_port()}"
    return Server(f"http://{listen}", str(RELEASE / "buono"), command, "--data", str(data), "--listen", listen, *options, *journal)


def serve(data, journal, works):
    return buono("serve", data, journal, "--workers", str(works).lower())


def seeded(data, journal):
    """A demonstration town on these stores whose vouchers last."""
    demo = buono("demo", data, journal)
    load(data, demo.url, "--fund-cents", FUND_CENTS, "--warm-up", 0, "--duration", 0.5, "--connections", 4)
    demo.end(signal.SIGTERM)


def town(data, journal, nodes):
    """A seeded town and the nodes that serve it, frozen; the first one works."""
    seeded(data, journal)
    servers = []
    for node in range(nodes):
        folder = data if node == 0 else data / f"node{node}"
        folder.mkdir(exist_ok=True)
        if node:
            shutil.copy2(data / "key", folder / "key")
        servers.append(serve(folder, journal, works=node == 0))
    # every node has its share a few beats later
    time.sleep(3)
    for server in servers:
        server.process.send_signal(signal.SIGSTOP)
    return servers


class Together:
    """Nodes that wake and sleep together; the load goes to the first."""

    def __init__(self, data, servers):
        self.data, self.servers, self.url = data, servers, servers[0].url

    def __enter__(self):
        for server in self.servers:
            server.__enter__()
        # the leases of those who slept have run out: they find their places again
        time.sleep(4 if len(self.servers) > 1 else 1)
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.__exit__()

    def end(self):
        for server in self.servers:
            server.end(signal.SIGKILL)


def yardstick(kind, url, connections, data):
    """Asked for the vouchers of a town that it need not know."""
    workers, shared = BEST[kind]
    server = frozen(RELEASE / "examples/stored", "LISTEN", workers, ANSWER_BYTES[connections], url, shared)
    server.data = data
    return server


def beside(title, names, pairs, *options):
    """One table; a pair is made anew for each number of connections where its yardstick depends on it."""
    print(f"\n{title}\n\n| connections | {names[0]} a second | {names[1]} a second | ratio |\n|---|---|---|---|", flush=True)
    for connections in CONNECTIONS:
        servers, mine = pairs(connections)
        rounds = [[measure(server.data, server, connections, *options)["per_second"] for server in servers] for _ in range(ROUNDS)]
        first, second = zip(*rounds)
        print(f"| {connections} | {rate(first)} | {rate(second)} | {ratios(second, first)} |", flush=True)
        for server in mine:
            server.end(signal.SIGKILL)


def main():
    with tempfile.TemporaryDirectory(dir=RELEASE.parent) as name:
        folder = Path(name)
        folder.chmod(0o755)
        stores = [Stores(folder / kind) for kind in ("redis", "postgres", "nodes")]
        towns = []
        try:
            a, b, c = stores
            for at, (journal, nodes) in enumerate(((a.redis_and_postgres, 1), (b.postgres_alone, 1), (c.redis_and_postgres, 3))):
                data = folder / f"town{at}"
                data.mkdir()
                towns.append(Together(data, town(data, journal(), nodes)))
            on_redis, on_postgres, three = towns

            def against(kind, url, buono):
                def pair(connections):
                    other = yardstick(kind, url, connections, buono.data)
                    return (other, buono), (other,)

                return pair

            beside("One Redis Function for each request, and Buono on Redis and Postgres:", ("Function", "Buono"),
                   against("redis", a.redis_url, on_redis), *MIX)
            beside("One Postgres function for each request, and Buono on Postgres alone, many vouchers:", ("function", "Buono"),
                   against("postgres", a.postgres_url, on_postgres), *MIX)
            beside("The same on one voucher:", ("function", "Buono"),
                   against("postgres", a.postgres_url, on_postgres), "--vouchers", "one")
            beside("Buono on Redis, and on Postgres alone:", ("Redis", "Postgres"), lambda _: ((on_redis, on_postgres), ()))
            beside("Buono as one node, and as three of which one is asked:", ("one", "three"), lambda _: ((on_redis, three), ()))
        finally:
            for servers in towns:
                servers.end()
            for each in stores:
                each.end()


if __name__ == "__main__":
    main()
