#!/usr/bin/env bash
# Makes what is published, in target/packages: an archive and a Debian package, each with the program
# and the browser's files inside it, and SHA256SUMS. Packing the
# same program twice gives the same bytes.
# Usage: scripts/release.sh [build|pack]
#   build  only builds the program, and prints its path
#   pack   only packs what was built
# PROFILE=release builds faster, for trying.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/environment.sh
source scripts/environment.sh

PROFILE=${PROFILE:-dist}
PACKAGES=$PWD/target/packages
# Apart from other builds, because other flags compile everything anew.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/publish"
BINARY=$CARGO_TARGET_DIR/$PROFILE/tidemark
VERSION=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
NAME=tidemark-$VERSION-$(uname -m)-linux-gnu
# The time of the commit is the time of every file. Browsers compare it, so it must not go back.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
stop() { printf '\033[1;31mrelease stopped:\033[0m %s\n' "$*" >&2; exit 1; }

build() {
  local cargo_home=${CARGO_HOME:-$HOME/.cargo} map
  # The program must not name folders of the machine that built it.
  for map in "$cargo_home=/cargo" "$PWD=/tidemark" "$CARGO_TARGET_DIR=/target"; do
    RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$map"
    CFLAGS="${CFLAGS:-} -ffile-prefix-map=$map"
    CXXFLAGS="${CXXFLAGS:-} -ffile-prefix-map=$map"
  done
  export RUSTFLAGS CFLAGS CXXFLAGS
  # Files of earlier builds would become part of the program.
  rm -rf target/site
  node scripts/site/build.mjs --site-only >&2
  node scripts/site/finish.mjs
  say "Compiling the server with the browser's files inside"
  cargo build --locked --profile "$PROFILE" --features embedded-site,kafka-tls --bin tidemark >&2
  # OpenSSL writes into the program with which flags it was compiled, and where. Nothing reads that.
  TARGET=$CARGO_TARGET_DIR perl -pi -e '
    s{\Q$ENV{TARGET}\E}{"/" . "-" x (length($&) - 1)}ge;
    s{-ffile-prefix-map=[^\s"\0]*}{" " x length($&)}ge;
  ' "$BINARY"
  for map in "$cargo_home/" "$PWD/" "$CARGO_TARGET_DIR/"; do
    ! grep -qaF "$map" "$BINARY" || stop "the program names $map."
  done
}

pack() {
  [ -x "$BINARY" ] || stop "there is no $BINARY; run 'scripts/release.sh build' first."
  cargo deb --version >/dev/null 2>&1 ||
    stop "cargo-deb is missing: install it with 'cargo binstall cargo-deb' or 'cargo install cargo-deb'."
  rm -rf "$PACKAGES"
  mkdir -p "$PACKAGES/$NAME"
  say "Packing $NAME.tar.gz"
  install -m 755 "$BINARY" "$PACKAGES/$NAME/"
  install -m 644 CHANGELOG.md Leptos.toml LICENSE-APACHE LICENSE-MIT README.md deploy/systemd/tidemark.service \
    "$PACKAGES/$NAME/"
  cp -r deploy/caddy deploy/grafana deploy/nginx deploy/prometheus deploy/traefik "$PACKAGES/$NAME/"
  chmod -R u=rwX,go=rX "$PACKAGES/$NAME"
  tar --directory "$PACKAGES" --create --format=ustar --sort=name --owner=0 --group=0 --numeric-owner \
    --mtime="@$SOURCE_DATE_EPOCH" "$NAME" | gzip --no-name --best >"$PACKAGES/$NAME.tar.gz"
  rm -r "${PACKAGES:?}/$NAME"
  say "Packing the Debian package"
  cargo deb --quiet --no-build --no-strip --locked --profile "$PROFILE" --output "$PACKAGES/" >/dev/null
  (cd "$PACKAGES" && sha256sum -- *.tar.gz *.deb >SHA256SUMS && cat SHA256SUMS)
}

case ${1:-all} in
  build) build; echo "$BINARY" ;;
  pack) pack ;;
  all) build; pack ;;
  *) echo "Usage: scripts/release.sh [build|pack]" >&2; exit 2 ;;
esac
