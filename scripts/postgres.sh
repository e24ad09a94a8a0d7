#!/usr/bin/env bash
# Print the folder of PostgreSQL's programs (initdb, postgres) for the tests. Where the machine has none they are brought:
# by apt-get for root, else unpacked from Debian's packages into the user's cache, without installing anything.
set -euo pipefail
newest() { ls -d "$1"/usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1; }

found=$(newest "")
if [ -z "$found" ] && [ "$(id -u)" = 0 ]; then
  # The package would make a cluster and start it; the tests make their own.
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
  { DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends postgresql >&2 \
    || { apt-get -qq update >&2 && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends postgresql >&2; }; }
  found=$(newest "")
fi
if [ -z "$found" ]; then
  tree=${XDG_CACHE_HOME:-$HOME/.cache}/belplan/postgres
  found=$(newest "$tree")
  if [ -z "$found" ]; then
    work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
    server=$(apt-cache depends postgresql | sed -n 's/ *Depends: \(postgresql-[0-9]*\)$/\1/p' | head -1)
    needed=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances \
      "$server" | grep '^[a-z0-9]' | sort -u)
    missing=$(for package in $needed; do dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -q '^installed$' || echo "$package"; done)
    # Names that stand for others (virtual packages) cannot be downloaded, and need not be.
    missing=$(apt-cache policy $missing | awk '/^[a-z0-9].*:$/ {name=substr($1, 1, length($1) - 1)} /Candidate: [^(]/ {print name}')
    (cd "$work" && apt-get -qq download $missing >&2)
    mkdir -p "$tree.new"
    for package in "$work"/*.deb; do dpkg-deb -x "$package" "$tree.new"; done
    mv "$tree.new" "$tree"
    found=$(newest "$tree")
  fi
fi
[ -n "$found" ] || { echo "PostgreSQL could not be had; install it: apt-get install postgresql" >&2; exit 1; }
echo "$found"
