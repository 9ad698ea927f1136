#!/usr/bin/env bash
# Installs what building Tidemark needs: the browser's target, wasm-bindgen and wasm-opt; with
# "test" also a browser, MariaDB, Redis, and, where there can be Java, Kafka and OpenSearch; with
# "lighthouse" also a browser and Lighthouse. What is there is left alone, so a second run takes a
# moment.
# Usage: scripts/setup.sh [build|test|lighthouse]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/environment.sh
source scripts/environment.sh

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
stop() { printf '\033[1;31mset-up stopped:\033[0m %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif have sudo; then sudo "$@"; else return 1; fi
}

# Installs Debian packages; fails where there is no apt.
apt_install() {
  have apt-get || return 1
  as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 && return 0
  # The package lists may be old or missing.
  as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

check_basics() {
  have cargo || stop "there is no Rust. Install it from https://rustup.rs, then try again."
  have npm && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null ||
    stop "there is no Node.js of version 20 or later. Install it from https://nodejs.org, then try again."
  have cc || { say "Installing a C compiler, which SQLite is built with"; apt_install gcc libc6-dev; } ||
    stop "there is no C compiler. Install gcc or clang, then try again."
  { have c++ && have make; } ||
    { say "Installing a C++ compiler and make, which Kafka's client is built with"; apt_install g++ make; } ||
    stop "there is no C++ compiler or no make. Install g++ or clang, and make, then try again."
}

# The standard library for the browser: from rustup where it can be downloaded, otherwise built from
# Debian's package of its sources.
install_wasm_target() {
  has_wasm_target && return
  if have rustup; then
    say "Adding the compile target of the browser (rustup target add $WASM_TARGET)"
    if rustup target add "$WASM_TARGET" >&2; then has_wasm_target && return; fi
    say "rustup could not; building the target from Debian's packages instead"
  fi
  apt_install rustc-web cargo-web rust-web-src rust-web-llvm lld-22 rust-web-clippy rustfmt-web ||
    stop "the compile target is missing. Run 'rustup target add $WASM_TARGET' where the internet can be reached, then try again."
  if have rustup; then rustup toolchain link "$DEBIAN_TOOLCHAIN" /usr; fi
  export RUSTUP_TOOLCHAIN="$DEBIAN_TOOLCHAIN"
  if ! has_wasm_target; then
    say "Building the standard library for the browser (about a minute)"
    scripts/build-std.sh "$WASM_TARGET" "/usr/lib/rustlib/$WASM_TARGET" ||
      stop "the standard library for the browser could not be built; see above."
  fi
  has_wasm_target || stop "the compile target was built, but the compiler does not find it."
}

# Exactly the version in Cargo.lock: the library and the tool must match.
install_wasm_bindgen() {
  [ -x "$WASM_BINDGEN" ] && return
  local version=$WASM_BINDGEN_VERSION root
  root=$(dirname "$(dirname "$WASM_BINDGEN")")
  if cargo binstall --version >/dev/null 2>&1 &&
    cargo binstall -y --quiet --root "$root" "wasm-bindgen-cli@$version" >&2; then
    return
  fi
  say "Compiling wasm-bindgen $version (2 to 6 minutes)"
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
    CARGO_TARGET_DIR="$TOOLS/build" \
    cargo install --quiet wasm-bindgen-cli --version "$version" --bin wasm-bindgen --root "$root" ||
    stop "wasm-bindgen could not be compiled. Try 'cargo install wasm-bindgen-cli --version $version --root $root'."
  rm -rf "$TOOLS/build"
}

# If npm's own record of what it installed is newer than the lock file, there is nothing to do.
install_npm_packages() {
  local folder=$1
  [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ] && return
  say "Installing the npm packages of $folder"
  (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error >&2) || stop "'npm ci' failed in $folder; see above."
}

install_browser() {
  if ! find_chromium >/dev/null; then
    say "Installing Chromium"
    apt_install chromium ||
      stop "there is no Chromium. Install Chromium or Chrome, or set CHROMIUM to its path, then try again."
  fi
  # Without it, screenshots of the Chinese sample show boxes; the tests do not need it.
  [ -n "$(fc-list :lang=zh 2>/dev/null | head -1)" ] || apt_install fonts-wqy-microhei || true
}

# The tests start servers of their own on free ports and leave Debian's alone.
install_servers() {
  PATH="$PATH:/usr/sbin"
  if ! have mariadbd || ! have mariadb-install-db || ! have redis-server; then
    say "Installing MariaDB and Redis, which the tests start"
    apt_install mariadb-server-core mariadb-client-core redis-server ||
      stop "there is no MariaDB or no Redis. Install mariadbd, the mariadb client and redis-server, then try again."
  fi
  scripts/servers.sh has kafka opensearch && return
  if ! have mvn || ! have java; then
    say "Installing Maven and Java, with which the tests get and start Kafka and OpenSearch"
    apt_install maven default-jre-headless || true
  fi
  scripts/servers.sh get kafka opensearch
}

# The client of the reader in Python that docs/STREAM.md shows. Without it, its test is left out.
install_kafka_python() {
  [ -d "$KAFKA_PYTHON/kafka" ] && return
  python3 -m pip install --quiet --no-deps --target "$KAFKA_PYTHON" kafka-python==3.0.12 >/dev/null 2>&1 || true
}

check_basics
install_wasm_target
install_wasm_bindgen
install_npm_packages scripts/site
case "${1:-build}" in
  test)
    install_npm_packages end2end
    install_npm_packages scripts/deploy
    install_browser
    install_servers
    install_kafka_python
    ;;
  lighthouse)
    install_npm_packages scripts/lighthouse
    install_browser
    ;;
esac
