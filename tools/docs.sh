#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the reference of the public headers, as HTML, and fails when Doxygen complains of anything.
# Usage: tools/docs.sh [FOLDER]   (default: build/docs)
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
out=${1:-$root/build/docs}
mkdir -p "$out" "$root/build/logs"
log=$root/build/logs/docs.log

# The first page: which header is for what, in the words with which each begins.
{
  echo "# Public headers"
  for folder in . coro asio wire; do
    printf '\n## %s\n\n| header | |\n|---|---|\n' "$(realpath -m --relative-to=. "strata/$folder")"
    for header in "$root/include/strata/$folder"/*.h; do
      name=$(realpath --relative-to="$root/include" "$header")
      printf '| @ref %s | %s |\n' "$name" "$(sed -n '2s#^// ##p' "$header" | sed 's/[@|<\\]/\\&/g')"
    done
  done
} >"$out/mainpage.md"

doxygen - >"$log" 2>&1 <<CONFIG || { tail -n 30 "$log" >&2; exit 1; }
PROJECT_NAME           = Strata
PROJECT_BRIEF          = "a network stack in user space"
PROJECT_LOGO           = "$root/web/mark.svg"
OUTPUT_DIRECTORY       = "$out"
INPUT                  = "$root/include/strata" "$out/mainpage.md"
USE_MDFILE_AS_MAINPAGE = "$out/mainpage.md"
FILE_PATTERNS          = *.h *.md
RECURSIVE              = YES
STRIP_FROM_PATH        = "$root"
STRIP_FROM_INC_PATH    = "$root/include"
FILTER_PATTERNS        = "*.h=$root/tools/doxygen_filter.py"
EXTENSION_MAPPING      = h=C++
BUILTIN_STL_SUPPORT    = YES
EXTRACT_ALL            = YES
HIDE_FRIEND_COMPOUNDS  = YES
JAVADOC_AUTOBRIEF      = YES
SORT_MEMBER_DOCS       = NO
DISTRIBUTE_GROUP_DOC   = YES
GENERATE_LATEX         = NO
GENERATE_TREEVIEW      = YES
HTML_TIMESTAMP         = NO
HAVE_DOT               = NO
QUIET                  = YES
WARN_IF_UNDOCUMENTED   = NO
CONFIG
if [[ -s $log ]]; then
  echo "docs: Doxygen complains ($log):" >&2
  head -n 30 "$log" >&2
  exit 1
fi
# A reference without the sentences of the headers would be a list of names.
for words in 'Calls never block' 'whose binary form stays' 'Would the first data'; do
  grep -rqF "$words" "$out/html" || { echo "docs: '$words' stands in no page" >&2; exit 1; }
done
echo "docs: the reference is $out/html/index.html"
