#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the release build into a folder of its own and builds tests/consumer against it, once
# through find_package(strata) and once through pkg-config.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$root/build/release" --prefix "$work/prefix" >/dev/null
cmake -S "$root/tests/consumer" -B "$work/cmake" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" \
  -DCMAKE_CXX_COMPILER=g++
ninja -C "$work/cmake"
"$work/cmake/consumer"

# The .pc file names the prefix it was configured for: tell pkg-config where it stands now.
pc=$(dirname "$(find "$work/prefix" -name strata.pc)")
flags=$(PKG_CONFIG_PATH=$pc pkg-config --define-variable=prefix="$work/prefix" --cflags --libs \
  strata)
# The flags are words, not one word.
# shellcheck disable=SC2086
g++ -std=c++23 "$root/tests/consumer/main.cpp" $flags -o "$work/consumer"
"$work/consumer"
echo "check_install: both ways build and run"
