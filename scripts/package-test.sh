#!/usr/bin/env bash
# Tests a Debian package: installs a version before it, upgrades, removes and purges it, in a fresh
# Debian in which systemd runs the service. Checks the unit's restrictions with systemd-analyze.
# Needs root, debootstrap and dpkg-deb. It touches nothing of this machine, but writes to FOLDER.
# Usage: scripts/package-test.sh FILE.deb [FOLDER]
set -euo pipefail

PACKAGE=$(realpath "${1:?Usage: scripts/package-test.sh FILE.deb [FOLDER]}")
FOLDER=${2:-/var/tmp/tidemark-package-test}
RELEASE=${RELEASE:-bookworm}
MIRROR=${MIRROR:-http://deb.debian.org/debian}
BASE=$FOLDER/$RELEASE
ROOT=$FOLDER/root
INIT=

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
stop() { printf '\033[1;31mfailed:\033[0m %s\n' "$*" >&2; exit 1; }
clean_up() {
  if [ -n "$INIT" ]; then kill -KILL "$INIT" 2>/dev/null || true; fi
  rm -rf "$ROOT"
}
trap clean_up EXIT

[ "$(id -u)" = 0 ] || stop "this needs root."
for program in debootstrap dpkg-deb nsenter; do
  command -v $program >/dev/null || stop "$program is missing."
done

if [ ! -d "$BASE" ]; then
  say "Making a Debian $RELEASE in $BASE"
  mkdir -p "$FOLDER"
  rm -rf "$BASE.new"
  debootstrap --variant=minbase --include=adduser,ca-certificates,dbus,systemd "$RELEASE" "$BASE.new" "$MIRROR" >/dev/null
  mv "$BASE.new" "$BASE"
fi
rm -rf "$ROOT"
cp -a "$BASE" "$ROOT"
cp "$PACKAGE" "$ROOT/new.deb"

# The same package under a lower version stands for the one before.
dpkg-deb --raw-extract "$PACKAGE" "$ROOT/old"
sed -i 's/^Version: .*/Version: 0.0.0-1/' "$ROOT/old/DEBIAN/control"
dpkg-deb --build -Zgzip -z1 --root-owner-group "$ROOT/old" "$ROOT/old.deb" >/dev/null
rm -r "$ROOT/old"

# Boots systemd in namespaces of its own, without a network but the loopback.
boot() {
  # shellcheck disable=SC2016
  unshare --pid --fork --mount --uts --ipc --net --cgroup --kill-child bash -euc '
    mount --make-rprivate /
    mount --bind "$1" "$1"
    cd "$1"
    mount -t proc proc proc
    mount -t sysfs -o ro sysfs sys
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    mount -t tmpfs -o mode=755 tmpfs dev
    for device in full null random tty urandom zero; do
      touch "dev/$device"
      mount --bind "/dev/$device" "dev/$device"
    done
    ln -s pts/ptmx dev/ptmx
    mkdir dev/pts dev/shm
    mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
    for folder in dev/shm run tmp; do mount -t tmpfs tmpfs "$folder"; done
    mkdir -p before
    pivot_root . before
    umount -l /before
    exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
  ' boot "$ROOT" </dev/null >"$FOLDER/boot.log" 2>&1 &
  local outer=$! try
  for try in $(seq 100); do
    INIT=$(pgrep -P $outer 2>/dev/null | head -1) || INIT=
    [ -z "$INIT" ] || ! inside systemctl is-system-running 2>/dev/null | grep -Eq 'running|degraded' || return 0
    kill -0 $outer 2>/dev/null || break
    sleep 0.2
  done
  cat "$FOLDER/boot.log" >&2
  stop "systemd could not be started here (try $try)."
}

inside() { nsenter --target "$INIT" --all --wd=/ env -i -C / PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
tidemark() { inside setpriv --reuid=tidemark --regid=tidemark --clear-groups tidemark --config /etc/tidemark/Leptos.toml "$@"; }
# The status of an address, and whether its body has this text.
serves() {
  # shellcheck disable=SC2016
  inside bash -c 'exec 3<>/dev/tcp/127.0.0.1/3000; printf "GET $0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" >&3; cat <&3' "$1" |
    tr -d '\0' | awk -v text="$2" 'NR == 1 { ok = $2 == 200 } index($0, text) { found = 1 } END { exit !(ok && found) }'
}
process() { inside systemctl show --property MainPID --value tidemark; }

# Waits until the service answers.
await() {
  local try
  for try in $(seq 100); do
    if tidemark health >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  inside journalctl --no-pager -u tidemark >&2 || true
  stop "the service does not answer (try $try)."
}

say "Installing"
boot
inside dpkg --install /old.deb >/dev/null
await
first=$(process)
inside systemctl is-enabled --quiet tidemark || stop "the service is not enabled."
[ "$(inside stat -c '%U:%G %a' /var/lib/tidemark)" = "tidemark:tidemark 750" ] || stop "/var/lib/tidemark has another owner or mode."
[ "$(inside stat -c '%U:%G %a' /etc/tidemark/Leptos.toml)" = "root:tidemark 640" ] || stop "the settings have another owner or mode."
[ "$(inside stat -c %U /var/lib/tidemark/tidemark.db)" = tidemark ] || stop "the database is not the user's."
inside journalctl --no-pager -u tidemark | grep -q '/setup?token=' || stop "the journal does not show how to begin."

say "Checking the unit"
inside systemd-analyze verify /usr/lib/systemd/system/tidemark.service || stop "systemd-analyze verify has found something."
# The threshold is ten times the exposure that is printed.
inside systemd-analyze security --no-pager --threshold=20 tidemark >"$FOLDER/security.log" || stop "the service is exposed; see $FOLDER/security.log."
tail -1 "$FOLDER/security.log" >&2

say "Looking at the blog"
tidemark seed >/dev/null
tidemark user add ann >/dev/null
style=$(inside bash -c 'exec 3<>/dev/tcp/127.0.0.1/3000; printf "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" >&3; cat <&3' |
  grep -o '/pkg/tidemark\.[0-9a-f]*\.css' | head -1) || stop "the front page has no style sheet."
serves "$style" immutable || stop "the style sheet $style is not served."
serves / 'href="/articles/' || stop "the front page has no articles."
[ "$(inside journalctl --no-pager -u tidemark --grep 'not permitted|SIGSYS' -q | wc -l)" = 0 ] || stop "a restriction is in the way; see the journal."

say "Upgrading"
inside sed -i 's|^base-url = .*|base-url = "https://blog.example"|' /etc/tidemark/Leptos.toml
inside dpkg --install /new.deb >/dev/null
await
[ "$(process)" != "$first" ] || stop "the upgrade did not restart the service."
inside grep -q '"https://blog.example"' /etc/tidemark/Leptos.toml || stop "the upgrade has replaced the settings."
[ "$(inside stat -c '%U:%G %a' /etc/tidemark/Leptos.toml)" = "root:tidemark 640" ] || stop "the upgrade has changed the settings' owner or mode."
tidemark user passwd ann >/dev/null || stop "the upgrade has lost the blog."

say "Killing it, which systemd must notice"
second=$(process)
inside systemctl kill --signal=KILL tidemark
sleep 3
await
[ "$(process)" != "$second" ] || stop "it was not started again."

say "Stopping it, which must not take long"
before=$(date +%s)
inside systemctl restart tidemark
[ $(($(date +%s) - before)) -lt 10 ] || stop "it took more than 10 s."
await

say "Removing"
inside dpkg --remove tidemark >/dev/null 2>&1
[ ! -e "$ROOT/usr/bin/tidemark" ] || stop "the program is still there."
! inside systemctl is-active --quiet tidemark || stop "the service still runs."
for path in /var/lib/tidemark/tidemark.db /etc/tidemark/Leptos.toml; do
  [ -s "$ROOT$path" ] || stop "the removal has deleted $path."
done

say "Purging"
inside dpkg --purge tidemark >/dev/null 2>&1
for path in /var/lib/tidemark /etc/tidemark /etc/systemd/system/multi-user.target.wants/tidemark.service; do
  if [ -e "$ROOT$path" ] || [ -L "$ROOT$path" ]; then stop "$path is still there."; fi
done
! inside getent passwd tidemark >/dev/null || stop "the user is still there."
say "All is well"
