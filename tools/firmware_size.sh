#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints what a firmware costs: flash (code, constants, initial data) and RAM (data, bss).
# Usage: firmware_size.sh SIZE ELF
set -euo pipefail
"$1" "$2" | awk 'NR == 2 {
  printf "freestanding: text %d bytes, static RAM %d bytes (data %d, bss %d)\n", $1, $2 + $3, $2, $3
}'
