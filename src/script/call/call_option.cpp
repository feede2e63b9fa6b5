// SPDX-License-Identifier: Apache-2.0
// Socket options.
#include <fmt/format.h>
#include <sys/time.h>

#include <cstring>

#include "script/call/call.h"

namespace strata::script {
namespace {

using Kind = Expression::Kind;

template <typename T>
std::vector<std::byte> bytes_of(const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  return {bytes.begin(), bytes.end()};
}

// Structures that options take.
std::vector<std::byte> structure_of(Arguments& arguments, const Expression& value) {
  const Expression* onoff = field_of(value, "onoff");
  const Expression* seconds = field_of(value, "linger");
  if (onoff != nullptr && seconds != nullptr) {
    return bytes_of(linger{static_cast<int>(arguments.integer(*onoff)),
                           static_cast<int>(arguments.integer(*seconds))});
  }
  const Expression* whole = field_of(value, "tv_sec");
  const Expression* part = field_of(value, "tv_usec");
  if (whole != nullptr && part != nullptr) {
    return bytes_of(timeval{arguments.integer(*whole), arguments.integer(*part)});
  }
  arguments.fail("unsupported getsockopt or setsockopt value");
  return {};
}

// The bytes of a value as the script gives it; numbers are as long as the option is.
std::vector<std::byte> value_of(Arguments& arguments, const Expression& value, std::size_t size) {
  switch (value.kind) {
    case Kind::kString:
    case Kind::kStringPrefix: {
      const auto bytes = std::as_bytes(std::span(value.text));
      return {bytes.begin(), bytes.end()};
    }
    case Kind::kArray: {
      std::vector<std::byte> bytes;
      for (const Expression& item : value.items) {
        const std::int64_t number = arguments.integer(item);
        const auto plain = size == 8   ? bytes_of(number)
                           : size == 1 ? bytes_of(static_cast<std::int8_t>(number))
                                       : bytes_of(static_cast<std::int32_t>(number));
        bytes.insert(bytes.end(), plain.begin(), plain.end());
      }
      return bytes;
    }
    case Kind::kStruct: return structure_of(arguments, value);
    case Kind::kInteger:
    case Kind::kWord:
    case Kind::kOr: return bytes_of(static_cast<std::int32_t>(arguments.integer(value)));
    default: arguments.fail("unsupported setsockopt value"); return {};
  }
}

void start_setsockopt(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(5, 5);
  const int fd = arguments.descriptor(0);
  const int level = arguments.whole(1);
  const int name = arguments.whole(2);
  const std::size_t size = arguments.size(4);
  const Expression& value = arguments.at(3);
  std::span<std::byte> room = arguments.memory(std::max<std::size_t>(size, 8));
  if (value.kind != Kind::kEllipsis) {
    const std::vector<std::byte> bytes = value_of(arguments, value, size);
    std::copy_n(bytes.begin(), std::min(bytes.size(), room.size()), room.begin());
  }
  if (!arguments.error().empty()) return;
  started.operation = context.calls.setsockopt(fd, level, name, room.data(),
                                               static_cast<socklen_t>(size), context.now);
}

std::string show(Bytes bytes) {
  if (bytes.size() == 4 || bytes.size() == 8 || bytes.size() == 1) {
    std::int64_t number = 0;
    std::memcpy(&number, bytes.data(), bytes.size());
    if (bytes.size() == 4) number = static_cast<std::int32_t>(number);
    return std::to_string(number);
  }
  std::string text;
  for (const std::byte byte : bytes) {
    const char c = static_cast<char>(byte);
    text += c >= ' ' && c <= '~' ? std::string(1, c)
                                 : fmt::format("\\x{:02x}", std::to_integer<int>(byte));
  }
  return "'" + text + "'";
}

// Texts are told with zeros behind them.
bool is_same(const Expression& expected, Bytes wanted, Bytes actual) {
  const std::size_t common = std::min(wanted.size(), actual.size());
  const bool begins_so = std::equal(
      wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(common), actual.begin());
  if (expected.kind == Kind::kStringPrefix || expected.kind == Kind::kString) {
    const bool is_whole = expected.kind == Kind::kStringPrefix || actual.size() <= common ||
                          actual[common] == std::byte{0};
    return begins_so && common == wanted.size() && is_whole;
  }
  return begins_so && wanted.size() == actual.size();
}

// getsockopt(4, SOL_SOCKET, SO_ERROR, [ECONNRESET], [4]) = 0
void start_getsockopt(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(5, 5);
  const int fd = arguments.descriptor(0);
  const int level = arguments.whole(1);
  const int name = arguments.whole(2);
  const bool any_size = arguments.is_ellipsis(4);
  const std::int64_t size = any_size ? 256 : arguments.only_element(4);
  if (size < 0 || size > 65536)
    arguments.fail(fmt::format("Unsupported getsockopt optlen: {}", size));
  const std::span<std::byte> value = arguments.memory(
      std::max<std::size_t>(static_cast<std::size_t>(arguments.error().empty() ? size : 0), 256));
  auto* const got = reinterpret_cast<socklen_t*>(arguments.memory(sizeof(socklen_t)).data());
  *got = static_cast<socklen_t>(size);
  const Expression& expected = arguments.at(3);
  const bool any_value = expected.kind == Kind::kEllipsis;
  const std::vector<std::byte> wanted =
      any_value ? std::vector<std::byte>{}
                : value_of(arguments, expected, static_cast<std::size_t>(size));
  if (!arguments.error().empty()) return;
  started.operation = context.calls.getsockopt(fd, level, name, value.data(), got, context.now);
  started.check = [=, &expected](posix::Answer answer) -> Checked {
    if (answer < 0) return {};
    const bool is_text = expected.kind == Kind::kString || expected.kind == Kind::kStringPrefix;
    if (!any_size && !is_text && static_cast<std::int64_t>(*got) != size) {
      return std::unexpected(
          fmt::format("Bad getsockopt optlen: expected: {} actual: {}", size, *got));
    }
    const Bytes actual = Bytes(value).first(*got);
    if (any_value || is_same(expected, wanted, actual)) return {};
    return std::unexpected(
        fmt::format("Bad getsockopt optval: expected: {} actual: {}", show(wanted), show(actual)));
  };
}

constexpr CallRow kCalls[] = {
    {"setsockopt", start_setsockopt},
    {"getsockopt", start_getsockopt},
};

}  // namespace

std::span<const CallRow> option_calls() { return kCalls; }

}  // namespace strata::script
