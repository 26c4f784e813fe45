#!/usr/bin/env bash
# A rolling upgrade with two real builds: that of an earlier commit, which is built here, and the present one.
# OLD names the commit; without it the newest released version (tag) counts.
set -euo pipefail
cd "$(dirname "$0")/.."

old="${OLD:-$(git describe --tags --abbrev=0 2>/dev/null || true)}"
if [ -z "$old" ]; then
  echo "No version was released yet (there is no tag). Name an earlier commit: make roll OLD=8b5996a" >&2
  exit 1
fi
if ! commit="$(git rev-parse --verify --quiet "$old^{commit}")"; then
  echo "The commit $old is not in this copy of the repository. Fetch it first: git fetch --tags --unshallow" >&2
  exit 1
fi

target="${CARGO_TARGET_DIR:-$PWD/target}"
binary="$target/roll/buono-$commit"
if [ ! -x "$binary" ]; then
  echo "== building $commit"
  tree="$target/roll/tree"
  rm -rf "$tree"
  mkdir -p "$tree"
  git archive "$commit" | tar -x -C "$tree"
  # one target folder, so that libraries are built once for both
  (cd "$tree" && CARGO_TARGET_DIR="$target" cargo build --locked -p gateway)
  cp "$target/debug/buono" "$binary.new"
  mv "$binary.new" "$binary"
  rm -rf "$tree"
fi
echo "== building what is here"
cargo build --locked -p gateway
echo "== rolling from $(git log -1 --format='%h, %s' "$commit")"
BUONO_OLD="$binary" cargo nextest run --profile long --locked -p tests --test roll --run-ignored only --no-capture
