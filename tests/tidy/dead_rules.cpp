// SPDX-License-Identifier: Apache-2.0
// Files that nothing leads to: headers nobody includes, pages nobody links, sources nobody builds.
#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include "tidy/code.h"
#include "tidy/rules.h"

namespace strata::tidy {
namespace {

// The last two parts of a path tell includes apart well enough: "ip/route.h", "strata/stack.h".
std::string tail(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return std::string(path);
  const std::size_t before = path.rfind('/', slash - 1);
  return std::string(path.substr(before == std::string_view::npos ? 0 : before + 1));
}

// Where a .cpp file may lie without being named in CMakeLists.txt: CMake finds these by pattern.
constexpr std::array<std::string_view, 14> kGlobbed = {
    "apps/strata",        "apps/packetdrill", "apps/preload", "bench",
    "bench/harness",      "bench/peers",      "fuzz",         "examples",
    "tests/support",      "tests/consumer",   "tests/bench",  "tests/apps/strata",
    "tests/freestanding", "tests/interop"};

bool builds(const Tree& tree, std::string_view folder) {
  for (const std::string_view list : {"CMakeLists.txt", "cmake/StrataPrograms.cmake"}) {
    const File* file = tree.find(list);
    if (file == nullptr) continue;
    for (const std::string& line : file->lines) {
      for (const std::string_view call : {"strata_folder(", "strata_tests("}) {
        const std::size_t at = line.find(call);
        if (at == std::string::npos) continue;
        const std::string_view name = std::string_view(line).substr(at + call.size());
        const std::string_view built = name.substr(0, name.find_first_of(" )"));
        const bool below =
            folder.starts_with(built) && folder.substr(built.size()).starts_with('/');
        if (folder == built || below) return true;
      }
    }
  }
  return false;
}

}  // namespace

Findings check_dead_headers(const Tree& tree) {
  std::set<std::string> included;
  for (const File& file : tree.files()) {
    for (const Include& include : includes_of(file.code)) {
      if (include.angled) continue;
      // A file in the same folder may leave the folder out.
      const bool bare = include.path.find('/') == std::string::npos;
      included.insert(tail(bare ? std::string(file.folder()) + "/" + include.path : include.path));
    }
  }
  Findings findings;
  for (const File& file : tree.files()) {
    if (file.is_header() && !included.contains(tail(file.path))) {
      findings.push_back({file.path, 0, "nobody includes it: use it or take it out"});
    }
  }
  return findings;
}

Findings check_dead_pages(const Tree& tree) {
  Findings findings;
  for (const File& page : tree.files()) {
    // A README is what its folder shows; nobody needs to point at it.
    if (!page.is_page() || page.name() == "README.md") continue;
    const bool linked = std::ranges::any_of(tree.files(), [&](const File& file) {
      if (!file.is_page() || file.path == page.path) return false;
      return std::ranges::any_of(file.lines, [&](const std::string& line) {
        return line.find(page.name()) != std::string::npos;
      });
    });
    if (!linked) findings.push_back({page.path, 0, "no page links it: link it or take it out"});
  }
  return findings;
}

Findings check_unbuilt_sources(const Tree& tree) {
  Findings findings;
  for (const File& file : tree.files()) {
    if (!file.path.ends_with(".cpp")) continue;
    if (std::ranges::find(kGlobbed, file.folder()) != kGlobbed.end()) continue;
    const std::string_view folder = file.folder();
    const std::size_t slash = folder.find('/');
    const bool built = slash != std::string_view::npos && builds(tree, folder.substr(slash + 1));
    if (!built) findings.push_back({file.path, 0, "nothing builds it: name its folder in CMake"});
  }
  return findings;
}

}  // namespace strata::tidy
