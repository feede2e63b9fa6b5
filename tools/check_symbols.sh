#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fails when the archives of ranks 0 to 3 ask for operator new, the exception run-time, RTTI, a
# clock, entropy, a thread or the C heap (only the object heap_memory may use that one).
# Usage: check_symbols.sh NM ARCHIVE...
#        check_symbols.sh --firmware NM ELF    the same for what a linked firmware contains
set -euo pipefail

banned='_Zn[wa][jmy].*|__cxa_(throw|allocate_exception|begin_catch|guard_acquire)'
banned+='|__gxx_personality_v0|_ZTI.*|__dynamic_cast'
banned+='|(clock_gettime|gettimeofday|time|getrandom|rand|random|pthread_[a-z_]*|sleep|nanosleep)'
heap='(malloc|calloc|realloc|free|aligned_alloc|posix_memalign|_malloc_r|_free_r|_sbrk)'

firmware=
if [[ $1 == --firmware ]]; then
  firmware=1
  shift
fi
nm=$1
shift
status=0
report() {
  echo "check_symbols: $1 must not contain: $2"
  status=1
}

for file in "$@"; do
  if [[ -n $firmware ]]; then
    found=$("$nm" "$file" | awk '{ print $NF }' | grep -Ex "$banned|$heap" | xargs) || true
    [[ -z $found ]] || report "$file" "$found"
    continue
  fi
  # `nm -A -u` prints "archive:object: U symbol".
  while read -r where symbol; do
    if grep -qEx "$banned" <<<"$symbol" ||
       { grep -qEx "$heap" <<<"$symbol" && [[ $where != *heap_memory* ]]; }; then
      report "$where" "$symbol"
    fi
  done < <("$nm" -A -u "$file" | awk '{ sub(/:$/, "", $1); print $1, $NF }' |
           grep -E " ($banned|$heap)\$" || true)
done
[[ $status -ne 0 ]] || echo "check_symbols: $# files without heap, exceptions, clock or thread"
exit $status
