// SPDX-License-Identifier: Apache-2.0
#include "script/language/code.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "script/language/code_tokens.h"

namespace strata::script {
namespace {

constexpr unsigned kDepthMax = 24;
constexpr std::size_t kPrintedBytesMax = 65'536;

bool is_string(const CodeValue& value) { return std::holds_alternative<std::string>(value); }
double number_of(const CodeValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  const auto* fraction = std::get_if<double>(&value);
  return fraction == nullptr ? 0 : *fraction;
}
bool is_true(const CodeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return !text->empty();
  return number_of(value) != 0;
}
CodeValue truth(bool value) { return std::int64_t{value ? 1 : 0}; }

// How tightly the operators of Python bind; not in the list: no operator.
struct Operator {
  std::string_view sign;
  unsigned level;
};
constexpr Operator kOperators[] = {{"|", 1}, {"^", 2}, {"&", 3}, {"<<", 4}, {">>", 4}, {"+", 5},
                                   {"-", 5}, {"*", 6}, {"/", 6}, {"//", 6}, {"%", 6}};
constexpr unsigned kTightest = 7;
constexpr std::array<std::string_view, 6> kComparisons = {"==", "!=", "<", "<=", ">", ">="};

bool compare(std::string_view sign, const CodeValue& a, const CodeValue& b) {
  const auto decide = [&](const auto& left, const auto& right) {
    if (sign == "==") return left == right;
    if (sign == "!=") return left != right;
    if (sign == "<") return left < right;
    if (sign == "<=") return left <= right;
    return sign == ">" ? left > right : left >= right;
  };
  const auto* a_whole = std::get_if<std::int64_t>(&a);
  const auto* b_whole = std::get_if<std::int64_t>(&b);
  if (a_whole != nullptr && b_whole != nullptr) return decide(*a_whole, *b_whole);
  if (is_string(a) && is_string(b))
    return decide(std::get<std::string>(a), std::get<std::string>(b));
  if (is_string(a) != is_string(b)) return sign == "!=";
  return decide(number_of(a), number_of(b));
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  const std::int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

// Nothing: the numbers are too large, or not meant for this.
std::optional<CodeValue> combine_whole(std::string_view sign, std::int64_t a, std::int64_t b) {
  std::int64_t value = 0;
  if (sign == "|") return a | b;
  if (sign == "^") return a ^ b;
  if (sign == "&") return a & b;
  if (sign == "<<" || sign == ">>") {
    if (b < 0 || b > 62 || a < 0 || (sign == "<<" && a > (INT64_MAX >> b))) return std::nullopt;
    return sign == "<<" ? a << b : a >> b;
  }
  if (sign == "+" && !__builtin_add_overflow(a, b, &value)) return value;
  if (sign == "-" && !__builtin_sub_overflow(a, b, &value)) return value;
  if (sign == "*" && !__builtin_mul_overflow(a, b, &value)) return value;
  const bool divides = b != 0 && !(a == INT64_MIN && b == -1);
  if (sign == "//" && divides) return floor_divide(a, b);
  if (sign == "%" && divides) return a - b * floor_divide(a, b);
  if (sign == "/" && b != 0) return static_cast<double>(a) / static_cast<double>(b);
  return std::nullopt;
}

// 'cwnd=%d' % value, as far as messages of assertions have it: one value.
std::optional<CodeValue> format(std::string_view text, const CodeValue& value) {
  std::string out;
  bool is_used = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (text[i] == '%') {
      out += '%';
      continue;
    }
    const bool is_known = std::string_view("disufgx").find(text[i]) != std::string_view::npos;
    if (is_used || !is_known || (is_string(value) && text[i] != 's')) return std::nullopt;
    const auto* whole = std::get_if<std::int64_t>(&value);
    const bool is_whole = std::string_view("diu").find(text[i]) != std::string_view::npos;
    if (text[i] == 'x' && whole == nullptr) return std::nullopt;
    if (text[i] == 'x') {
      out += fmt::format("{:x}", *whole);
    } else if (text[i] == 'f') {
      out += fmt::format("{:f}", number_of(value));
    } else if (is_whole && whole == nullptr) {
      out += fmt::format("{:.0f}", std::trunc(number_of(value)));
    } else {
      out += to_text(value);
    }
    is_used = true;
  }
  return is_used ? std::optional<CodeValue>(out) : std::nullopt;
}

std::optional<CodeValue> combine(std::string_view sign, const CodeValue& a, const CodeValue& b) {
  if (is_string(a) && sign == "%") return format(std::get<std::string>(a), b);
  const auto* a_whole = std::get_if<std::int64_t>(&a);
  const auto* b_whole = std::get_if<std::int64_t>(&b);
  if (a_whole != nullptr && b_whole != nullptr) return combine_whole(sign, *a_whole, *b_whole);
  if (is_string(a) && is_string(b) && sign == "+") {
    const auto& left = std::get<std::string>(a);
    const auto& right = std::get<std::string>(b);
    if (left.size() + right.size() > kPrintedBytesMax) return std::nullopt;
    return left + right;
  }
  if (is_string(a) || is_string(b)) return std::nullopt;
  const double left = number_of(a);
  const double right = number_of(b);
  if (sign == "+") return left + right;
  if (sign == "-") return left - right;
  if (sign == "*") return left * right;
  if (right == 0) return std::nullopt;
  if (sign == "/") return left / right;
  if (sign == "//") return std::floor(left / right);
  if (sign == "%") return left - right * std::floor(left / right);
  return std::nullopt;
}

class Interpreter {
 public:
  Interpreter(std::vector<CodeToken> tokens, CodeNames& names)
      : tokens_(std::move(tokens)), names_(names) {}

