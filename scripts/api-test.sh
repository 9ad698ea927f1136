#!/usr/bin/env bash
# Runs Schemathesis against the JSON API of the release build: it sends valid and invalid requests,
# and fails if an answer does not match the OpenAPI description. The server profile is left out
# where MariaDB or Redis is missing. Schemathesis is installed from PyPI into its own environment.
# Usage: scripts/api-test.sh [OPTIONS OF SCHEMATHESIS...]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/environment.sh
source scripts/environment.sh

SCHEMATHESIS_VERSION=4.32.5
# By its own User-Agent Schemathesis is a crawler, whose views are not counted.
BROWSER='Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0'

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
stop() { printf '\033[1;31mapi-test stopped:\033[0m %s\n' "$*" >&2; exit 1; }

environment="$TOOLS/schemathesis-$SCHEMATHESIS_VERSION"
schemathesis="$environment/bin/schemathesis"
if [ ! -x "$schemathesis" ]; then
  say "Installing Schemathesis $SCHEMATHESIS_VERSION"
  python3 -m venv "$environment" || stop "there is no Python with venv. Install python3-venv, then try again."
  "$environment/bin/pip" install --quiet "schemathesis==$SCHEMATHESIS_VERSION" ||
    { rm -rf "$environment"; stop "Schemathesis could not be installed from PyPI; see above."; }
fi

binary=$(scripts/binary.sh)
[ -x "$binary" ] || stop "$binary is not there. Run 'make site' first."
site="$PWD/target/site"
folder=$(mktemp -d)
processes=()

finish() {
  local process
  for process in "${processes[@]}"; do kill "$process" 2>/dev/null || true; done
  for process in "${processes[@]}"; do wait "$process" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap finish EXIT

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Retries a command until it succeeds, for 30 seconds at most.
wait_for() {
  local attempt
  for attempt in $(seq 300); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
  return 1
}

start_mariadb() {
  local port=$1 options=(--no-defaults "--datadir=$folder/sql" "--tmpdir=$folder" --skip-name-resolve)
  if [ "$(id -u)" = 0 ]; then options+=(--user=root); fi
  mariadb-install-db "${options[@]}" --auth-root-authentication-method=normal --skip-test-db >"$folder/sql.log" 2>&1
  PATH="$PATH:/usr/sbin" mariadbd "${options[@]}" "--port=$port" --bind-address=127.0.0.1 --socket=sql.sock \
    --pid-file=sql.pid --character-set-server=utf8mb4 >>"$folder/sql.log" 2>&1 &
  processes+=($!)
  local client=(mariadb --no-defaults --protocol=tcp --host=127.0.0.1 "--port=$port" --user=root)
  wait_for "${client[@]}" --execute 'SELECT 1' || { cat "$folder/sql.log" >&2; stop "MariaDB does not answer."; }
  "${client[@]}" --execute 'CREATE DATABASE tidemark'
}

start_redis() {
  local port=$1
  redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --appendonly yes --maxmemory-policy noeviction \
    >"$folder/redis.log" 2>&1 &
  processes+=($!)
  wait_for redis-cli -p "$port" ping || { cat "$folder/redis.log" >&2; stop "Redis does not answer."; }
}

# Tests a server with the sample articles. Arguments before `--` are settings of the server, those
# after it are options of Schemathesis.
test_profile() {
  local name=$1 settings=() blog="$folder/$1"
  shift
  while [ "$1" != -- ]; do settings+=("$1"); shift; done
  shift
  mkdir "$blog"
  settings+=(
    "PATH=$PATH" RUST_LOG=warn LEPTOS_SITE_ADDR=127.0.0.1:0 "LEPTOS_SITE_ROOT=$site"
    "TIDEMARK_PICTURES__URL=file:$blog/pictures"
  )
  (
    cd "$blog" &&
      env -i "${settings[@]}" "$binary" migrate &&
      env -i "${settings[@]}" "$binary" seed
  ) >"$blog/seed.log" || { cat "$blog/seed.log" >&2; stop "the sample articles could not be added."; }
  (cd "$blog" && exec env -i "${settings[@]}" "$binary" serve) >"$blog/address" &
  processes+=($!)
  wait_for grep -q 'http://' "$blog/address" || stop "the server does not start; see above."
  local address
  # The line also names the address that readers use, so the first one is taken.
  address=$(grep -o 'http://[0-9.:]*' "$blog/address" | head -1)
  say "The $name profile, on $address"
  # In the blog's folder, because it leaves files where it runs.
  (cd "$blog" && "$schemathesis" run "$address/api/v1/openapi.json" --checks all --mode all \
    --continue-on-failure --phases examples,coverage,fuzzing,stateful \
    --generation-database none --request-timeout 30 \
    --header "User-Agent: $BROWSER" "$@")
}

test_profile embedded "DATABASE_URL=sqlite:$folder/blog.db" -- "$@"
if PATH="$PATH:/usr/sbin" command -v mariadbd >/dev/null && command -v redis-server >/dev/null; then
  sql=$(free_port)
  start_mariadb "$sql"
  redis=$(free_port)
  start_redis "$redis"
  test_profile server "DATABASE_URL=mysql://root@127.0.0.1:$sql/tidemark" "REDIS_URL=redis://127.0.0.1:$redis" -- "$@"
else
  say "No MariaDB or no Redis here: the server profile is LEFT OUT."
fi
