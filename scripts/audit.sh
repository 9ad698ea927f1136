#!/usr/bin/env bash
# Checks dependencies: licences, sources, bans, and known vulnerabilities where their database can
# be reached.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
cargo deny --version >/dev/null 2>&1 || {
  echo "cargo-deny is missing: install it with 'cargo binstall cargo-deny' or 'cargo install cargo-deny'." >&2
  exit 1
}
cargo deny --all-features check licenses bans sources
if cargo deny --all-features fetch db >/dev/null 2>&1; then
  cargo deny --all-features check advisories
else
  echo "The database of known vulnerabilities can't be reached from here, so they were NOT checked." >&2
fi
