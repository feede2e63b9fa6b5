// SPDX-License-Identifier: Apache-2.0
// How large things may grow before they must be split.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tidy/code.h"
#include "tidy/rules.h"

namespace strata::tidy {
namespace {

constexpr std::size_t kFileLinesMax = 500;
constexpr std::size_t kTestLinesMax = 800;
constexpr std::size_t kFunctionLinesMax = 70;
constexpr std::size_t kLineColumnsMax = 100;
constexpr std::size_t kFolderModulesMax = 20;

// Folders that may hold more modules than that, because their modules do not interact: one
// protocol per file in wire, one container or value per file in base.
constexpr std::array<std::string_view, 3> kWideFolders = {"src/base", "src/wire",
                                                          "include/strata/wire"};
// The public headers are the product's table of contents and lie flat on purpose.
constexpr std::string_view kFlatFolder = "include/strata";

bool is_text_we_write(const File& file) {
  static constexpr std::array<std::string_view, 9> kExtensions = {
      ".h", ".cpp", ".py", ".sh", ".cmake", ".js", ".mjs", ".css", ".html"};
  return file.name() == "dev" || file.name() == "CMakeLists.txt" ||
         std::ranges::any_of(kExtensions, [&](std::string_view extension) {
           return file.path.ends_with(extension);
         });
}

// Characters, not bytes: every byte but the continuations of UTF-8.
std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(std::ranges::count_if(
      line, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::string against(std::size_t is, std::size_t limit) {
  return std::to_string(is) + " (limit " + std::to_string(limit) + ")";
}

std::vector<Function> functions_in(const File& file) {
  if (file.path.ends_with(".py")) return python_functions_of(file.lines);
  if (file.path.ends_with(".sh") || file.name() == "dev") return shell_functions_of(file.lines);
  return functions_of(file.code);
}

}  // namespace

Findings check_file_sizes(const Tree& tree) {
  Findings findings;
  for (const File& file : tree.files()) {
    if (!is_text_we_write(file)) continue;
    const std::size_t limit = file.is_under("tests") ? kTestLinesMax : kFileLinesMax;
    if (file.lines.size() > limit) {
      findings.push_back({file.path, 0,
                          "lines: " + against(file.lines.size(), limit) +
                              "; split it along a seam a reader would expect"});
    }
  }
  return findings;
}

Findings check_function_sizes(const Tree& tree) {
  Findings findings;
  for (const File& file : tree.files()) {
    for (const Function& function : functions_in(file)) {
      if (function.length <= kFunctionLinesMax) continue;
      findings.push_back({file.path, function.line,
                          "lines of this function: " + against(function.length, kFunctionLinesMax) +
                              "; give its steps names"});
    }
  }
  return findings;
}

Findings check_line_widths(const Tree& tree) {
  Findings findings;
  for (const File& file : tree.files()) {
    if (!is_text_we_write(file)) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::size_t width = columns(file.lines[i]);
      if (width <= kLineColumnsMax) continue;
      findings.push_back({file.path, i + 1, "columns: " + against(width, kLineColumnsMax)});
    }
  }
  return findings;
}

Findings check_folder_sizes(const Tree& tree) {
  std::map<std::string, std::set<std::string>, std::less<>> modules;
  for (const File& file : tree.files()) {
    const bool product = file.is_under("src") || file.is_under("include") || file.is_under("apps");
    if (!product || !file.is_source() || file.folder() == kFlatFolder) continue;
    modules[std::string(file.folder())].emplace(file.stem());
  }
  Findings findings;
  for (const auto& [folder, stems] : modules) {
    if (stems.size() <= kFolderModulesMax) continue;
    if (std::ranges::find(kWideFolders, folder) != kWideFolders.end()) continue;
    findings.push_back({folder, 0,
                        "modules: " + against(stems.size(), kFolderModulesMax) +
                            "; a reader cannot hold so many: make a folder of the part that "
                            "stands alone"});
  }
  return findings;
}

}  // namespace strata::tidy
