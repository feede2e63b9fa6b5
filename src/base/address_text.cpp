// SPDX-License-Identifier: Apache-2.0
// Addresses from and to text: what inet_pton accepts, and what RFC 5952 prints.
#include <algorithm>
#include <charconv>
#include <system_error>

#include "strata/address.h"

namespace strata {
namespace {

// A number without a sign that takes up all of `text`.
template <typename T>
std::optional<T> parse_number(std::string_view text, T max, int base) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value <= max ? std::optional(value) : std::nullopt;
}

// RFC 6943 3.1.1: a leading zero means octal to some and decimal to others, so it is refused.
std::optional<unsigned> parse_decimal(std::string_view text, unsigned max) {
  if (text.size() > 1 && text.starts_with('0')) return std::nullopt;
  return parse_number<unsigned>(text, max, 10);
}

// The first `count` characters, and what follows them; substr would bring in an exception.
std::string_view first(std::string_view text, std::size_t count) {
  return {text.begin(), text.begin() + std::min(count, text.size())};
}
std::string_view after(std::string_view text, std::size_t count) {
  text.remove_prefix(count);
  return text;
}

// Cuts off what stands before the next separator, or all of the text.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view taken = first(text, at);
  text = at == std::string_view::npos ? std::string_view{} : after(text, at + 1);
  return taken;
}

std::optional<std::uint32_t> parse_v4(std::string_view text) {
  if (std::ranges::count(text, '.') != 3) return std::nullopt;
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const auto octet = parse_decimal(take_until(text, '.'), 255);
    if (!octet) return std::nullopt;
    value = (value << 8U) | *octet;
  }
  return value;
}

struct Groups {
  std::array<std::uint16_t, 8> values{};
  std::size_t count = 0;

  [[nodiscard]] bool push(unsigned value) {
    if (count == values.size()) return false;
    values[count++] = static_cast<std::uint16_t>(value);
    return true;
  }
};

// One side of "::": groups between single colons, and at the end of the address maybe an IPv4
// address in place of the last two (RFC 4291 2.2).
bool parse_groups(std::string_view text, bool is_last, Groups& groups) {
  if (text.empty()) return true;
  while (true) {
    const bool is_final = text.find(':') == std::string_view::npos;
    if (is_final && is_last && text.find('.') != std::string_view::npos) {
      const auto v4 = parse_v4(text);
      return v4 && groups.push(*v4 >> 16U) && groups.push(*v4 & 0xffffU);
    }
    const std::string_view group = take_until(text, ':');
    const auto value = parse_number<unsigned>(group, 0xffff, 16);
    if (!value || group.size() > 4 || !groups.push(*value)) return false;
    if (is_final) return true;
  }
}

IpAddress from_groups(const std::array<std::uint16_t, 8>& groups) {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    high = (high << 16U) | groups[i];
    low = (low << 16U) | groups[i + 4];
  }
  return IpAddress::v6(high, low);
}

std::optional<IpAddress> parse_v6(std::string_view text) {
  Groups head;
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    if (!parse_groups(text, true, head) || head.count != 8) return std::nullopt;
    return from_groups(head.values);
  }
  Groups tail;
  if (!parse_groups(first(text, gap), false, head)) return std::nullopt;
  if (!parse_groups(after(text, gap + 2), true, tail)) return std::nullopt;
  // RFC 4291 2.2: "::" stands for one group of zeros or more.
  if (head.count + tail.count > 7) return std::nullopt;
  std::copy_n(tail.values.begin(), tail.count, head.values.end() - tail.count);
  return from_groups(head.values);
}

// Writes at the end of a FixedText whose capacity holds the longest text there is.
template <std::size_t kCapacity>
class TextWriter {
 public:
  void put(char character) { text_.characters[text_.length++] = character; }
  void put(std::string_view characters) {
    for (const char character : characters) put(character);
  }
  void put_number(unsigned value, int base = 10) {
    char* const begin = text_.characters.data();
    const auto result = std::to_chars(begin + text_.length, begin + kCapacity, value, base);
    text_.length = static_cast<std::uint8_t>(result.ptr - begin);
  }
  [[nodiscard]] FixedText<kCapacity> done() const { return text_; }

