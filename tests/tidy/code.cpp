// SPDX-License-Identifier: Apache-2.0
#include "tidy/code.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace strata::tidy {
namespace {

bool is_word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Walks over the text once and copies what is code.
class Stripper {
 public:
  explicit Stripper(std::string_view text) : text_(text) {}

  std::string run() {
    while (at_ < text_.size()) {
      if (ahead("//")) {
        blank_until("\n", 0);
      } else if (ahead("/*")) {
        blank_until("*/", 2);
      } else if (text_[at_] == '"') {
        literal();
      } else if (text_[at_] == '\'' && !is_digit_separator()) {
        quoted('\'');
      } else {
        out_ += text_[at_++];
      }
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool ahead(std::string_view what) const {
    return text_.substr(at_).starts_with(what);
  }
  [[nodiscard]] bool is_digit_separator() const {
    return at_ > 0 && std::isxdigit(static_cast<unsigned char>(text_[at_ - 1])) != 0 &&
           at_ + 1 < text_.size() && std::isxdigit(static_cast<unsigned char>(text_[at_ + 1])) != 0;
  }

  void blank(char c) { out_ += c == '\n' ? '\n' : ' '; }

  void blank_until(std::string_view end, std::size_t taken) {
    const std::size_t found = text_.find(end, at_ + taken);
    const std::size_t stop = found == std::string_view::npos ? text_.size() : found + taken;
    while (at_ < stop) blank(text_[at_++]);
  }

  void literal() {
    const std::string_view line = std::string_view(out_).substr(out_.rfind('\n') + 1);
    if (line.starts_with("#include")) {
      do out_ += text_[at_++];
      while (at_ < text_.size() && text_[at_ - 1] != '\n');
    } else if (out_.ends_with('R') && !(out_.size() > 1 && is_word_character(out_.end()[-2]))) {
      const std::size_t open = text_.find('(', at_);
      const std::string end = ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"";
      blank_until(end, end.size());
    } else {
      quoted('"');
    }
  }

  void quoted(char quote) {
    out_ += text_[at_++];
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) blank(text_[at_++]);
      blank(text_[at_++]);
    }
    if (at_ < text_.size()) out_ += text_[at_++];
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

enum class Scope { kOuter, kFunction, kInner, kInitialiser };

// What kind of scope a brace opens, told by the text since the last statement or block ended.
Scope classify(std::string_view head, bool after_space, bool in_function) {
  const std::size_t last = head.find_last_not_of(' ');
  const bool assigned = last != std::string_view::npos && (head[last] == '=' || head[last] == ',' ||
                                                           head[last] == '(' || head[last] == '{');
  if (!after_space || assigned) return Scope::kInitialiser;
  if (in_function) return Scope::kInner;
  static constexpr std::array<std::string_view, 5> kTypes = {"namespace", "class", "struct", "enum",
                                                             "union"};
  const bool call = head.find('(') != std::string_view::npos;
  const bool type = std::ranges::any_of(kTypes, [&](std::string_view keyword) {
    const std::size_t found = find_word(head, keyword);
    return found != std::string_view::npos && head.find('(') > found;
  });
  // A specialisation for functions, A<R(T)>, is a type all the same.
  const bool ends_in_arguments = last != std::string_view::npos && head[last] == '>' &&
                                 head.find("->") == std::string_view::npos;
  const bool returns_elaborated = type && call && head.find(')') < head.size() &&
                                  !ends_in_arguments &&
                                  find_word(head, "alignas") == std::string_view::npos;
  return call && (!type || returns_elaborated) ? Scope::kFunction : Scope::kOuter;
}

}  // namespace

std::string strip_comments_and_literals(std::string_view text) { return Stripper(text).run(); }

std::size_t find_word(std::string_view line, std::string_view word, std::size_t from) {
  for (std::size_t at = line.find(word, from); at != std::string_view::npos;
       at = line.find(word, at + 1)) {
    const bool starts =
        at == 0 || !is_word_character(word.front()) || !is_word_character(line[at - 1]);
    const std::size_t end = at + word.size();
    const bool ends =
        end == line.size() || !is_word_character(word.back()) || !is_word_character(line[end]);
    if (starts && ends) return at;
  }
  return std::string_view::npos;
}

std::vector<Include> includes_of(const std::vector<std::string>& lines) {
  std::vector<Include> includes;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lines[i];
    if (!line.starts_with("#include")) continue;
    const std::size_t open = line.find_first_of("<\"");
    if (open == std::string_view::npos) continue;
    const bool angled = line[open] == '<';
    const std::size_t close = line.find(angled ? '>' : '"', open + 1);
    if (close == std::string_view::npos) continue;
    includes.push_back({i + 1, std::string(line.substr(open + 1, close - open - 1)), angled});
  }
  return includes;
}

std::vector<Function> functions_of(const std::vector<std::string>& code) {
  struct Open {
    Scope scope;
    std::size_t line;
  };
  std::vector<Function> functions;
  std::vector<Open> open;
  std::string head;
  bool in_function = false;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (code[i].starts_with('#')) continue;
    head += ' ';
    for (const char c : code[i]) {
      if (c == '{') {
        const Scope scope = classify(head, head.ends_with(' '), in_function);
        open.push_back({scope, i + 1});
        in_function = in_function || scope == Scope::kFunction;
        if (scope == Scope::kInitialiser)
          head += c;
        else
          head.clear();
      } else if (c == '}') {
        const Open closed = open.empty() ? Open{Scope::kOuter, i + 1} : open.back();
        if (!open.empty()) open.pop_back();
        if (closed.scope == Scope::kInitialiser) {
          head += c;
          continue;
        }
        head.clear();
        if (closed.scope != Scope::kFunction) continue;
        functions.push_back({closed.line, i + 1 - closed.line + 1});
        in_function = false;
      } else if (c == ';') {
        head.clear();
      } else {
        head += c;
      }
    }
  }
  return functions;
}

}  // namespace strata::tidy
