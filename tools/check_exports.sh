#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compares what a shared library exports with a list of names.
# Usage: tools/check_exports.sh NM LIBRARY LIST
set -euo pipefail

[[ $# -eq 3 ]] || { sed -n '3,4s/^# //p' "$0" >&2; exit 2; }
nm=$1 library=$2 list=$3

exported=$("$nm" -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
  sort)
wanted=$(grep -v '^#' "$list" | sort)
if ! diff <(echo "$wanted") <(echo "$exported"); then
  echo "exports: '<' is promised and missing, '>' is exported and not promised in $list" >&2
  exit 1
fi
echo "exports: $(wc -l <<<"$wanted") names, as promised"
