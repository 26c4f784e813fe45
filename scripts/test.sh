#!/usr/bin/env bash
# Every check: format, lints, licences, tests. One target folder, one profile.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "== format"
cargo fmt --all --check
echo "== lints"
cargo clippy --locked --workspace --all-targets -- -D warnings
echo "== licences and reasons"
python3 scripts/licences.py
echo "== tests"
cargo build --locked -p gateway -p loadtest
cargo nextest run --locked --workspace --no-fail-fast
echo "== pages in a browser"
scripts/browser.sh short
