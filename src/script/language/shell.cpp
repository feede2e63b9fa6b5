// SPDX-License-Identifier: Apache-2.0
#include "script/language/shell.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace strata::script {
namespace {

constexpr unsigned kDepthMax = 16;

// `15*1024*1024`, `(1+2)*3`: whole numbers, the four operations, parentheses.
class Arithmetic {
 public:
  explicit Arithmetic(std::string_view text) : text_(text) {}

  std::optional<std::int64_t> value() {
    const std::int64_t value = sum();
    skip_blanks();
    return is_bad_ || !text_.empty() ? std::nullopt : std::optional(value);
  }

 private:
  void skip_blanks() {
    while (text_.starts_with(' ') || text_.starts_with('\t')) text_.remove_prefix(1);
  }
  bool accept(char sign) {
    skip_blanks();
    if (!text_.starts_with(sign)) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::int64_t sum() {
    std::int64_t left = product();
    while (!is_bad_) {
      if (accept('+')) {
        is_bad_ |= __builtin_add_overflow(left, product(), &left);
      } else if (accept('-')) {
        is_bad_ |= __builtin_sub_overflow(left, product(), &left);
      } else {
        break;
      }
    }
    return left;
  }
  std::int64_t product() {
    std::int64_t left = operand();
    while (!is_bad_) {
      if (accept('*')) {
        is_bad_ |= __builtin_mul_overflow(left, operand(), &left);
      } else if (accept('/')) {
        const std::int64_t right = operand();
        is_bad_ |= right <= 0;
        if (!is_bad_) left /= right;
      } else {
        break;
      }
    }
    return left;
  }
  std::int64_t operand() {
    if (++depth_ > kDepthMax) is_bad_ = true;
    std::int64_t value = 0;
    if (!is_bad_ && accept('(')) {
      value = sum();
      is_bad_ |= !accept(')');
    } else {
      skip_blanks();
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
      is_bad_ |= error != std::errc{};
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    }
    --depth_;
    return value;
  }

  std::string_view text_;
  unsigned depth_ = 0;
  bool is_bad_ = false;
};

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  std::expected<std::vector<Words>, ShellError> split() {
    while (at_ < text_.size() && error_.empty()) step();
    end_command();
    if (!error_.empty()) return std::unexpected(ShellError{line_, error_});
    return std::move(commands_);
  }

 private:
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }

  void step() {
    const char c = text_[at_];
    if (c == '\n' || c == ';' || rest().starts_with("&&")) {
      end_command();
      at_ += c == '&' ? 2 : 1;
      line_ += c == '\n' ? 1 : 0;
    } else if (c == '|') {
      const bool is_else = rest().starts_with("||");
      join(is_else ? Link::kElse : Link::kPipe);
      at_ += is_else ? 2 : 1;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      end_word();
      ++at_;
    } else if (c == '#' && !in_word_) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (rest().starts_with("\\\n")) {
      at_ += 2;
      ++line_;
    } else if (c == '>' || (!in_word_ && is_redirection())) {
      read_redirection();
    } else {
      character();
    }
  }

  void character() {
    const char c = text_[at_];
    if (c == '\'' || c == '"') {
      quoted(c);
    } else if (c == '$') {
      dollar();
    } else if (c == '\\' && at_ + 1 < text_.size()) {
      add(text_[at_ + 1]);
      at_ += 2;
    } else if (c == '&' || c == '<' || c == '(' || c == ')' || c == '`') {
      error_ = fmt::format("'{}' of the shell is not supported", c);
    } else {
      add(c);
      ++at_;
    }
  }

  [[nodiscard]] bool is_redirection() const {
    return rest().starts_with("1>") || rest().starts_with("2>") || rest().starts_with("&>");
  }

  // Errors are told by the run: where they would go is nobody's business here.
  void read_redirection() {
    end_word();
    const bool is_output = text_[at_] == '>' || text_[at_] == '1';
    at_ = std::min(text_.find('>', at_) + 1, text_.size());
    if (rest().starts_with('>')) ++at_;
    while (rest().starts_with(' ')) ++at_;
    const std::size_t begin = at_;
    at_ = std::min(text_.find_first_of(" \t\n;|", at_), text_.size());
    if (is_output) output_ = text_.substr(begin, at_ - begin);
  }

  void quoted(char quote) {
    in_word_ = true;
    for (++at_; at_ < text_.size() && text_[at_] != quote && error_.empty();) {
      if (text_[at_] == '\n') ++line_;
      if (quote == '"' && text_[at_] == '$') {
        dollar();
      } else if (quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size()) {
        add(text_[at_ + 1]);
        at_ += 2;
      } else {
        add(text_[at_++]);
      }
    }
    if (at_ >= text_.size()) error_ = "a quotation without its end";
    ++at_;
  }

  // `$((...))` is a number; `${PPID}`, in names of temporary files, stays as it is.
  void dollar() {
    if (rest().starts_with("${PPID}")) {
      for (const char c : rest().substr(0, 7)) add(c);
      at_ += 7;
      return;
    }
    const std::size_t end = rest().find("))");
    if (!rest().starts_with("$((") || end == std::string_view::npos) {
      error_ = "variables and substitutions of the shell are not supported";
      return;
    }
    const auto value = Arithmetic(rest().substr(3, end - 3)).value();
    if (!value) {
      error_ = "arithmetic that makes no sense";
      return;
    }
    for (const char c : std::to_string(*value)) add(c);
    at_ += end + 2;
  }

  void add(char c) {
    word_ += c;
    in_word_ = true;
  }
  void end_word() {
    if (in_word_) words_.push_back(std::move(word_));
    word_.clear();
    in_word_ = false;
  }
  void end_command() {
    end_word();
    if (!words_.empty()) commands_.push_back({line_, std::move(words_), std::move(output_)});
    words_.clear();
    output_.clear();
  }
  void join(Link link) {
    const std::size_t before = commands_.size();
    end_command();
    if (commands_.size() == before) {
      error_ = "'|' without a command before it";
    } else {
      commands_.back().next = link;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 0;
  std::string word_;
  bool in_word_ = false;
  std::vector<std::string> words_;
  std::string output_;
  std::vector<Words> commands_;
  std::string error_;
};

}  // namespace

std::expected<std::vector<Words>, ShellError> split_commands(std::string_view text) {
  return Splitter(text).split();
}

}  // namespace strata::script
