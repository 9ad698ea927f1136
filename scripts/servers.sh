#!/usr/bin/env bash
# Gets a current MySQL, Redis and Valkey for the tests, each as a program in $TEST_SERVERS. It uses
# what the machine has and unpacks the rest from Debian's unstable suite into a folder of its own.
# That needs apt and a Debian mirror, but no root: nothing is installed, and each program runs with
# the loader and the libraries that lie beside it.
# Usage: scripts/servers.sh [get|has PROGRAM...]
#   get    gets what is missing, or says in one line that it can't
#   has    succeeds if all of these programs are there
# To get newer ones, delete the folder ($TOOLS/servers) and get them again.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/environment.sh
source scripts/environment.sh

PROGRAMS=(mysqld mysql redis-server valkey-server)
FOLDER=$(dirname "$TEST_SERVERS")

has() {
  local program
  for program in "$@"; do [ -x "$TEST_SERVERS/$program" ] || return 1; done
}

# The machine's own program, if it is what its name says and recent: MariaDB has a `mysqld` and a
# `mysql` too.
native() {
  local file version
  file=$(PATH="$PATH:/usr/sbin" command -v "$1") && version=$("$file" --version 2>/dev/null) || return 1
  case $1 in
    mysqld | mysql) [[ $version != *MariaDB* && $version =~ Ver\ ([0-9]+) && ${BASH_REMATCH[1]} -ge 9 ]] ;;
    redis-server) [[ $version =~ v=([0-9]+) && ${BASH_REMATCH[1]} -ge 8 ]] ;;
    valkey-server) [[ $version =~ v=([0-9]+) && ${BASH_REMATCH[1]} -ge 9 ]] ;;
  esac && printf '%s\n' "$file"
}

# The Debian mirror that apt uses here.
mirror() {
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(LABEL)|$(CREATED_BY)|$(COMPONENT)|$(REPO_URI)' 2>/dev/null |
    awk -F'|' '$1 == "Debian" && $2 == "Packages" && $3 == "main" { print $4; exit }'
}

# The same, updating apt's lists if there are none yet.
find_mirror() {
  mirror | grep . && return
  grep -qx 'ID=debian' /etc/os-release 2>/dev/null || return 1
  if [ "$(id -u)" = 0 ]; then apt-get update -qq; else sudo -n apt-get update -qq; fi >/dev/null 2>&1
  mirror | grep .
}

# Unpacks the packages and all their dependencies, as if nothing were installed here.
unpack() {
  local into=$1 uri keyring options deb
  command -v dpkg-deb >/dev/null && uri=$(find_mirror) || return 1
  keyring=$(compgen -G '/usr/share/keyrings/debian-archive-keyring.[gp]*' | head -1) && [ -n "$keyring" ] || return 1
  mkdir -p "$into"/{lists,archives}/partial "$into/root"
  : >"$into/status"
  echo "deb [arch=$(dpkg --print-architecture) signed-by=$keyring] $uri sid main" >"$into/sources.list"
  options=(-qq -o Dir::Etc::SourceList="$into/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null
    -o Dir::State="$into" -o Dir::State::Lists="$into/lists" -o Dir::State::Status="$into/status"
    -o Dir::Cache="$into" -o Dir::Cache::Archives="$into/archives"
    -o Acquire::Languages=none -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o APT::Sandbox::User=)
  apt-get "${options[@]}" update >"$into/log" 2>&1 &&
    apt-get "${options[@]}" install --download-only --no-install-recommends -y \
      mysql-server-core mysql-client-core redis-server valkey-server >>"$into/log" 2>&1 || return 1
  for deb in "$into"/archives/*.deb; do
    case ${deb##*/} in perl* | libperl* | systemd_* | adduser_* | debconf_* | passwd_*) continue ;; esac
    dpkg-deb -x "$deb" "$into/root" || return 1
  done
  rm -rf "$into"/{lists,archives,status,sources.list,log,*.bin} "$into"/root/usr/share/{doc,man,locale}
}

# Writes a script that starts an unpacked program.
wrap() {
  local program=$1 file libraries loader more=
  file=$(compgen -G "$FOLDER/root/usr/*bin/$program") || return 1
  libraries=$(dirname "$(compgen -G "$FOLDER/root/usr/lib/*-linux-gnu*/libc.so.6")") || return 1
  loader=$(compgen -G "$libraries/ld-linux*.so.*" | head -1)
  # Otherwise it would find the files of the machine's MariaDB.
  if [ "$program" = mysqld ]; then
    local share="$FOLDER/root/usr/share/mysql"
    more="--basedir='$FOLDER/root/usr' --lc-messages-dir='$share' --character-sets-dir='$share/charsets'"
  fi
  printf '#!/bin/sh\nexec "%s" --library-path "%s" --argv0 %s "%s" "$@" %s\n' \
    "$loader" "$libraries" "$program" "$file" "$more" >"$TEST_SERVERS/$program"
  chmod +x "$TEST_SERVERS/$program"
  "$TEST_SERVERS/$program" --version >/dev/null 2>&1 || { rm "$TEST_SERVERS/$program"; return 1; }
}

get() {
  local program file missing=()
  has "${PROGRAMS[@]}" && return
  mkdir -p "$TEST_SERVERS"
  for program in "${PROGRAMS[@]}"; do
    has "$program" && continue
    if file=$(native "$program"); then ln -sf "$file" "$TEST_SERVERS/$program"; else missing+=("$program"); fi
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ ! -d "$FOLDER/root" ]; then
    printf '\033[1m==>\033[0m Unpacking a current MySQL, Redis and Valkey, which the tests start\n' >&2
    local fresh
    fresh=$(mktemp -d "$FOLDER/unpacking-XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$fresh'" EXIT
    # Another run may have been faster.
    if unpack "$fresh"; then mv -T "$fresh/root" "$FOLDER/root" 2>/dev/null || true; fi
  fi
  local none=()
  for program in "${missing[@]}"; do wrap "$program" || none+=("$program"); done
  [ ${#none[@]} -eq 0 ] ||
    printf '\033[1m==>\033[0m No current %s here, and no way to get it: the tests that need it are LEFT OUT.\n' "${none[*]}" >&2
}

case ${1:-get} in
  get) get ;;
  has) shift; has "$@" ;;
  *) echo "Usage: scripts/servers.sh [get|has PROGRAM...]" >&2; exit 2 ;;
esac