  std::expected<std::string, std::string> run() {
    while (error_.empty() && token().kind != CodeToken::Kind::kEnd) {
      if (token().kind == CodeToken::Kind::kSeparator) {
        advance();
      } else {
        statement();
      }
    }
    if (!error_.empty()) return std::unexpected(error_);
    return std::move(printed_);
  }

 private:
  [[nodiscard]] const CodeToken& token() const { return tokens_[at_]; }
  void advance() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }
  [[nodiscard]] bool at(std::string_view raw) const {
    const bool is_word =
        token().kind == CodeToken::Kind::kSign || token().kind == CodeToken::Kind::kName;
    return is_word && token().raw == raw;
  }
  bool accept(std::string_view raw) {
    if (!at(raw)) return false;
    advance();
    return true;
  }
  void fail(std::string text) {
    if (error_.empty()) error_ = std::move(text);
  }

  void statement() {
    if (accept("assert")) {
      assertion();
    } else if (accept("print")) {
      print();
    } else if (!accept("pass")) {
      assignment();
    }
    if (token().kind != CodeToken::Kind::kSeparator && token().kind != CodeToken::Kind::kEnd) {
      fail(fmt::format("cannot understand '{}'", token().raw));
    }
  }

  void assertion() {
    const char* const begin = token().raw.data();
    const CodeValue value = expression();
    const std::string_view text(begin, static_cast<std::size_t>(token().raw.data() - begin));
    std::string message;
    if (accept(",")) message = ": " + to_text(expression());
    if (!is_true(value)) fail(fmt::format("assertion failed: {}{}", text, message));
  }

  void print() {
    const bool has_parentheses = accept("(");
    std::string line;
    while (error_.empty() && !at(")") && token().kind != CodeToken::Kind::kSeparator) {
      if (!line.empty()) line += ' ';
      line += to_text(expression());
      if (!accept(",")) break;
    }
    if (has_parentheses && !accept(")")) fail("print without ')'");
    if (printed_.size() + line.size() < kPrintedBytesMax) printed_ += line + "\n";
  }

  void assignment() {
    const CodeToken& name = token();
    const bool is_assignment = name.kind == CodeToken::Kind::kName &&
                               tokens_[at_ + 1].kind == CodeToken::Kind::kSign &&
                               tokens_[at_ + 1].raw == "=";
    if (!is_assignment) {
      fail(fmt::format("'{}' begins no statement of assert, print or NAME = VALUE", name.raw));
      return;
    }
    advance();
    advance();
    CodeValue value = expression();
    names_.assigned.insert_or_assign(std::string(name.raw), std::move(value));
  }

  // Both sides are always read; that none of them has effects makes this the same as Python's.
  CodeValue expression() {
    if (++depth_ > kDepthMax) fail("an expression nested too deeply");
    CodeValue left = error_.empty() ? conjunction() : CodeValue{};
    while (error_.empty() && accept("or")) {
      CodeValue right = conjunction();
      if (!is_true(left)) left = std::move(right);
    }
    --depth_;
    return left;
  }

  CodeValue conjunction() {
    CodeValue left = negation();
    while (error_.empty() && accept("and")) {
      CodeValue right = negation();
      if (is_true(left)) left = std::move(right);
    }
    return left;
  }

  CodeValue negation() {
    bool is_negated = false;
    while (accept("not")) is_negated = !is_negated;
    CodeValue value = comparison();
    if (is_negated) return truth(!is_true(value));
    return value;
  }

