#!/usr/bin/env bash
# Gets the servers that the tests start beside the machine's MariaDB and Redis, each as a program in
# $TEST_SERVERS.
#
# A current MySQL, Redis and Valkey: what the machine has; the rest is unpacked from Debian's
# unstable suite into a folder of its own. That needs apt and a Debian mirror, but no root: nothing
# is installed, and each program runs with the loader and the libraries that lie beside it.
#
# Kafka and OpenSearch: their jars, by Maven, with its settings and mirrors. Kafka needs Java 17 and
# OpenSearch Java 21. Where the machine has no such Java, it is unpacked like MySQL. `kafka` and
# `opensearch` are `java` with these jars, so they take Java's options and a main class.
#
# Usage: scripts/servers.sh [get [PROGRAM...]|has PROGRAM...|report]
#   get      gets what is missing, or says in one line that it can't
#   has      succeeds if all of these programs are there
#   report   says for each program that is missing that its tests are left out
# To get newer ones, delete the folder ($TOOLS/servers) and get them again.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/environment.sh
source scripts/environment.sh

NATIVE=(mysqld mysql redis-server valkey-server)
JAVA=(kafka opensearch)
FOLDER=$(dirname "$TEST_SERVERS")

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

is_java() { [ "$1" = kafka ] || [ "$1" = opensearch ]; }

has() {
  local program
  for program in "$@"; do
    [ -x "$TEST_SERVERS/$program" ] || return 1
    # Its Java may have been removed since.
    if is_java "$program"; then has_jars "$program" && [ -x "$FOLDER/$program/java" ] || return 1; fi
  done
}

# Whether they are those that the POM names.
has_jars() { cmp -s "scripts/servers/$1/pom.xml" "$FOLDER/$1/pom.xml"; }

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

# unpack FOLDER PACKAGE...: these and all their dependencies, as if nothing were installed here.
unpack() {
  local into=$1 uri keyring options deb
  shift
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
    apt-get "${options[@]}" install --download-only --no-install-recommends -y "$@" >>"$into/log" 2>&1 ||
    return 1
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

get_native() {
  local program file missing=()
  for program in "$@"; do
    has "$program" && continue
    if file=$(native "$program"); then ln -sf "$file" "$TEST_SERVERS/$program"; else missing+=("$program"); fi
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ ! -d "$FOLDER/root" ]; then
    say "Unpacking a current MySQL, Redis and Valkey, which the tests start"
    # Another run may have been faster.
    if unpack "$SCRATCH/native" mysql-server-core mysql-client-core redis-server valkey-server; then
      mv -T "$SCRATCH/native/root" "$FOLDER/root" 2>/dev/null || true
    fi
  fi
  for program in "${missing[@]}"; do wrap "$program" || true; done
}

# The path of a Java that is of this version or later: $JAVA_HOME, the one on PATH, another that is
# installed, or the one that was unpacked.
find_java() {
  local file version
  for file in "${JAVA_HOME:-}/bin/java" "$(command -v java)" /usr/lib/jvm/*/bin/java "$FOLDER/java/java"; do
    [ -x "$file" ] && version=$("$file" -version 2>&1) || continue
    if [[ $version =~ version\ \"([0-9]+) && ${BASH_REMATCH[1]} -ge $1 ]]; then
      printf '%s\n' "$file"
      return
    fi
  done
  return 1
}

# Java finds its files beside libjvm.so even if another program, the loader, is what runs.
unpack_java() {
  local fresh=$SCRATCH/java root java libraries link target
  [ ! -d "$FOLDER/java" ] && [ ! -d "$fresh" ] || return 1
  say "Unpacking a current Java, which OpenSearch needs"
  unpack "$fresh" openjdk-25-jre-headless || return 1
  root=$fresh/root
  java=$(compgen -G "$root/usr/lib/jvm/*/bin/java" | head -1) && [ -n "$java" ] || return 1
  libraries=$(dirname "$(compgen -G "$root/usr/lib/*-linux-gnu*/libc.so.6")") || return 1
  # Its settings are links into the machine's /etc.
  find "$root/usr/lib/jvm" -type l -lname '/*' | while read -r link; do
    target=$root$(readlink "$link")
    if [ -e "$target" ]; then ln -srfn "$target" "$link"; fi
  done
  printf '#!/bin/sh\nexec "%s" --library-path "%s" --argv0 java "%s" "$@"\n' \
    "$(compgen -G "$libraries/ld-linux*.so.*" | head -1)" "$libraries" "$java" >"$root/java"
  chmod +x "$root/java"
  "$root/java" -version >/dev/null 2>&1 || return 1
  sed -i "s|$root|$FOLDER/java|g" "$root/java"
  mv -T "$root" "$FOLDER/java" 2>/dev/null || true
}

