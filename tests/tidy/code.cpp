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

  // What a backslash at its end continues is still the same line.
  [[nodiscard]] std::string_view line_so_far() const {
    std::size_t start = out_.rfind('\n');
    while (start != std::string::npos && start > 0 && out_[start - 1] == '\\') {
      start = out_.rfind('\n', start - 1);
    }
    return std::string_view(out_).substr(start + 1);
  }

  void literal() {
    if (directive_of(line_so_far()) == "include") {
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
  // A lambda needs no parenthesis.
  const bool lambda = head.find("= [") != std::string_view::npos ||
                      (last != std::string_view::npos && head[last] == ']');
  const bool call = lambda || head.find('(') != std::string_view::npos;
  const bool type = std::ranges::any_of(kTypes, [&](std::string_view keyword) {
    const std::size_t found = find_word(head, keyword);
    return found != std::string_view::npos && head.find('(') > found;
  });
  // A specialisation for functions, A<R(T)>, is a type all the same.
  const bool ends_in_arguments = last != std::string_view::npos && head[last] == '>' &&
                                 head.find("->") == std::string_view::npos &&
                                 find_word(head, "requires") == std::string_view::npos;
  const bool returns_elaborated = type && call && head.find(')') < head.size() &&
                                  !ends_in_arguments &&
                                  find_word(head, "alignas") == std::string_view::npos;
  return call && (!type || returns_elaborated) ? Scope::kFunction : Scope::kOuter;
}

// Walks over the code once and keeps account of its braces.
class FunctionFinder {
 public:
  explicit FunctionFinder(const std::vector<std::string>& code) : code_(code) {}

  std::vector<Function> run() {
    for (std::size_t line = 0; line < code_.size(); ++line) {
      if (const std::string_view directive = directive_of(code_[line]); !directive.empty()) {
        line = past_directive(line, directive);
        continue;
      }
      state_.head += ' ';
      for (const char c : code_[line]) take(c, line + 1);
    }
    return std::move(found_);
  }

 private:
  struct Open {
    Scope scope;
    std::size_t line;
  };
  struct State {
    std::vector<Open> open;
    std::string head;
    bool in_function = false;
  };

  // Returns the last line of the directive. A macro is as long as its lines. The branches of a
  // condition begin alike, so that a brace which each of them opens is counted once.
  std::size_t past_directive(std::size_t line, std::string_view directive) {
    const std::size_t first = line;
    while (code_[line].ends_with('\\') && line + 1 < code_.size()) ++line;
    if (directive == "define") {
      found_.push_back({first + 1, line - first + 1});
    } else if (directive.starts_with("if")) {
      conditions_.push_back(state_);
    } else if (directive.starts_with("el") && !conditions_.empty()) {
      state_ = conditions_.back();
    } else if (directive == "endif" && !conditions_.empty()) {
      conditions_.pop_back();
    }
    return line;
  }

  void take(char c, std::size_t line) {
    if (c == '{')
      open(line);
    else if (c == '}')
      close(line);
    else if (c == ';')
      state_.head.clear();
    else
      state_.head += c;
  }

  void open(std::size_t line) {
    const Scope scope = classify(state_.head, state_.head.ends_with(' '), state_.in_function);
    state_.open.push_back({scope, line});
    state_.in_function = state_.in_function || scope == Scope::kFunction;
    if (scope == Scope::kInitialiser)
      state_.head += '{';
    else
      state_.head.clear();
  }

  void close(std::size_t line) {
    const Open closed = state_.open.empty() ? Open{Scope::kOuter, line} : state_.open.back();
    if (!state_.open.empty()) state_.open.pop_back();
    if (closed.scope == Scope::kInitialiser) {
      state_.head += '}';
      return;
    }
    state_.head.clear();
    if (closed.scope != Scope::kFunction) return;
    found_.push_back({closed.line, line - closed.line + 1});
    state_.in_function = false;
  }

  const std::vector<std::string>& code_;
  State state_;
  std::vector<State> conditions_;  // as it was at each #if that is open
  std::vector<Function> found_;
};

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

std::string_view directive_of(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  if (!line.starts_with('#')) return {};
  line.remove_prefix(std::min(line.find_first_not_of("# "), line.size()));
  return line.substr(0, line.find_first_of(" (<\"\\"));
}

std::vector<Include> includes_of(const std::vector<std::string>& lines) {
  std::vector<Include> includes;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (directive_of(lines[i]) != "include") continue;
    const std::size_t number = i + 1;
    std::string line = lines[i];
    while (line.ends_with('\\') && i + 1 < lines.size()) line.back() = ' ', line += lines[++i];
    const std::size_t open = line.find_first_of("<\"");
    if (open == std::string::npos) continue;
    const bool angled = line[open] == '<';
    const std::size_t close = line.find(angled ? '>' : '"', open + 1);
    if (close == std::string::npos) continue;
    includes.push_back({number, line.substr(open + 1, close - open - 1), angled});
  }
  return includes;
}

std::vector<Function> functions_of(const std::vector<std::string>& code) {
  return FunctionFinder(code).run();
}

std::vector<Function> python_functions_of(const std::vector<std::string>& lines) {
  std::vector<Function> functions;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t indent = lines[i].find_first_not_of(' ');
    if (indent == std::string::npos ||
        !std::string_view(lines[i]).substr(indent).starts_with("def "))
      continue;
    std::size_t last = i;
    for (std::size_t j = i + 1; j < lines.size(); ++j) {
      const std::size_t inner = lines[j].find_first_not_of(' ');
      if (inner == std::string::npos) continue;
      if (inner <= indent && lines[j][inner] != ')') break;
      last = j;
    }
    functions.push_back({i + 1, last - i + 1});
  }
  return functions;
}

std::vector<Function> shell_functions_of(const std::vector<std::string>& lines) {
  std::vector<Function> functions;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].ends_with("() {") && !lines[i].ends_with("() (")) continue;
    const std::string end = lines[i].ends_with('{') ? "}" : ")";
    const auto last = std::find(lines.begin() + static_cast<std::ptrdiff_t>(i), lines.end(), end);
    const auto length = static_cast<std::size_t>(last - lines.begin()) - i + 1;
    functions.push_back({i + 1, length});
  }
  return functions;
}

}  // namespace strata::tidy