  // a < b < c holds if both do.
  CodeValue comparison() {
    CodeValue left = operation(1);
    bool is_chain = false;
    bool holds = true;
    while (error_.empty()) {
      const auto* sign = std::ranges::find_if(kComparisons, [&](auto s) { return at(s); });
      if (sign == kComparisons.end()) break;
      advance();
      CodeValue right = operation(1);
      holds = holds && compare(*sign, left, right);
      is_chain = true;
      left = std::move(right);
    }
    return is_chain ? truth(holds) : left;
  }

  CodeValue operation(unsigned level) {
    if (level == kTightest) return unary();
    CodeValue left = operation(level + 1);
    while (error_.empty()) {
      const auto* found = std::ranges::find_if(
          kOperators, [&](const Operator& o) { return o.level == level && at(o.sign); });
      if (found == std::end(kOperators)) break;
      advance();
      const CodeValue right = operation(level + 1);
      auto value = combine(found->sign, left, right);
      if (!value)
        fail(fmt::format("{} {} {} has no value", to_text(left), found->sign, to_text(right)));
      left = std::move(value).value_or(CodeValue{});
    }
    return left;
  }

  CodeValue unary() {
    if (accept("+")) return signed_operand('+');
    if (accept("-")) return signed_operand('-');
    if (accept("~")) return signed_operand('~');
    return operand();
  }

  CodeValue signed_operand(char sign) {
    if (++depth_ > kDepthMax) fail("an expression nested too deeply");
    CodeValue value = error_.empty() ? unary() : CodeValue{};
    --depth_;
    if (is_string(value)) fail("a string has no sign");
    if (sign == '+') return value;
    if (sign == '~')
      return ~static_cast<std::int64_t>(
          std::get_if<std::int64_t>(&value) != nullptr ? std::get<std::int64_t>(value) : 0);
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
      return *whole == INT64_MIN ? *whole : -*whole;
    }
    return -number_of(value);
  }

  CodeValue operand() {
    const CodeToken& what = token();
    if (accept("(")) {
      CodeValue inner = expression();
      if (!accept(")")) fail("a '(' without ')'");
      return inner;
    }
    switch (what.kind) {
      case CodeToken::Kind::kNumber:
        advance();
        return what.is_whole ? CodeValue(what.integer) : CodeValue(what.number);
      case CodeToken::Kind::kString: advance(); return what.text;
      case CodeToken::Kind::kName: advance(); return named(what.raw);
      default: fail(fmt::format("expected a value instead of '{}'", what.raw)); return {};
    }
  }

  CodeValue named(std::string_view name) {
    if (accept("(")) return called(name);
    if (name == "True") return truth(true);
    if (name == "False") return truth(false);
    const auto assigned = names_.assigned.find(name);
    if (assigned != names_.assigned.end()) return assigned->second;
    auto known = names_.lookup ? names_.lookup(name) : std::nullopt;
    if (!known) fail(fmt::format("unknown name '{}'", name));
    return std::move(known).value_or(CodeValue{});
  }

  CodeValue called(std::string_view name) {
    std::vector<CodeValue> arguments;
    while (error_.empty() && !at(")")) {
      arguments.push_back(expression());
      if (!accept(",")) break;
    }
    if (!accept(")")) fail("a '(' without ')'");
    if (arguments.empty()) fail(fmt::format("{}() of nothing", name));
    if (!error_.empty()) return {};
    if (name == "abs" && arguments.size() == 1) {
      return compare("<", arguments[0], std::int64_t{0})
                 ? combine("-", std::int64_t{0}, arguments[0]).value_or(arguments[0])
                 : arguments[0];
    }
    const bool is_min = name == "min";
    if (!is_min && name != "max") {
      fail(fmt::format("unknown function '{}'", name));
      return {};
    }
    CodeValue best = arguments.front();
    for (const CodeValue& value : arguments) {
      if (compare(is_min ? "<" : ">", value, best)) best = value;
    }
    return best;
  }

  std::vector<CodeToken> tokens_;
  CodeNames& names_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
  std::string printed_;
  std::string error_;
};

}  // namespace

std::string to_text(const CodeValue& value) {
  return std::visit([](const auto& plain) { return fmt::format("{}", plain); }, value);
}

std::expected<std::string, std::string> run_code(std::string_view code, CodeNames& names) {
  auto tokens = code_tokens(code);
  if (!tokens) return std::unexpected(std::move(tokens).error());
  return Interpreter(*std::move(tokens), names).run();
}

}  // namespace strata::script
