#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs strata-bench of a build and the bench/*_bench.py on its strata: all benchmarks whose name
# contains NAME.
# Usage: tools/bench.sh BUILD_DIRECTORY [NAME] [options of strata-bench; see bench/README.md]
# --json FILE, --markdown FILE, --plots FOLDER and --status get the results of all together;
# --status puts them into docs/STATUS.md.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")

[[ $# -ge 1 ]] || { sed -n '5s/^# //p' "$0" >&2; exit 2; }
build=$1
shift
arguments=() report=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --json | --markdown | --plots)
      [[ -n ${2:-} ]] || { echo "bench: $1 needs a file" >&2; exit 2; }
      report+=("$1" "$2")
      shift 2
      ;;
    --status) report+=(--status "$root/docs/STATUS.md"); shift ;;
    *) arguments+=("$1"); shift ;;
  esac
done

parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
status=0 found= number=0
export STRATA=$build/strata
for program in "$build/strata-bench" "$root"/bench/*_bench.py; do
  outputs=()
  [[ ${#report[@]} -eq 0 ]] || outputs=(--json "$parts/$((++number))-${program##*/}.json")
  code=0
  # A report of ours that goes to standard output has it for itself.
  { if [[ " ${report[*]:-} " == *" - "* ]]; then
      "$program" "${arguments[@]}" "${outputs[@]}" >&2
    else
      "$program" "${arguments[@]}" "${outputs[@]}"
    fi; } 2>"$parts/errors" || code=$?
  case $code in
    3) continue ;;  # nothing of that name in this program
    0) ;;
    2) cat "$parts/errors" >&2; exit 2 ;;
    *) status=1 ;;
  esac
  found=1
  cat "$parts/errors" >&2
done
if [[ -z $found ]]; then
  echo "bench: no benchmark has this name; --list names them all" >&2
  exit 2
fi
shopt -s nullglob
results=("$parts"/*.json)
[[ ${#results[@]} -eq 0 ]] || "$root/tools/bench_report.py" "${report[@]}" "${results[@]}"
exit "$status"
