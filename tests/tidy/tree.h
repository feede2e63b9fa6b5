// SPDX-License-Identifier: Apache-2.0
// The repository as the rules see it: the text of every file, and what a rule has to say.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strata::tidy {

struct Finding {
  std::string path;
  std::size_t line = 0;  // counted from one; zero: the file as a whole
  std::string text;

  friend bool operator==(const Finding&, const Finding&) = default;
};
using Findings = std::vector<Finding>;

// One line per finding, as compilers print them.
std::string to_text(const Findings& findings);

struct File {
  File(std::string file_path, std::string_view file_text);

  [[nodiscard]] std::string_view name() const;    // after the last slash
  [[nodiscard]] std::string_view stem() const;    // the name without its extension
  [[nodiscard]] std::string_view folder() const;  // before the last slash
  [[nodiscard]] bool is_source() const;           // .h or .cpp
  [[nodiscard]] bool is_header() const;
  [[nodiscard]] bool is_page() const;  // .md
  [[nodiscard]] bool is_under(std::string_view folder) const;

  std::string path;  // relative to the root
  std::vector<std::string> lines;
  // The same lines without comments and without what stands inside literals; empty lines for
  // files that are not C++.
  std::vector<std::string> code;
};

class Tree {
 public:
  Tree() = default;
  explicit Tree(std::vector<File> files);
  // Everything below `root` that a commit would hold; what is not text has no lines.
  static Tree load(const std::filesystem::path& root);

  [[nodiscard]] const std::vector<File>& files() const { return files_; }
  [[nodiscard]] const File* find(std::string_view path) const;
  // True for files and for folders that hold one.
  [[nodiscard]] bool exists(std::string_view path) const;

 private:
  std::vector<File> files_;  // by path
};

// The file that `from` means by "x/y.h": what the build puts on the include path, or beside it.
std::optional<std::string> included_file(const Tree& tree, const File& from, std::string_view path);

// "a/b/../c" and "a/./c" become "a/c".
std::string normal_path(std::string_view path);

}  // namespace strata::tidy
