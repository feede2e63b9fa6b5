# SPDX-License-Identifier: Apache-2.0
# Configures and builds presets. Sourced by ./dev and the scripts beside this one, with
# STRATA_ROOT set.

# The compiler's cache needs a folder it may write to; some users have no such home.
if [[ -z ${CCACHE_DIR:-} && ! -w ${HOME:-} ]]; then export CCACHE_DIR=$STRATA_ROOT/build/ccache; fi

# packages_for PRESET: the set of tools/packages.txt that building it needs.
packages_for() {
  case $1 in
    freestanding-check | big-endian) echo full ;;
    coverage) echo coverage ;;
    *) echo test ;;
  esac
}

# Only one build may write a preset's folder at a time.
run_locked() {
  local preset=$1
  shift
  mkdir -p "$STRATA_ROOT/build/logs"
  flock "$STRATA_ROOT/build/$preset.lock" "$@"
}

# A folder configured by another version of the tree may be beyond repair: then start it afresh.
# Its first failure is told by the second.
configure_preset() (
  local preset=$1
  shift
  cd "$STRATA_ROOT"
  mkdir -p build/logs
  run_locked "$preset" cmake --preset "$preset" "$@" >"build/logs/$preset-configure.log" 2>&1 ||
    run_locked "$preset" cmake --fresh --preset "$preset" "$@" \
      >"build/logs/$preset-configure.log" 2>&1 || {
      cat "build/logs/$preset-configure.log" >&2
      echo "configuring '$preset' failed" >&2
      return 1
    }
)

# build_preset PRESET [NINJA ARGUMENTS]: everything without its tests, or what is named.
build_preset() {
  local preset=$1
  shift
  configure_preset "$preset"
  run_locked "$preset" ninja -C "$STRATA_ROOT/build/$preset" "$@"
}

# build_with_tests PRESET [CMAKE ARGUMENTS]
build_with_tests() {
  configure_preset "$@"
  run_locked "$1" ninja -C "$STRATA_ROOT/build/$1" all strata_tests
}

# build_quietly PRESET TARGET: says nothing when it succeeds, except that it takes a while.
build_quietly() {
  local preset=$1 target=$2 log=$STRATA_ROOT/build/logs/$1-$2.log
  mkdir -p "$STRATA_ROOT/build/logs"
  [[ -e $STRATA_ROOT/build/$preset/build.ninja ]] ||
    echo "building Strata (this takes a few minutes the first time; log: $log)" >&2
  if [[ ! -e $STRATA_ROOT/build/$preset/build.ninja ||
        $STRATA_ROOT/CMakePresets.json -nt $STRATA_ROOT/build/$preset/build.ninja ]]; then
    configure_preset "$preset" "${@:3}"
  fi
  run_locked "$preset" ninja -C "$STRATA_ROOT/build/$preset" "$target" >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    echo "the build failed (log: $log)" >&2
    return 1
  }
}
