#!/usr/bin/env bash
# Makes many small changes to the counting code, one at a time, and runs its tests on each. A change
# that no test notices is a missed mutant. .cargo/mutants.toml says what is changed.
# Usage: scripts/mutants.sh [OPTIONS OF cargo mutants], such as -j 2, --list, or -F counting/src/flush.rs
# It takes hours on two cores. The result is in target/mutants.out.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/environment.sh
source scripts/environment.sh
export PATH="$TOOLS/cargo-mutants/bin:$PATH"

if ! command -v cargo-mutants >/dev/null; then
  echo "Compiling cargo-mutants" >&2
  CARGO_TARGET_DIR="$TOOLS/build" cargo install --quiet --locked cargo-mutants --root "$TOOLS/cargo-mutants"
  rm -rf "$TOOLS/build"
fi

output=${CARGO_TARGET_DIR:-$PWD/target}
mkdir -p "$output"
output=$(realpath "$output")
# cargo-mutants builds in copies of the checkout. They must not share one folder.
unset CARGO_TARGET_DIR
# Nobody reads a mutant's backtrace, and it links faster without.
export CARGO_PROFILE_DEV_DEBUG=false
# --fail-fast is not stable yet. Without it, a mutant that is caught at once costs as much as one
# that is missed.
export RUSTC_BOOTSTRAP=1
# What git ignores is not copied: packages of npm, and what fuzzing built.
cargo mutants --package tidemark-counting --package tidemark-store --gitignore=true --output "$output" "$@" -- \
  --lib --tests -- -Z unstable-options --fail-fast --test-threads 4
