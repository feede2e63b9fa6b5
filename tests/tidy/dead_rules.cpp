// SPDX-License-Identifier: Apache-2.0
// Files that nothing leads to: headers nobody includes, pages nobody links, sources nobody builds,
// scripts nobody calls.
#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tidy/code.h"
#include "tidy/rules.h"

namespace strata::tidy {
namespace {

// Where a source may lie without its folder being named in CMakeLists.txt, and what its name must
// end with there: CMake finds these by pattern.
struct Pattern {
  std::string_view folder;
  std::string_view ending;
};
constexpr std::array<Pattern, 19> kGlobbed = {{{"apps/strata", "main.cpp"},
                                               {"apps/strata/cli", ".cpp"},
                                               {"apps/strata/devices", ".cpp"},
                                               {"apps/strata/stack", ".cpp"},
                                               {"apps/strata/tools", ".cpp"},
                                               {"apps/packetdrill", ".cpp"},
                                               {"apps/preload", ".cpp"},
                                               {"bench", "_bench.cpp"},
                                               {"bench", "main.cpp"},
                                               {"bench/harness", ".cpp"},
                                               {"bench/peers", ".cpp"},
                                               {"fuzz", "_fuzz.cpp"},
                                               {"examples", ".cpp"},
                                               {"examples/ring", ".cpp"},
                                               {"tests/support", ".cpp"},
                                               {"tests/consumer", "main.cpp"},
                                               {"tests/bench", ".cpp"},
                                               {"tests/freestanding", "main.cpp"},
                                               {"tests/interop", "_peer.cpp"}}};

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

bool is_globbed(const File& file) {
  return std::ranges::any_of(kGlobbed, [&](const Pattern& pattern) {
    return file.folder() == pattern.folder && file.name().ends_with(pattern.ending);
  });
}

// What someone builds, reads or runs, by the end of its name.
constexpr std::array<std::string_view, 22> kKinds = {
    ".h",  ".cpp", ".c",    ".md",   ".py",  ".sh", ".cmake", ".txt", ".in",  ".json",    ".pkt",
    ".ld", ".map", ".toml", ".html", ".css", ".js", ".mjs",   ".svg", ".png", ".service", ".supp"};
constexpr std::array<std::string_view, 3> kNamesWithoutKind = {"dev", "LICENSE", "run"};

// Files that only work when another one names them. The interop tests are found by pattern, and
// the lists of mutations, too.
bool must_be_named(const File& file) {
  if (file.folder() == "tests/interop" && file.stem().ends_with("_test")) return false;
  if (file.folder() == "tests/mutations" || file.name() == "CMakeLists.txt") return false;
  static constexpr std::array<std::string_view, 17> kExtensions = {
      ".py", ".sh",  ".cmake", ".txt",  ".in",  ".json", ".ld",      ".map", ".c",
      ".js", ".mjs", ".css",   ".html", ".svg", ".png",  ".service", ".supp"};
  const bool has_fixed_name = file.name() == "CMakePresets.json" || file.name() == "package.json";
  return !has_fixed_name && std::ranges::any_of(kExtensions, [&](std::string_view extension) {
    return file.path.ends_with(extension);
  });
}

// `lint.sh` stands in `tools/lint.sh`, and not in `004-lint.sh`.
bool holds_name(std::string_view line, std::string_view name) {
  for (std::size_t at = find_word(line, name); at != std::string_view::npos;
       at = find_word(line, name, at + 1)) {
    if (at == 0 || line[at - 1] != '-') return true;
  }
  return false;
}

// `tools/lint.sh`, `import packets`, `include(StrataFolder)`.
bool names(const std::string& line, const File& file) {
  if (holds_name(line, file.name())) return true;
  const bool by_stem =
      (file.path.ends_with(".py") && line.find("import") != std::string::npos) ||
      (file.path.ends_with(".cmake") && line.find("include(") != std::string::npos);
  return by_stem && find_word(line, file.stem()) != std::string_view::npos;
}

// Who names it lies near by, mostly: those are read first, and the whole tree only when none does.
bool is_named(const Tree& tree, const File& named) {
  const std::string top = named.path.substr(0, named.path.find('/') + 1);
  for (const bool near : {true, false}) {
    const bool found = std::ranges::any_of(tree.files(), [&](const File& file) {
      if (file.path == named.path || file.path.starts_with(top) != near) return false;
      return std::ranges::any_of(file.lines,
                                 [&](const std::string& line) { return names(line, named); });
    });
    if (found) return true;
  }
  return false;
}

}  // namespace

Findings check_dead_headers(const Tree& tree) {
  std::set<std::string> reached;
  std::vector<const File*> unread;
  for (const File& file : tree.files()) {
    if (file.is_source() && !file.is_header()) unread.push_back(&file);
  }
  while (!unread.empty()) {
    const File& file = *unread.back();
    unread.pop_back();
    for (const Include& include : includes_of(file.code)) {
      const std::optional<std::string> path = included_file(tree, file, include.path);
      if (path && reached.insert(*path).second) unread.push_back(tree.find(*path));
    }
  }
  Findings findings;
  for (const File& file : tree.files()) {
    if (file.is_header() && !reached.contains(file.path)) {
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
      return std::ranges::any_of(file.lines,
                                 [&](const std::string& line) { return names(line, page); });
    });
    if (!linked) findings.push_back({page.path, 0, "no page links it: link it or take it out"});
  }
  return findings;
}

