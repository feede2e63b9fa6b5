#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Counts the instructions of one packet, which no busy machine can change, and writes a profile.
# Usage: bench/callgrind.sh PROGRAM WORK [PROFILE]
# Example: bench/callgrind.sh build/release/strata-bench udp/parse /tmp/parse.callgrind
# Start-up is taken out: two runs of different length, and the difference counts. valgrind knows no
# AVX-512, so checksums run their AVX2 kernel.
set -euo pipefail

if [[ $# -lt 2 || $# -gt 3 ]]; then
  sed -n '4,5s/^# //p' "$0" >&2
  exit 2
fi
program=$1 work=$2 profile=${3:-}
few=20480 many=81920

instructions() {
  valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null \
    "$program" --work "$work" --count "$1" 2>&1 |
    sed -n 's/^==[0-9]*== I *refs: *//p' | tr -d ,
}

if ! command -v valgrind >/dev/null; then
  echo "callgrind: valgrind is missing: ./dev setup bench" >&2
  exit 1
fi
short=$(instructions "$few")
long=$(instructions "$many")
[[ -n $short && -n $long ]] || { echo "callgrind: '$program' has no work '$work'" >&2; exit 1; }
echo "$work: $(((long - short) / (many - few))) instructions per packet"
if [[ -n $profile ]]; then
  valgrind --tool=callgrind --callgrind-out-file="$profile" \
    "$program" --work "$work" --count "$many" >/dev/null 2>&1
  echo "profile: callgrind_annotate $profile"
fi
