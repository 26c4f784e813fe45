#!/usr/bin/env bash
# Installs what a fresh Debian or Ubuntu with a Rust toolchain lacks, saying so; elsewhere says what
# to install. Usage: setup.sh demo|test
set -euo pipefail

missing=()
have() { command -v "$1" >/dev/null 2>&1; }
have cargo || { echo "Install Rust first: https://rustup.rs" >&2; exit 1; }
have cc || missing+=(build-essential)
if [ "${1:-demo}" = test ] && ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then missing+=(postgresql); fi

if [ "${1:-demo}" = test ] && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then missing+=(python3-venv); fi

if [ ${#missing[@]} -gt 0 ]; then
  if ! have apt-get; then
    echo "Please install: ${missing[*]} (names of Debian's packages)" >&2
    exit 1
  fi
  sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  echo "installing ${missing[*]}"
  $sudo apt-get update -q
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q "${missing[@]}"
fi

if [ "${1:-demo}" = test ] && ! have cargo-nextest; then
  echo "installing cargo-nextest"
  cargo install --locked cargo-nextest
fi

pins="$(dirname "$0")/../tests/schemathesis.txt"
venv="$(dirname "$0")/../target/schemathesis"
if [ "${1:-demo}" = test ] && ! cmp -s "$pins" "$venv/installed.txt"; then
  echo "installing Schemathesis under target/"
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$pins"
  cp "$pins" "$venv/installed.txt"
fi
