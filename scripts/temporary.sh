#!/usr/bin/env bash
# Prints the folder for the databases of tests: in memory, if there is enough. On a disk that others
# use too, each of their syncs may take seconds, which is longer than Tidemark has a reader wait.
set -euo pipefail

# In kB. Some dozen servers may run at the same time, whose folders take 60 MB and more each.
ENOUGH=6000000
MEMORY=/dev/shm

kb_free() { df --output=avail -k "$MEMORY" | tail -n 1; }
kb_available() { awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo; }

# Kafka loads libraries from its temporary folder, which `noexec` forbids.
if [ "$(stat -f -c %T "$MEMORY" 2>/dev/null)" = tmpfs ] && [ -w "$MEMORY" ] &&
  ! grep -q " $MEMORY tmpfs [^ ]*noexec" /proc/mounts &&
  [ "$(kb_free)" -ge "$ENOUGH" ] && [ "$(kb_available)" -ge "$ENOUGH" ]; then
  echo "$MEMORY"
else
  echo /tmp
fi
