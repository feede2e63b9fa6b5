#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the benchmark programs of a build, and bench/rootless_bench.py on its strata: each whose
# name contains NAME.
# Usage: tools/bench.sh BUILD_DIRECTORY [NAME] [options of the programs; see bench/README.md]
# --json FILE and --markdown FILE get the results of all programs together.
set -euo pipefail

[[ $# -ge 1 ]] || { sed -n '5s/^# //p' "$0" >&2; exit 2; }
directory=$1/bench
shift
arguments=() json='' markdown=''
while [[ $# -gt 0 ]]; do
  case $1 in
    --json | --markdown)
      [[ -n ${2:-} ]] || { echo "bench: $1 needs a file" >&2; exit 2; }
      [[ $1 == --json ]] && json=$2 || markdown=$2
      shift 2
      ;;
    *) arguments+=("$1"); shift ;;
  esac
done

parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
status=0 found=
export STRATA=$directory/../strata
for program in "$directory"/*_bench "$(dirname "$0")"/../bench/rootless_bench.py; do
  [[ -x $program ]] || continue
  name=$(basename "$program")
  outputs=()
  [[ -z $json ]] || outputs+=(--json "$parts/$name.json")
  [[ -z $markdown ]] || outputs+=(--markdown "$parts/$name.md")
  code=0
  "$program" "${arguments[@]}" "${outputs[@]}" 2>"$parts/errors" || code=$?
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

if [[ -n $json ]]; then
  python3 - "$parts"/*.json >"$parts/all" <<'PYTHON'
import json
import sys

documents = [json.load(open(path, encoding="utf-8")) for path in sys.argv[1:]]
results = [result for document in documents for result in document["results"]]
json.dump({"machine": documents[0]["machine"], "results": results}, sys.stdout, indent=1)
print()
PYTHON
  if [[ $json == - ]]; then cat "$parts/all"; else cp "$parts/all" "$json"; fi
fi
if [[ -n $markdown ]]; then
  # One heading and one table: of further programs only the rows.
  awk 'FNR > 4 || NR == FNR' "$parts"/*.md >"$parts/all"
  if [[ $markdown == - ]]; then cat "$parts/all"; else cp "$parts/all" "$markdown"; fi
fi
exit "$status"