# module FOLDER NAME CLASS EXTENDED JARS...: a part of OpenSearch, which has a class loader of its
# own. EXTENDED is the module whose classes it uses.
module() {
  local lib=$1/lib folder=$1/modules/$2 version
  version=$(sed -n 's|.*<opensearch.version>\(.*\)</.*|\1|p' scripts/servers/opensearch/pom.xml)
  mkdir -p "$folder"
  printf '%s\n' "name=$2" "description=$2" "classname=org.opensearch.$3" "extended.plugins=$4" \
    "version=$version" "opensearch.version=$version" java.version=21 has.native.controller=false \
    >"$folder/plugin-descriptor.properties"
  local pattern
  for pattern in "${@:5}"; do
    # shellcheck disable=SC2086
    mv "$lib"/$pattern "$folder/"
  done
}

# The folders of OpenSearch's own distribution.
arrange_modules() {
  mkdir -p "$1/plugins"
  module "$1" transport-netty4 transport.Netty4ModulePlugin '' \
    'transport-netty4-client-*.jar' 'opensearch-netty4-*.jar' 'netty-*.jar'
  module "$1" lang-painless painless.PainlessModulePlugin '' \
    'lang-painless-*.jar' 'opensearch-scripting-painless-spi-*.jar' 'antlr4-runtime-*.jar' 'asm-*.jar'
  module "$1" analysis-common analysis.common.CommonAnalysisModulePlugin lang-painless 'analysis-common-*.jar'
  module "$1" mapper-extras index.mapper.MapperExtrasModulePlugin '' 'mapper-extras-client-*.jar'
  module "$1" parent-join join.ParentJoinModulePlugin '' 'parent-join-client-*.jar'
  module "$1" reindex index.reindex.ReindexModulePlugin '' 'reindex-client-*.jar'
}

get_jars() {
  local program=$1 fresh=$SCRATCH/$1
  has_jars "$program" && return
  command -v mvn >/dev/null || return 1
  say "Fetching the jars of $program, which the tests start"
  mkdir "$fresh"
  if ! timeout 300 mvn -q -B -f "scripts/servers/$program/pom.xml" \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$fresh/lib" >"$SCRATCH/log" 2>&1; then
    tail -5 "$SCRATCH/log" >&2
    return 1
  fi
  if [ "$program" = opensearch ]; then arrange_modules "$fresh"; fi
  cp "scripts/servers/$program/pom.xml" "$fresh/"
  rm -rf "${FOLDER:?}/$program"
  mv -T "$fresh" "$FOLDER/$program"
}

get_java() {
  local program java version
  for program in "$@"; do
    has "$program" && continue
    get_jars "$program" || continue
    if [ "$program" = kafka ]; then version=17; else version=21; fi
    java=$(find_java $version) || { unpack_java && java=$(find_java $version); } || continue
    ln -sfn "$java" "$FOLDER/$program/java"
    # Java finds itself by the path of its program, so not by this link.
    printf '#!/bin/sh\nfolder="%s"\nexec "$(readlink "$folder/java")" -cp "$folder/lib/*" "$@"\n' \
      "$FOLDER/$program" >"$TEST_SERVERS/$program"
    chmod +x "$TEST_SERVERS/$program"
  done
}

report() {
  local program
  for program in "$@"; do
    has "$program" && continue
    case $program in
      kafka) say "No Kafka here, whose tests are LEFT OUT: install Maven and Java 17 or later." ;;
      opensearch) say "No OpenSearch here, whose tests are LEFT OUT: install Maven and Java 21 or later." ;;
      *) say "No current $program here, and no way to get it: the tests that need it are LEFT OUT." ;;
    esac
  done
}

get() {
  local program native=() java=()
  has "$@" && return
  for program in "$@"; do
    if is_java "$program"; then java+=("$program"); else native+=("$program"); fi
  done
  mkdir -p "$TEST_SERVERS"
  SCRATCH=$(mktemp -d "$FOLDER/new-XXXXXX")
  trap 'rm -rf "$SCRATCH"' EXIT
  get_native "${native[@]}"
  get_java "${java[@]}"
  report "$@"
}

command=${1:-get}
shift || true
[ $# -gt 0 ] || set -- "${NATIVE[@]}" "${JAVA[@]}"
case $command in
  get) get "$@" ;;
  has) has "$@" ;;
  report)
    report "$@"
    PATH="$PATH:/usr/sbin" command -v nginx >/dev/null ||
      say "No nginx here, whose tests are LEFT OUT: install nginx."
    [ -d "$KAFKA_PYTHON/kafka" ] ||
      say "No kafka-python here, whose test is LEFT OUT: install Python with pip."
    ;;
  *) echo "Usage: scripts/servers.sh [get [PROGRAM...]|has PROGRAM...|report]" >&2; exit 2 ;;
esac
