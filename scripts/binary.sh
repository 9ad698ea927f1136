#!/usr/bin/env bash
# Prints where the release build of the server is.
set -euo pipefail
cd "$(dirname "$0")/.."
echo "${CARGO_TARGET_DIR:-$PWD/target}/release/tidemark"
