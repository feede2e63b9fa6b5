// SPDX-License-Identifier: Apache-2.0
#include "tidy/tree.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

#include "tidy/code.h"

namespace strata::tidy {
namespace {

namespace fs = std::filesystem;

// What a build, a tool or git itself leaves behind.
constexpr std::array<std::string_view, 5> kSkippedFolders = {"build", ".git", ".cache", ".vscode",
                                                             ".idea"};
constexpr std::array<std::string_view, 17> kTextExtensions = {
    ".h",    ".cpp", ".md",  ".py",  ".sh",  ".cmake", ".txt", ".in", ".json",
    ".toml", ".ld",  ".yml", ".pkt", ".mjs", ".html",  ".css", ".js"};

bool is_text(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension.empty() ||
         std::ranges::find(kTextExtensions, extension) != kTextExtensions.end();
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::string read(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string text(fs::file_size(path), '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  return text;
}

}  // namespace

std::string to_text(const Findings& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    text += finding.path;
    if (finding.line != 0) text += ":" + std::to_string(finding.line);
    text += ": " + finding.text + "\n";
  }
  return text;
}

File::File(std::string file_path, std::string_view file_text)
    : path(std::move(file_path)), lines(split_lines(file_text)) {
  code = is_source() ? split_lines(strip_comments_and_literals(file_text))
                     : std::vector<std::string>(lines.size());
  code.resize(lines.size());
}

std::string_view File::name() const {
  const std::size_t slash = path.rfind('/');
  return std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1);
}

std::string_view File::stem() const { return name().substr(0, name().rfind('.')); }

std::string_view File::folder() const {
  const std::size_t slash = path.rfind('/');
  return std::string_view(path).substr(0, slash == std::string::npos ? 0 : slash);
}

bool File::is_source() const { return path.ends_with(".cpp") || is_header(); }
bool File::is_header() const { return path.ends_with(".h"); }
bool File::is_page() const { return path.ends_with(".md"); }

bool File::is_under(std::string_view above) const {
  return path.size() > above.size() && path.starts_with(above) && path[above.size()] == '/';
}

Tree::Tree(std::vector<File> files) : files_(std::move(files)) {
  std::ranges::sort(files_, {}, &File::path);
}

Tree Tree::load(const fs::path& root) {
  std::vector<File> files;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::end(entry); ++entry) {
    const std::string path = entry->path().lexically_relative(root).generic_string();
    if (entry->is_directory()) {
      const bool skipped = std::ranges::find(kSkippedFolders, path) != kSkippedFolders.end() ||
                           entry->path().filename() == "__pycache__" ||
                           entry->path().filename() == "node_modules";
      // Thousands of inputs that are not text: the folder stands for them.
      const bool corpus = path.starts_with("fuzz/corpus/");
      if (corpus) files.emplace_back(path, "");
      if (skipped || corpus) entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      files.emplace_back(path, is_text(entry->path()) ? read(entry->path()) : std::string());
    }
  }
  return Tree(std::move(files));
}

const File* Tree::find(std::string_view path) const {
  const auto place = std::ranges::lower_bound(files_, path, {}, &File::path);
  return place != files_.end() && place->path == path ? &*place : nullptr;
}

bool Tree::exists(std::string_view path) const {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path.empty() || find(path) != nullptr ||
         std::ranges::any_of(files_, [&](const File& file) { return file.is_under(path); });
}

std::optional<std::string> included_file(const Tree& tree, const File& from,
                                         std::string_view path) {
  static constexpr std::array<std::string_view, 5> kRoots = {"include/", "src/", "tests/", "apps/",
                                                             ""};
  for (const std::string_view root : kRoots) {
    std::string candidate = std::string(root) + std::string(path);
    if (tree.find(candidate) != nullptr) return candidate;
  }
  std::string beside = normal_path(std::string(from.folder()) + "/" + std::string(path));
  if (tree.find(beside) != nullptr) return beside;
  return std::nullopt;
}

std::string normal_path(std::string_view path) {
  return fs::path(path).lexically_normal().generic_string();
}

}  // namespace strata::tidy
