// SPDX-License-Identifier: Apache-2.0
// How files and folders introduce themselves, and words that have no place in a finished text.
#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string>
#include <string_view>

#include "tidy/code.h"
#include "tidy/rules.h"

namespace strata::tidy {
namespace {

constexpr std::size_t kReadmeLinesMax = 60;
constexpr std::string_view kLicense = "SPDX-License-Identifier: Apache-2.0";

bool carries_license(const File& file) {
  static constexpr std::array<std::string_view, 9> kExtensions = {
      ".h", ".cpp", ".py", ".sh", ".cmake", ".ld", ".js", ".mjs", ".css"};
  return file.name() == "dev" || file.name() == "CMakeLists.txt" ||
         std::ranges::any_of(kExtensions, [&](std::string_view extension) {
           return file.path.ends_with(extension);
         });
}

// Spelled in halves, so that this file does not find itself.
const std::array<std::string, 4> kUnfinished = {
    "TO"
    "DO",
    "FIX"
    "ME",
    "XX"
    "X",
    "HA"
    "CK"};

// A number behind the word: what a tracker knows is lost to whoever reads the code later.
bool names_an_issue(std::string_view line) {
  for (const std::string_view word : {"issue", "Issue"}) {
    for (std::size_t at = find_word(line, word); at != std::string_view::npos;
         at = find_word(line, word, at + 1)) {
      std::string_view rest = line.substr(at + word.size());
      if (!rest.starts_with(' ')) continue;
      rest.remove_prefix(1);
      if (rest.starts_with('#')) rest.remove_prefix(1);
      if (!rest.empty() && std::isdigit(static_cast<unsigned char>(rest.front())) != 0) return true;
    }
  }
  return false;
}

}  // namespace

Findings check_first_lines(const Tree& tree) {
  Findings findings;
  for (const File& file : tree.files()) {
    if (!carries_license(file)) continue;
    const std::size_t first = !file.lines.empty() && file.lines[0].starts_with("#!") ? 1 : 0;
    const bool licensed =
        file.lines.size() > first && file.lines[first].find(kLicense) != std::string::npos;
    if (!licensed) {
      findings.push_back({file.path, first + 1,
                          "the first line must be `" + std::string(kLicense) + "` in a comment"});
    }
    if (file.is_header() && (file.lines.size() < 2 || !file.lines[1].starts_with("// "))) {
      findings.push_back({file.path, 2, "the second line must say what the header is for"});
    }
  }
  return findings;
}

Findings check_folder_readmes(const Tree& tree) {
  std::set<std::string> folders;
  Findings findings;
  for (const File& file : tree.files()) {
    if (file.is_under("src") && file.is_source()) folders.emplace(file.folder());
    if (file.is_under("src") && file.name() == "README.md" && file.lines.size() > kReadmeLinesMax) {
      findings.push_back({file.path, 0,
                          "lines: " + std::to_string(file.lines.size()) + " (limit " +
                              std::to_string(kReadmeLinesMax) + "); say less, point to code"});
    }
  }
  for (const std::string& folder : folders) {
    if (tree.find(folder + "/README.md") == nullptr) {
      findings.push_back({folder, 0, "has no README.md: purpose, files, where to look, pitfalls"});
    }
  }
  return findings;
}

Findings check_words(const Tree& tree) {
  Findings findings;
  for (const File& file : tree.files()) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      for (const std::string& word : kUnfinished) {
        if (find_word(file.lines[i], word) == std::string_view::npos) continue;
        findings.push_back({file.path, i + 1, word + ": finish it, or leave it out"});
      }
      if (names_an_issue(file.lines[i])) {
        findings.push_back({file.path, i + 1, "names an issue: say what is the matter instead"});
      }
    }
  }
  return findings;
}

}  // namespace strata::tidy
