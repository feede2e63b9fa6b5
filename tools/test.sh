#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The test command: `./dev test [AREA | --full]`. docs/TESTING.md says what each stage is for.
# Progress goes to standard output, details to build/logs. Whatever happens, the last line is
# `N passed, N failed`, and the status is 0 only if nothing failed.
set -uo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
export STRATA_ROOT=$root
logs=$root/build/logs
mkdir -p "$logs"
source "$root/tools/build.sh"
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_init_order=1
export UBSAN_OPTIONS=print_stacktrace=1
export LSAN_OPTIONS=suppressions=$root/tools/lsan.supp:print_suppressions=0
export ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19

passed=0 failed=0
finish() {
  trap - EXIT
  echo "$passed passed, $failed failed"
  [[ $failed -eq 0 && $passed -gt 0 ]] && exit 0
  exit 1
}
trap finish EXIT
trap 'echo "test: interrupted"; failed=$((failed + 1)); exit 1' INT TERM

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }
count() { passed=$((passed + $1)) failed=$((failed + $2)); }

# step NAME COMMAND...: one case, told by its exit status; its output goes to the log.
step() {
  local name=$1 log=$logs/${1// /-}.log
  shift
  say "$name ..."
  if "$@" >"$log" 2>&1 </dev/null; then
    count 1 0
    return 0
  fi
  count 0 1
  { grep -E -m 10 'error: |undefined reference|FAILED: ' "$log" && echo ... || true
    tail -n 20 "$log"; } | cut -c1-300 | sed 's/^/  | /'
  say "$name FAILED (log: $log)"
  return 1
}

# Test programs that had begun, by a ctest that was ended, and those that are still there.
unfinished() {
  awk '$1 == "Start" { name[$2] = $3 }
       / Test +#[0-9]+:/ { sub(/.*#/, ""); sub(/:.*/, ":"); delete name[$0] }
       END { for (i in name) printf " %s", name[i] }' "$1"
}

units_seconds=900
# units PRESET [CTEST ARGUMENTS]: the test programs of a built preset, counted case by case.
units() {
  local preset=$1 log=$logs/units-$1.log reports=$root/build/$1/reports numbers
  shift
  rm -rf "$reports" && mkdir -p "$reports"
  say "units of $preset ..."
  GTEST_OUTPUT="xml:$reports/" timeout -k 10 "$units_seconds" ctest \
    --test-dir "$root/build/$preset" -j "$(nproc)" --timeout 300 --no-tests=ignore \
    --output-on-failure --output-junit "$reports/ctest.junit" "$@" >"$log" 2>&1 </dev/null
  if ! numbers=$("$root/tools/tally.py" "$reports/ctest.junit" "$reports"); then
    count 0 1
    say "units of $preset left no report; not at their end:$(unfinished "$log") (log: $log)"
    return 1
  fi
  read -r ok bad absent <<<"$numbers"
  count "$ok" "$bad"
  say "units of $preset: $ok passed, $bad failed, $absent skipped"
  [[ $bad -eq 0 ]] || { grep -E -A 12 'Failure$|ERROR: |runtime error|STRATA_CHECK' "$log" |
    head -n 60 | sed 's/^/  | /'; say "log: $log"; }
}

build() { step "build $1" build_with_tests "$@"; }

# side_by_side FUNCTION ARGUMENT...: calls it with each argument, as many at a time as there are
# cores, each in a shell of its own. One that ends without having counted is a failure.
side_by_side() {
  local function=$1 counts argument ok bad counted=0 children=()
  shift
  counts=$(mktemp)
  for argument in "$@"; do
    while [[ $(jobs -rp | wc -l) -ge $(nproc) ]]; do wait -n; done
    (
      trap - EXIT INT TERM
      passed=0 failed=0
      "$function" "$argument"
      echo "$passed $failed" >>"$counts"
    ) &
    children+=($!)
  done
  wait "${children[@]}"
  while read -r ok bad; do count "$ok" "$bad" && counted=$((counted + 1)); done <"$counts"
  rm -f "$counts"
  [[ $counted -eq $# ]] || count 0 $(($# - counted))
}

# begin_aside COMMAND...: runs it beside what comes next, until end_aside, which counts.
begin_aside() {
  aside_counts=$(mktemp)
  (
    trap - EXIT INT TERM
    passed=0 failed=0
    "$@"
    echo "$passed $failed" >"$aside_counts"
  ) &
  aside=$!
}
end_aside() {
  local ok=0 bad=1
  [[ -n ${aside:-} ]] || return 0
  wait "$aside"
  read -r ok bad <"$aside_counts"
  count "$ok" "$bad"
  rm -f "$aside_counts"
}

# A fuzz target replays its whole corpus, then explores for a moment.
fuzz_target() {
  local program=$1 name
  name=$(basename "$program" _fuzz)
  if [[ -d $root/fuzz/corpus/$name ]]; then
    step "replay $name" "$program" -runs=0 -timeout=10 "$root/fuzz/corpus/$name"
  fi
  step "fuzz $name $fuzz_seconds s" "$root/tools/fuzz.sh" asan "$name" "$fuzz_seconds"
}

# Those of this configuration: others may lie there from a build of more ranks.
fuzzers() {
  fuzz_seconds=$1
  # shellcheck disable=SC2046
  side_by_side fuzz_target $(ninja -C "$root/build/asan" -t targets all |
    sed -n "s|^\(fuzz/[a-z0-9_]*_fuzz\): .*|$root/build/asan/\1|p" | sort -u)
}

script_seconds=600
# A script that puts Strata beside the kernel and other programs, in namespaces of its own. It
# counts as one case, or as many as its last line `N passed, N failed` says; status 77: skipped.
interop_script() {
  local script=$1 name log result last
  name=$(basename "$script")
  log=$logs/interop-$name.log
  STRATA=$root/build/release/strata timeout -k 10 "$script_seconds" "$script" \
    >"$log" 2>&1 </dev/null
  result=$?
  last=$(tail -n 1 "$log")
  if [[ $result -eq 77 ]]; then
    say "interop $name: skipped: $last"
  elif [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
    count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
    say "interop $name: $last"
    [[ ${BASH_REMATCH[2]} -eq 0 ]] || grep -i fail "$log" | head -n 20 | sed 's/^/  | /'
    # Dying after the count is a failure too.
    [[ $result -eq 0 || ${BASH_REMATCH[2]} -ne 0 ]] || count 0 1
  elif [[ $result -eq 0 ]]; then
    count 1 0
    say "interop $name: passed"
  else
    count 0 1
    tail -n 30 "$log" | sed 's/^/  | /'
    say "interop $name: FAILED with status $result (log: $log)"
  fi
}

# interop [SCRIPT]: all of them, but for the one that runs aside. The longest begins: whatever comes
# after it fits beside it.
interop() {
  local scripts=$root/tests/interop
  # shellcheck disable=SC2046
  side_by_side interop_script $(printf '%s\n' "$scripts"/guest_test.py "$scripts"/*_test.* |
    awk -v aside="${1:-}" '!seen[$0]++ && $0 != aside')
}

# What TCP's tests are worth: each rule is switched off, and one must miss it.
mutations() {
  local log=$logs/mutations.log last
  say "mutations ..."
  "$root/tests/mutations/run.py" "$root/build/release" "$@" >"$log" 2>&1 </dev/null
  last=$(tail -n 1 "$log")
  if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
    count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
  else
    count 0 1
  fi
  tail -n 40 "$log" | cut -c1-300 | sed 's/^/  | /'
}

# ThreadSanitizer reads what can meet a second thread or process. The engines cannot: threads are
# banned below rank 5 (tests/tidy). It cannot follow the threads of the library that draws PNG.
threaded="base driver runtime socket_posix attach service capi"
thread_sanitizer() {
  # shellcheck disable=SC2086
  step "build tsan" build_preset tsan $(printf '%s_test ' $threaded) &&
    GTEST_FILTER='-PictureFile.Png*' units tsan -R "^(${threaded// /|})\$"
}

areas="protocols simulation sockets drivers programs build fuzz interop lint mutations"
what=${1:-}
if [[ $what == *' '* || " $areas --full  " != *" $what "* ]]; then
  echo "test: unknown area '$what' (areas: $areas; or --full)" >&2
  trap - EXIT
  exit 2
fi

packages=test
[[ $what == --full || $what == build ]] && packages=full
"$root/tools/setup.sh" "$packages" || { count 0 1; exit 1; }
# Without it the tests that want a guest are skipped, and say so.
[[ $what != --full ]] || step "guest kernel" "$root/tools/guest_kernel.sh"

freestanding() { build freestanding-check && grep -h '^freestanding:' "$logs"/build-free*.log; }

quick() {
  build release && units release && interop
  # What compares rates is the same in every build, and what is above the drivers keeps to what they
  # allow: that is tested once. Seeds are others than those of the release build.
  build asan -D STRATA_RANK_MAX=5 &&
    GTEST_FILTER='-TcpFairness.*:TcpGoodput.*:Bottleneck.*:Response.*:Queueing.*:Bursts.*' \
      STRATA_SEEDS=401-600 units asan
  fuzzers 2
  step "lint of what changed" "$root/tools/lint.sh" --tidy
}

full() {
  local load=$root/tests/interop/tcp_load_test.py is_built=
  export STRATA_FULL=1  # long tables, many seeds and gigabytes, where time allows
  script_seconds=1800 units_seconds=2400
  # The script under load mostly waits: what comes next does not wait for it.
  build release && units release && begin_aside interop_script "$load" && interop "$load"
  unset STRATA_FULL
  interop_script "$root/tests/web/page_test.mjs"
  build asan && is_built=yes
  end_aside
  [[ -n $is_built ]] && units asan
  fuzzers 20
  thread_sanitizer
  build big-endian && units big-endian
  mutations
  freestanding
  step "install and find_package" "$root/tools/check_install.sh"
  step "reference" "$root/tools/docs.sh"
  step "lint of everything" "$root/tools/lint.sh" --all
}

case $what in
  protocols | simulation | sockets | drivers | programs)
    build release && units release -L "^$what\$"
    ;;
  build)
    build release && units release -L '^build$' &&
      step "install and find_package" "$root/tools/check_install.sh"
    freestanding
    ;;
  fuzz) build asan && fuzzers 10 ;;
  interop) build release && interop ;;
  mutations) build release && mutations "${@:2}" ;;
  lint) step lint "$root/tools/lint.sh" ;;
  *)
    step "format" "$root/tools/lint.sh" --format
    if [[ $what == --full ]]; then full; else quick; fi
    ;;
esac
