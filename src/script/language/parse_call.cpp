// SPDX-License-Identifier: Apache-2.0
// System calls and the expressions that are their arguments.
#include <utility>

#include "script/language/reader.h"

namespace strata::script {
namespace {

// Deep enough for a message header with control messages in it, and little enough stack.
constexpr unsigned kDepthMax = 16;

using Kind = Expression::Kind;

class CallReader {
 public:
  explicit CallReader(Reader& reader) : reader_(reader) {}

  SystemCall read() {
    SystemCall call;
    call.name = reader_.take().text;
    reader_.expect('(', "after the name of a system call");
    if (!reader_.at(')')) call.arguments = read_list();
    reader_.expect(')', "after the arguments of a system call");
    reader_.expect('=', "before the result of a system call");
    is_result_ = true;
    call.result = read_expression();
    is_result_ = false;
    if (reader_.at(Token::Kind::kWord)) call.error = reader_.take().text;
    if (reader_.at('(')) skip_note();
    return call;
  }

 private:
  // `(Resource temporarily unavailable)`: for people.
  void skip_note() {
    reader_.advance();
    while (!reader_.at(')') && !reader_.at_end()) reader_.advance();
    reader_.expect(')', "after the text in parentheses");
  }

  std::vector<Expression> read_list() {
    std::vector<Expression> list;
    do {
      list.push_back(read_expression());
    } while (reader_.accept(','));
    return list;
  }

  Expression make(Kind kind) const {
    Expression expression;
    expression.kind = kind;
    expression.line = reader_.line();
    return expression;
  }

  Expression read_expression() {
    if (depth_ == kDepthMax) {
      reader_.fail("an expression nested too deeply");
      return {};
    }
    ++depth_;
    Expression left = read_operand();
    if (reader_.at('|')) {
      Expression whole = make(Kind::kOr);
      whole.items.push_back(std::move(left));
      while (reader_.accept('|')) whole.items.push_back(read_operand());
      left = std::move(whole);
    }
    --depth_;
    return left;
  }

  Expression read_operand() {
    switch (reader_.token().kind) {
      case Token::Kind::kEllipsis: {
        Expression ellipsis = make(Kind::kEllipsis);
        reader_.advance();
        return ellipsis;
      }
      case Token::Kind::kInteger:
      case Token::Kind::kHex: {
        Expression number = make(Kind::kInteger);
        number.integer = reader_.expect_integer(INT64_MIN, INT64_MAX, "a number of 64 bits");
        return number;
      }
      case Token::Kind::kString: return read_string();
      case Token::Kind::kWord: return read_word();
      default: break;
    }
    if (reader_.at('[')) return read_group(Kind::kArray, ']');
    if (reader_.at('{')) return read_group(Kind::kStruct, '}');
    reader_.fail("expected a value");
    return {};
  }

  // "one " "text", and with an ellipsis behind it the beginning of one.
  Expression read_string() {
    Expression text = make(Kind::kString);
    while (reader_.at(Token::Kind::kString)) text.text += reader_.take().text;
    if (reader_.at(Token::Kind::kEllipsis)) {
      text.kind = Kind::kStringPrefix;
      reader_.advance();
    }
    return text;
  }

  Expression read_word() {
    Expression word = make(Kind::kWord);
    word.text = reader_.take().text;
    if (is_result_) return word;  // what follows in parentheses is a note
    std::vector<Expression> inside;
    if (reader_.accept('(')) {
      word.kind = Kind::kCall;
      inside = read_list();
      reader_.expect(')', "after what stands in parentheses");
    }
    if (reader_.accept('=')) {
      word.kind = Kind::kField;
      word.items.push_back(read_expression());
    }
    for (Expression& item : inside) word.items.push_back(std::move(item));
    return word;
  }

  Expression read_group(Kind kind, char end) {
    Expression group = make(kind);
    reader_.advance();
    if (!reader_.at(end)) group.items = read_list();
    reader_.expect(end, "after a list");
    return group;
  }

  Reader& reader_;
  unsigned depth_ = 0;
  bool is_result_ = false;
};

}  // namespace

SystemCall read_call(Reader& reader) { return CallReader(reader).read(); }

}  // namespace strata::script