// bench/ns3/dumbbell.cpp by "ns3/dumbbell.cpp" in a script: for what a compiler other than CMake's,
// or with other headers than ours, is asked to build.
bool is_built_by_script(const Tree& tree, const File& source) {
  const std::string_view below = std::string_view(source.path).substr(source.path.find('/') + 1);
  return std::ranges::any_of(tree.files(), [below](const File& file) {
    if (!file.path.ends_with(".py") && !file.path.ends_with(".sh")) return false;
    return std::ranges::any_of(file.lines,
                               [below](const std::string& line) { return line.contains(below); });
  });
}

Findings check_unbuilt_sources(const Tree& tree) {
  Findings findings;
  for (const File& file : tree.files()) {
    if (!file.path.ends_with(".cpp")) continue;
    if (is_globbed(file) || is_built_by_script(tree, file)) continue;
    const std::string_view folder = file.folder();
    const std::size_t slash = folder.find('/');
    const bool built = (file.is_under("src") || file.is_under("tests")) &&
                       slash != std::string_view::npos && builds(tree, folder.substr(slash + 1));
    if (!built) {
      findings.push_back({file.path, 0,
                          "nothing builds it: name its folder in CMake, or give it the name that "
                          "the folder's pattern wants"});
    }
  }
  return findings;
}

Findings check_dead_files(const Tree& tree) {
  Findings findings;
  for (const File& file : tree.files()) {
    const bool hidden = file.name().starts_with('.');  // settings of a tool
    if (hidden) continue;
    if (file.folder() == "fuzz/corpus") {
      const std::string target = "fuzz/" + std::string(file.name()) + "_fuzz.cpp";
      if (tree.find(target) == nullptr) {
        findings.push_back({file.path, 0, "there is no " + target + " to read it"});
      }
      continue;
    }
    const bool known =
        std::ranges::any_of(kKinds,
                            [&](std::string_view kind) { return file.path.ends_with(kind); }) ||
        std::ranges::find(kNamesWithoutKind, file.name()) != kNamesWithoutKind.end();
    if (!known) {
      findings.push_back({file.path, 0, "no build and no tool reads files of this kind"});
    } else if (must_be_named(file) && !is_named(tree, file)) {
      findings.push_back({file.path, 0, "no file names it: use it or take it out"});
    }
  }
  return findings;
}

}  // namespace strata::tidy
