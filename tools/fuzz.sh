#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Explores with fuzz targets of a built preset, starting from the kept corpus.
# Usage: fuzz.sh PRESET TARGET|all SECONDS [grow]
# With `grow`, what it finds is merged into fuzz/corpus. An input that fails is kept in
# build/fuzz-failures/TARGET with the command that repeats it.
set -uo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
preset=$1 wanted=$2 seconds=$3 grow=${4:-}
export UBSAN_OPTIONS=print_stacktrace=1
export ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19
mkdir -p "$root/build/logs"

passed=0 failed=0 found=0
for program in "$root/build/$preset"/fuzz/*_fuzz; do
  [[ -x $program ]] || continue
  name=$(basename "$program" _fuzz)
  [[ $wanted == all || $wanted == "$name" || $wanted == "${name}_fuzz" ]] || continue
  found=1
  corpus=$root/fuzz/corpus/$name
  fresh=$root/build/$preset/fuzz-found/$name
  failures=$root/build/fuzz-failures/$name
  log=$root/build/logs/fuzz-$name.log
  mkdir -p "$fresh" "$failures"
  kept=()
  [[ -d $corpus ]] && kept=("$corpus")
  if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65535 \
      -len_control=0 -print_final_stats=1 -artifact_prefix="$failures/" "$fresh" "${kept[@]}" \
      >"$log" 2>&1; then
    passed=$((passed + 1))
    runs=$(awk '/stat::number_of_executed_units/ { print $2 }' "$log")
    echo "fuzz $name: clean after $seconds s, ${runs:-0} inputs"
    if [[ $grow == grow ]]; then
      mkdir -p "$corpus"
      "$program" -merge=1 -max_len=65535 "$corpus" "$fresh" >>"$log" 2>&1 ||
        echo "fuzz $name: the corpus could not be merged (log: $log)" >&2
    fi
  else
    failed=$((failed + 1))
    grep -E '^(SUMMARY|==[0-9]+==ERROR|.*runtime error|STRATA_CHECK)' "$log" | head -n 5
    echo "fuzz $name: FAILED (log: $log); repeat: $program $(ls -t "$failures"/* | head -n 1)"
  fi
done
if [[ $found -eq 0 && $wanted != all ]]; then
  echo "fuzz: there is no target '$wanted'" >&2
  exit 2
fi
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
