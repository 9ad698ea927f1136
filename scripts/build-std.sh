#!/usr/bin/env bash
# Builds the standard library for a target from the compiler's own sources, and installs it.
# Usage: scripts/build-std.sh TARGET FOLDER
set -euo pipefail
target=$1 library=$2
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir src
printf '[package]\nname = "only_std"\nversion = "0.0.0"\nedition = "2021"\n[lib]\ncrate-type = ["rlib"]\n' >Cargo.toml
printf '' >src/lib.rs
RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$work/target" cargo build --quiet --release -Zbuild-std=std,panic_abort --target "$target"
rm -f target/"$target"/release/deps/*only_std*
# Copied under another name and renamed once complete, so an interrupted run leaves no partial
# library.
as_root rm -rf "$library.new"
as_root mkdir -p "$library.new/lib"
as_root cp target/"$target"/release/deps/*.rlib "$library.new/lib/"
as_root rm -rf "$library"
as_root mv "$library.new" "$library"
