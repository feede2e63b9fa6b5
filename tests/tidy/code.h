// SPDX-License-Identifier: Apache-2.0
// Just enough C++ to judge its text: what is code, what is a word, where functions begin and end.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace strata::tidy {

// The text with comments and the inside of string and character literals blanked. Line breaks
// stay where they are. Paths of quoted includes stay readable.
std::string strip_comments_and_literals(std::string_view text);

// Where `word` stands in `line` and is not part of a longer identifier; npos when nowhere. A word
// that ends in punctuation, such as "rand(", is bounded on its left side only.
std::size_t find_word(std::string_view line, std::string_view word, std::size_t from = 0);

// "include" of `#include <span>` and of `#  include <span>`; empty for a line that is no directive.
std::string_view directive_of(std::string_view line);

struct Include {
  std::size_t line = 0;
  std::string path;
  bool angled = false;
};
std::vector<Include> includes_of(const std::vector<std::string>& lines);

struct Function {
  std::size_t line = 0;  // of its opening brace, counted from one
  std::size_t length = 0;
};
// The outermost functions and the macros of code formatted by our .clang-format: a brace after a
// space opens a block, a brace without one an initialiser.
std::vector<Function> functions_of(const std::vector<std::string>& code);

// The functions of a Python or shell script, told by how far their lines stand in.
std::vector<Function> python_functions_of(const std::vector<std::string>& lines);
std::vector<Function> shell_functions_of(const std::vector<std::string>& lines);

}  // namespace strata::tidy
