#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Format of every tracked source file, then clang-tidy on the files that changed.
# Usage: lint.sh [--all | --format | --tidy]
#   --all     clang-tidy on every file
#   --format  format only
#   --tidy    clang-tidy only, on what changed
# "Changed" is what differs from the main branch; on the main branch, the last commit and what is
# not committed yet. STRATA_LINT_BASE names another commit to compare with, and STRATA_LINT_MAX how
# many changed files are checked at most (clang-tidy takes seconds for each).
set -uo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
export STRATA_ROOT=$root
mode=${1:-changed}
case $mode in
  changed | --all | --format | --tidy) ;;
  *)
    echo "lint: unknown option '$mode' (--all, --format, --tidy)" >&2
    exit 2
    ;;
esac
source "$root/tools/build.sh"
cd "$root" || exit 1

# Every file of ours: without git, or where git will not speak, what lies in its folders.
tracked() {
  git ls-files 2>/dev/null ||
    find apps bench examples fuzz include src tests -name '*.h' -o -name '*.cpp' | sort
}
sources() { grep -E '\.(cpp|h)$' || true; }
existing() { while read -r file; do [[ -f $file ]] && echo "$file"; done; }

changed() {
  local base=${STRATA_LINT_BASE:-}
  if [[ -z $base ]]; then
    base=$(git merge-base HEAD origin/HEAD 2>/dev/null) || base=
    [[ -n $base && $base != "$(git rev-parse HEAD)" ]] || base=HEAD~1
  fi
  git rev-parse -q --verify "$base^{commit}" >/dev/null || base=$(git hash-object -t tree /dev/null)
  { git diff --name-only "$base"; git ls-files --others --exclude-standard; } | sort -u
}

# A header is checked through the files that carry its name.
translation_units() {
  while read -r file; do
    case $file in
      *.cpp) echo "$file" ;;
      *.h) tracked | grep -E "/$(basename "$file" .h)(_test)?\.cpp\$" ;;
    esac
  done | sort -u
}

status=0
check_format() {
  local files wrong
  mapfile -t files < <(tracked | sources | existing)
  echo "lint: checking the format of ${#files[@]} files"
  wrong=$(clang-format-19 --dry-run -Werror "${files[@]}" 2>&1) && return 0
  grep -oE '^[^ :]+:[0-9]+' <<<"$wrong" | sort -u -t: -k1,1
  echo "lint: format differs; run clang-format-19 -i on the files above"
  return 1
}

[[ $mode == --tidy ]] || check_format || status=1
[[ $mode == --format ]] && exit $status

# clang-tidy reads a build of its own, with a command and the precompiled headers for every file.
configure_preset lint || exit 1
run_locked lint ninja -C build/lint strata_headers >build/logs/lint-build.log 2>&1 || {
  tail -n 20 build/logs/lint-build.log >&2
  exit 1
}
known=$(sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' build/lint/compile_commands.json)
if [[ $mode == --all ]]; then
  mapfile -t units < <(tracked | sources | existing | translation_units)
else
  git rev-parse -q HEAD >/dev/null 2>&1 ||
    echo "lint: no history to compare with here: --all looks at every file"
  mapfile -t units < <(changed | sources | existing | translation_units)
fi
checked=()
for unit in "${units[@]}"; do
  grep -qxF "$root/$unit" <<<"$known" && checked+=("$unit")
done
total=${#checked[@]} limit=${STRATA_LINT_MAX:-40}
if [[ $mode != --all && $total -gt $limit ]]; then
  mapfile -t checked < <(ls -t "${checked[@]}" | head -n "$limit")
fi
if [[ ${#checked[@]} -gt 0 && $mode == --all ]]; then
  "$root/tools/lint_all.py" "$root/build/lint" "${checked[@]}" || status=1
elif [[ ${#checked[@]} -gt 0 ]]; then
  printf '%s\n' "${checked[@]}" |
    xargs -P "$(nproc)" -n 1 clang-tidy-19 -p build/lint --quiet --warnings-as-errors='*' \
      2>build/logs/clang-tidy-stderr.log || status=1
fi
echo "lint: clang-tidy on ${#checked[@]} of $total files"
exit $status
