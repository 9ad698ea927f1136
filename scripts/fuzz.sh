#!/usr/bin/env bash
# Runs each fuzz target (fuzz/), or one of them, for a while, and stops at the first failure.
# Usage: scripts/fuzz.sh [SECONDS [TARGET]]
# FUZZ_SEED=1 tries the same inputs each time.
# Needs a nightly toolchain; without one it says so and does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/environment.sh
source scripts/environment.sh
seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "fuzz: $seconds is no number of seconds" >&2; exit 1; }
targets=(markdown front_matter pictures strip form addresses headers query counts wordpress ghost)
all=("${targets[@]}")
if [ -n "${2:-}" ]; then
  [ -f "fuzz/fuzz_targets/$2.rs" ] || { echo "fuzz: there is no target $2; there are ${targets[*]}" >&2; exit 1; }
  targets=("$2")
fi
export PATH="$TOOLS/cargo-fuzz/bin:$PATH"

if ! cargo +nightly --version >/dev/null 2>&1; then
  echo "skipped: there is no nightly toolchain (rustup toolchain install nightly)"
  exit
fi
if ! command -v cargo-fuzz >/dev/null; then
  echo "Compiling cargo-fuzz" >&2
  CARGO_TARGET_DIR="$TOOLS/build" cargo install --quiet cargo-fuzz --root "$TOOLS/cargo-fuzz"
  rm -rf "$TOOLS/build"
fi
# Another compiler with other flags: in a folder of its own, or the builds would evict each other.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/fuzz"

# The samples, the corpus of injections, and earlier findings.
seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT
for target in "${all[@]}"; do mkdir "$seeds/$target"; done
cp samples/*.md "$seeds/markdown"
for file in samples/*.md; do { basename "$file" .md; cat "$file"; } >"$seeds/front_matter/$(basename "$file")"; done
node -e '
  const texts = JSON.parse(require("fs").readFileSync("end2end/tests/injection.json", "utf8"))
  texts.forEach(({ text }, index) => require("fs").writeFileSync(`${process.argv[1]}/markdown/injection-${index}`, text))
' "$seeds"

for target in "${targets[@]}"; do
  # Inputs that reach new code are kept for the next run, unless the inputs must stay the same.
  if [ -n "${FUZZ_SEED:-}" ]; then corpus=$(mktemp -d "$seeds/corpus-XXXX"); else corpus="fuzz/corpus/$target"; fi
  mkdir -p "$corpus"
  # The program has no unsafe code of its own, so the address sanitizer would only cost time.
  cargo +nightly fuzz run --sanitizer none "$target" "$corpus" "$seeds/$target" "fuzz/seeds/$target" -- \
    -max_total_time="$seconds" -max_len=4096 -timeout=20 -print_final_stats=1 -seed="${FUZZ_SEED:-0}"
done
