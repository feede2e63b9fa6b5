#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs a build, moves what was installed, and builds a stranger's program and the README's first
# program against it, through find_package(strata) and through pkg-config; and a program in C. The
# installed program finds its modules.
# Usage: tools/check_install.sh [BUILD_DIRECTORY]   (default: build/release)
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
build=${1:-$root/build/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/prefix"
pc=$(dirname "$(find "$work/prefix" -name strata.pc)")
flags=$(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs strata)

for source in "$root/tests/consumer/main.cpp" "$root/examples/udp_echo.cpp"; do
  cmake -S "$root/tests/consumer" -B "$work/cmake" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DCMAKE_CXX_COMPILER=g++ -DCONSUMER_SOURCE="$source"
  ninja -C "$work/cmake"
  "$work/cmake/consumer"

  # The flags are words, not one word.
  # shellcheck disable=SC2086
  g++ -std=c++23 "$source" $flags -o "$work/consumer"
  "$work/consumer"
done

lib=$(dirname "$pc")
gcc -std=c99 "$root/tests/capi/c_program.c" -I"$work/prefix/include" -L"$lib" -lstrata \
  -Wl,-rpath,"$lib" -o "$work/c_program"
"$work/c_program"

# What `strata run` loads is found where it lies now, or the tier would be refused.
"$work/prefix/bin/strata" run --tier preload --device null:nowhere --address 10.9.0.1/24 -- true
test -s "$lib/strata/libstrata_packetdrill.so"
echo "check_install: the programs build and run, each way; modules are found"
