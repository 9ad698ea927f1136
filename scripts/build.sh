#!/usr/bin/env bash
# Builds the site and the server for release: with cargo-leptos where it is installed, otherwise by
# the same steps.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
if cargo leptos --version >/dev/null 2>&1; then
  cargo leptos build --release --js-minify=false >&2
else
  node scripts/site/build.mjs >/dev/null
fi
node scripts/site/finish.mjs
