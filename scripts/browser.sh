#!/usr/bin/env bash
# The pages in a real browser, over the binary that was built before. Usage: browser.sh [short|long|screens]
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="${CARGO_TARGET_DIR:-$PWD/target}/tools/node_modules/.bin:$PATH"
cd tests/browser
# installed anew only when the lock says something else than last time
if ! cmp -s package-lock.json node_modules/.installed; then
  npm ci --ignore-scripts --no-audit --no-fund
  cp package-lock.json node_modules/.installed
fi
case "${1:-short}" in
  short) npm test ;;
  long) BUONO_BROWSER=long npm test ;;
  screens) npm run screens ;;
esac
