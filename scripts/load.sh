#!/usr/bin/env bash
# Starts a demonstration town of its own, loads it, checks every answer, and takes it down again.
# The arguments go to buono-loadtest. The binaries must be built.
set -euo pipefail
cd "$(dirname "$0")/.."

# beside the binaries, since /tmp may be in memory and answer faster than any disk
data=$(mktemp -d ./target/load.XXXXXX)
./target/release/buono demo --data "$data" --listen 127.0.0.1:0 >"$data/said" 2>"$data/log" &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server || true; rm -rf "$data"' EXIT
until grep -q '^ready$' "$data/said"; do
  kill -0 $server 2>/dev/null || { cat "$data/log" >&2; exit 2; }
  sleep 0.1
done
./target/release/buono-loadtest --demo "$data/demo.json" "$@"
