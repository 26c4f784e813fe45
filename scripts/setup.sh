#!/usr/bin/env bash
# Installs what a fresh Debian or Ubuntu with a Rust toolchain lacks, saying so; elsewhere says what
# to install. Usage: setup.sh demo|test
set -euo pipefail

missing=()
have() { command -v "$1" >/dev/null 2>&1; }
have cargo || { echo "Install Rust first: https://rustup.rs" >&2; exit 1; }
have cc || missing+=(build-essential)
if [ "${1:-demo}" = test ] && ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then missing+=(postgresql); fi

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
