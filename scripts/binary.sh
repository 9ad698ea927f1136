#!/usr/bin/env bash
# Prints the path of the server's release build.
set -euo pipefail
cd "$(dirname "$0")/.."
echo "${CARGO_TARGET_DIR:-$PWD/target}/release/tidemark"
