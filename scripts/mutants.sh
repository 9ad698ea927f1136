#!/usr/bin/env bash
# Makes many small changes to the counting code, one at a time, and runs its tests on each. A change
# that no test notices is a missed mutant.
# Usage: scripts/mutants.sh [OPTIONS OF cargo mutants], such as -j 2, --list, or -F views/flush.rs
#        scripts/mutants.sh check   only checks that the counting code builds on its own
# It takes hours on two cores. The result is in target/mutants.out.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/environment.sh
source scripts/environment.sh
export PATH="$TOOLS/cargo-mutants/bin:$PATH"

output=${CARGO_TARGET_DIR:-$PWD/target}
mkdir -p "$output"
output=$(realpath "$output")

# A copy of the sources reduced to counting (mutants/Cargo.toml says why).
if [ "${1:-}" = check ]; then
  # Always the same place, so that cargo can reuse what it built.
  copy=$output/counting
  rm -rf "$copy"
  mkdir "$copy"
else
  copy=$(mktemp -d)
  trap 'rm -rf "$copy"' EXIT
fi
cp -r src migrations Cargo.lock "$copy"
cp mutants/Cargo.toml "$copy"
cp mutants/lib.rs "$copy/src/lib.rs"
cp mutants/tests.rs "$copy/src/tests/main.rs"
rm "$copy/src/main.rs"

if [ "${1:-}" = check ]; then
  cd "$copy"
  CARGO_TARGET_DIR="$output" cargo check --quiet --tests
  exit
fi

if ! command -v cargo-mutants >/dev/null; then
  echo "Compiling cargo-mutants" >&2
  CARGO_TARGET_DIR="$TOOLS/build" cargo install --quiet --locked cargo-mutants --root "$TOOLS/cargo-mutants"
  rm -rf "$TOOLS/build"
fi

unset CARGO_TARGET_DIR
# --fail-fast is not stable yet. Without it, a mutant that is caught at once costs as much as one
# that is missed.
export RUSTC_BOOTSTRAP=1
cargo mutants --dir "$copy" --config mutants/mutants.toml --output "$output" "$@" -- --lib --tests -- \
  -Z unstable-options --fail-fast --test-threads 4