 private:
  FixedText<kCapacity> text_;
};

// RFC 5952 4.2.2 and 4.2.3: of the runs of two zero groups or more the longest, the first of
// equals.
struct ZeroRun {
  std::size_t begin = 8;
  std::size_t length = 1;
};

ZeroRun longest_zero_run(const std::array<std::uint16_t, 8>& groups) {
  ZeroRun longest;
  for (std::size_t begin = 0; begin < groups.size(); ++begin) {
    std::size_t end = begin;
    while (end < groups.size() && groups[end] == 0) ++end;
    if (end - begin > longest.length) longest = {begin, end - begin};
    begin = end;
  }
  return longest;
}

void put_v6(auto& writer, const IpAddress& address) {
  std::array<std::uint16_t, 8> groups{};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i] = load_big_endian<std::uint16_t>(address.bytes().data() + 2 * i);
  }
  const ZeroRun run = longest_zero_run(groups);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i == run.begin) {
      writer.put("::");
      i += run.length - 1;
      continue;
    }
    if (i != 0 && i != run.begin + run.length) writer.put(':');
    writer.put_number(groups[i], 16);
  }
}

void put_address(auto& writer, const IpAddress& address) {
  if (address.is_v6()) return put_v6(writer, address);
  for (std::size_t i = 12; i < 16; ++i) {
    if (i != 12) writer.put('.');
    writer.put_number(std::to_integer<unsigned>(address.bytes()[i]));
  }
}

}  // namespace

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
  constexpr std::size_t kLength = 17;
  if (text.size() != kLength) return std::nullopt;
  const char separator = text[2];
  if (separator != ':' && separator != '-') return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t at = 0; at < kLength; at += 3) {
    const auto octet = parse_number<unsigned>(first(after(text, at), 2), 0xff, 16);
    if (!octet || (at + 2 < kLength && text[at + 2] != separator)) return std::nullopt;
    value = (value << 8U) | *octet;
  }
  return from_value(value);
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return parse_v6(text);
  const auto value = parse_v4(text);
  return value ? std::optional(v4(*value)) : std::nullopt;
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = IpAddress::parse(first(text, slash));
  if (!address) return std::nullopt;
  const auto length = parse_decimal(after(text, slash + 1), address->is_v4() ? 32 : 128);
  return length ? std::optional(Prefix(*address, *length)) : std::nullopt;
}

FixedText<17> to_text(const MacAddress& address) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  TextWriter<17> writer;
  for (std::size_t i = 0; i < 6; ++i) {
    const auto octet = std::to_integer<unsigned>(address.bytes()[i]);
    if (i != 0) writer.put(':');
    writer.put(kDigits[octet >> 4U]);
    writer.put(kDigits[octet & 0xfU]);
  }
  return writer.done();
}

FixedText<45> to_text(const IpAddress& address) {
  TextWriter<45> writer;
  put_address(writer, address);
  return writer.done();
}

FixedText<49> to_text(const Prefix& prefix) {
  TextWriter<49> writer;
  put_address(writer, prefix.address());
  writer.put('/');
  writer.put_number(prefix.length());
  return writer.done();
}

// RFC 5952 6: an IPv6 address stands in brackets before a port; RFC 4007 11: %zone follows it.
FixedText<60> to_text(const Endpoint& endpoint) {
  TextWriter<60> writer;
  const bool bracketed = endpoint.address.is_v6();
  if (bracketed) writer.put('[');
  put_address(writer, endpoint.address);
  if (endpoint.zone != kNoInterface) {
    writer.put('%');
    writer.put_number(endpoint.zone);
  }
  if (bracketed) writer.put(']');
  writer.put(':');
  writer.put_number(endpoint.port);
  return writer.done();
}

}  // namespace strata
