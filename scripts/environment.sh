# Which compiler and tools the other scripts use. Source it from the root of the checkout.

WASM_TARGET=wasm32-unknown-unknown
# The name under which rustup knows Debian's compiler (see setup.sh).
DEBIAN_TOOLCHAIN=bookworm
TOOLS="${XDG_CACHE_HOME:-$HOME/.cache}/tidemark/tools"
# A current MySQL, Redis and Valkey for the tests (see servers.sh).
export TEST_SERVERS="$TOOLS/servers/bin"
# The Python client of Kafka, for a test (see setup.sh).
KAFKA_PYTHON="$TOOLS/kafka-python"
export PYTHONPATH="$KAFKA_PYTHON${PYTHONPATH:+:$PYTHONPATH}"
WASM_BINDGEN_VERSION=$(awk '$0 == "name = \"wasm-bindgen\"" { getline; gsub(/"/, ""); print $3; exit }' Cargo.lock)
export WASM_BINDGEN="$TOOLS/wasm-bindgen-$WASM_BINDGEN_VERSION/bin/wasm-bindgen"
export PATH="$(dirname "$WASM_BINDGEN"):$PWD/scripts/site/node_modules/.bin:$PATH"

has_wasm_target() {
  local library
  library=$(rustc --print target-libdir --target "$WASM_TARGET" 2>/dev/null) && compgen -G "$library/libcore-*.rlib" >/dev/null
}

find_chromium() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    [ -n "$name" ] && command -v "$name" && return
  done
  return 1
}

# The default compiler if it can build for the browser, otherwise Debian's if that can.
if [ -z "${RUSTUP_TOOLCHAIN:-}" ] && ! has_wasm_target; then
  export RUSTUP_TOOLCHAIN=$DEBIAN_TOOLCHAIN
  has_wasm_target || unset RUSTUP_TOOLCHAIN
fi
