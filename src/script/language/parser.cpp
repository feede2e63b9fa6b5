// SPDX-License-Identifier: Apache-2.0
#include "script/language/parser.h"

#include <cmath>

#include "script/language/reader.h"

namespace strata::script {
namespace {

// A million seconds: beyond it, times would not be told apart from mistakes.
constexpr double kSecondsMax = 1e6;
constexpr std::size_t kEventsMax = 100'000;

class Parser {
 public:
  Parser(std::string_view text, const Options& options) : reader_(text, options) {}

  std::expected<Script, SyntaxError> parse() {
    Script script;
    read_options();
    script.options = reader_.options();
    if (reader_.at(Token::Kind::kBackQuoted)) script.before = read_command();
    while (!reader_.at_end()) {
      if (reader_.at(Token::Kind::kBackQuoted)) {
        script.after = read_command();
        if (!reader_.at_end()) reader_.fail("expected a time, or the end after the last command");
        break;
      }
      script.events.push_back(read_event());
      if (script.events.size() > kEventsMax) reader_.fail("too many events");
    }
    if (reader_.failed()) return std::unexpected(*reader_.error());
    if (script.events.empty()) {
      return std::unexpected(SyntaxError{reader_.line(), "", "a script without any event"});
    }
    return script;
  }

 private:
  void read_options() {
    while (reader_.at(Token::Kind::kOption)) {
      const Token option = reader_.token();
      std::string_view value = option.text;
      const bool is_quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
      if (is_quoted) value = value.substr(1, value.size() - 2);
      const auto applied = apply_option(reader_.options(), option.raw, value);
      if (!applied) {
        reader_.fail("--" + std::string(option.raw) + ": " + applied.error());
        return;
      }
      reader_.advance();
    }
  }

  ShellCommand read_command() {
    const Token command = reader_.take();
    return {command.line, command.text};
  }

  Event read_event() {
    Event event;
    event.time = read_time();
    event.line = reader_.line();
    std::optional<Duration> until;
    if (reader_.at(Token::Kind::kEllipsis)) {
      reader_.advance();
      until = read_seconds();
    }
    if (until && (event.time.kind == EventTime::Kind::kAny || event.time.is_range())) {
      reader_.fail("a call that blocks needs one time to start at");
    }
    event.action = read_action();
    auto* const call = std::get_if<SystemCall>(&event.action);
    if (call != nullptr) {
      check_blocking(event, *call, until);
    } else if (until) {
      reader_.fail("only calls take time");
    }
    check_vague_time(event);
    return event;
  }

  void check_blocking(const Event& event, SystemCall& call, std::optional<Duration> until) {
    if (until && *until < event.time.start) {
      reader_.fail("the call would end before it starts");
    }
    call.until = until;
  }

  // What we do ourselves needs an exact time.
  void check_vague_time(const Event& event) {
    if (event.time.kind != EventTime::Kind::kAny && !event.time.is_range()) return;
    const auto* packet = std::get_if<PacketSpec>(&event.action);
    if (packet != nullptr && packet->direction == Direction::kOut) return;
    reader_.fail(event.time.is_range() ? "time ranges are for outbound packets"
                                       : "the time * is for outbound packets");
  }

  Duration read_seconds() {
    const Token& token = reader_.token();
    const bool is_number = token.kind == Token::Kind::kFloat || token.kind == Token::Kind::kInteger;
    if (!is_number || !(token.number >= 0) || token.number > kSecondsMax || token.is_too_large) {
      reader_.fail("expected a time in seconds");
      return {};
    }
    const double seconds = reader_.take().number;
    // Microseconds are what scripts count in; less than that is an artefact of binary fractions.
    return std::chrono::microseconds(std::llround(seconds * 1e6));
  }

  EventTime read_time() {
    EventTime time;
    if (reader_.accept('*')) {
      time.kind = EventTime::Kind::kAny;
      return time;
    }
    const bool is_relative = reader_.accept('+');
    time.kind = is_relative ? EventTime::Kind::kRelative : EventTime::Kind::kAbsolute;
    time.start = read_seconds();
    if (!reader_.accept('~')) return time;
    time.kind = is_relative ? EventTime::Kind::kRelativeRange : EventTime::Kind::kAbsoluteRange;
    if (is_relative) reader_.expect('+', "before the end of a relative time range");
    time.end = read_seconds();
    if (time.end < time.start) reader_.fail("the time range ends before it starts");
    return time;
  }

  std::variant<PacketSpec, SystemCall, ShellCommand, CodeBlock> read_action() {
    if (reader_.at('<') || reader_.at('>')) return read_packet(reader_);
    switch (reader_.token().kind) {
      case Token::Kind::kWord: return read_call(reader_);
      case Token::Kind::kBackQuoted: return read_command();
      case Token::Kind::kCode: return CodeBlock{reader_.take().text};
      default: reader_.fail("expected a packet, a system call, a command or code"); return {};
    }
  }

  Reader reader_;
};

}  // namespace

std::int64_t Reader::expect_integer(std::int64_t low, std::int64_t high, std::string_view what) {
  const bool is_number = at(Token::Kind::kInteger) || at(Token::Kind::kHex);
  if (!is_number) {
    fail("expected " + std::string(what));
    return low;
  }
  if (token_.is_too_large || token_.integer < low || token_.integer > high) {
    fail(std::string(what) + " must be from " + std::to_string(low) + " to " +
         std::to_string(high));
    return low;
  }
  return take().integer;
}

std::expected<Script, SyntaxError> parse_script(std::string_view text, const Options& options) {
  if (text.size() > kScriptBytesMax) {
    return std::unexpected(SyntaxError{0, "", "a script of more than a megabyte"});
  }
  return Parser(text, options).parse();
}

}  // namespace strata::script
