#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages of tools/packages.txt that a set needs and the machine lacks, and the
# npm packages of the dashboard (all sets) and of its tests (full).
# Usage: tools/setup.sh [build|test|full|bench|coverage|all]   (default: test)
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
wanted_set=${1:-test}

case $wanted_set in
  build) sets="build" ;;
  test) sets="build test" ;;
  full) sets="build test full" ;;
  bench) sets="build bench" ;;
  coverage) sets="build test coverage" ;;
  all) sets="build test full bench coverage" ;;
  *)
    echo "setup: unknown set '$wanted_set' (build, test, full, bench, coverage, all)" >&2
    exit 2
    ;;
esac

# npm_packages FOLDER: those of its package-lock.json, unless they are there already.
npm_packages() {
  local folder=$1 log
  cmp -s "$folder/package-lock.json" "$folder/node_modules/.strata-lock" && return
  mkdir -p "$here/../build/logs"
  log=$(readlink -f "$here/../build/logs")/npm-$(basename "$folder").log
  echo "setup: npm ci in $folder (log: $log)"
  if ! npm ci --prefix "$folder" >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    echo "setup: npm could not install what $folder/package-lock.json names" >&2
    return 1
  fi
  cp "$folder/package-lock.json" "$folder/node_modules/.strata-lock"
}
all_npm_packages() {
  local root
  root=$(dirname "$here")
  npm_packages "$root/web" || echo "setup: the dashboard will have no charts" >&2
  case " $sets " in *" full "*) npm_packages "$root/tests/web" ;; esac
}

mapfile -t wanted < <(awk -v sets=" $sets " \
  '!/^#/ && NF && index(sets, " " $2 " ") { print $1 }' "$here/packages.txt")

if ! command -v dpkg-query >/dev/null; then
  echo "setup: this is not a Debian-like system; please install what stands in for:" >&2
  printf '  %s\n' "${wanted[@]}" >&2
  exit 1
fi

installed=$(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' 2>/dev/null |
  awk '$1 == "ii" { print $2 }')
# Node's own packages bring npm along.
if command -v npm >/dev/null; then installed+=$'\nnpm'; fi
mapfile -t missing < <(comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) \
                                <(sort -u <<<"$installed"))
if [[ ${#missing[@]} -eq 0 ]]; then
  all_npm_packages
  exit 0
fi

echo "setup: ${#missing[@]} packages are missing for '$wanted_set':"
for package in "${missing[@]}"; do
  awk -v p="$package" '$1 == p { $1 = $2 = ""; printf "  %-32s%s\n", p, $0 }' "$here/packages.txt"
done

if [[ $(id -u) -eq 0 ]]; then
  as_root=()
elif sudo -n true 2>/dev/null; then
  as_root=(sudo -n)
else
  echo "setup: installing needs root; please run: sudo apt-get install ${missing[*]}" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null; then
  echo "setup: there is no apt-get here; please install the packages above by other means" >&2
  exit 1
fi

# Another package job may hold the lock for a while: wait for it instead of failing.
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
    -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@" </dev/null
}
knows_all() { apt-cache show "${missing[@]}" >/dev/null 2>&1; }

mkdir -p "$here/../build/logs"
log="$here/../build/logs/setup.log"
echo "setup: installing (log: $(readlink -f "$log"))"
{
  knows_all || apt update
  # Lists may be older than the archive: a failed download is tried once more with fresh ones.
  apt install --no-install-recommends "${missing[@]}" ||
    { apt update && apt install --no-install-recommends "${missing[@]}"; }
} >"$log" 2>&1 || {
  tail -n 20 "$log" >&2
  echo "setup: apt-get could not install: ${missing[*]}" >&2
  exit 1
}
all_npm_packages
echo "setup: done"
