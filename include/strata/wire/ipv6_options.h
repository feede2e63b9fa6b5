// SPDX-License-Identifier: Apache-2.0
// The options inside IPv6 hop-by-hop and destination options headers (RFC 8200 4.2).
//
// A reader yields every option that is not padding, in order, and stops at the first fault: an
// option that runs out of the header, or one limit of RFC 8504 5.3 exceeded. The fault's offset is
// what an ICMPv6 Parameter Problem points at.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "strata/wire/field.h"

namespace strata::wire {

inline constexpr std::uint8_t kIpv6OptionPad1 = 0x00;
inline constexpr std::uint8_t kIpv6OptionPadN = 0x01;
inline constexpr std::uint8_t kIpv6OptionTunnelLimit = 0x04;  // RFC 2473 4.1.1
inline constexpr std::uint8_t kIpv6OptionRouterAlert = 0x05;  // RFC 2711
inline constexpr std::uint8_t kIpv6OptionCalipso = 0x07;      // RFC 5570
inline constexpr std::uint8_t kIpv6OptionSmf = 0x08;          // RFC 6621
inline constexpr std::uint8_t kIpv6OptionRpl = 0x23;          // RFC 9008
inline constexpr std::uint8_t kIpv6OptionQuickStart = 0x26;   // RFC 4782
inline constexpr std::uint8_t kIpv6OptionMinimumMtu = 0x30;   // RFC 9268
inline constexpr std::uint8_t kIpv6OptionJumbo = 0xc2;        // RFC 2675
inline constexpr std::uint8_t kIpv6OptionHomeAddress = 0xc9;  // RFC 6275 6.3

// RFC 8200 4.2: the two high bits say what a node does that does not know the option.
enum class Ipv6UnknownOption : std::uint8_t {
  kSkip = 0,
  kDiscard = 1,
  kDiscardAndReport = 2,
  kDiscardAndReportUnlessMulticast = 3,  // the packet's destination, not its source
};

struct Ipv6Option {
  std::uint8_t type = kIpv6OptionPad1;
  std::size_t offset = 0;  // of the type byte within the options area
  Bytes data = {};

  [[nodiscard]] constexpr Ipv6UnknownOption if_unknown() const {
    return static_cast<Ipv6UnknownOption>(type >> 6U);
  }
  // RFC 8200 4.2: may change on the way, so that authentication reads it as zeros.
  [[nodiscard]] constexpr bool may_change() const { return (type & 0x20U) != 0; }
};

// RFC 8504 5.3 and RFC 7045 2.1 let a node bound the work a header may ask for.
struct Ipv6OptionLimits {
  std::size_t options = 8;          // that are not padding
  std::size_t padding = 7;          // bytes in a row; more is never needed for alignment
  bool nonzero_padding_ok = false;  // bytes inside PadN could be a covert channel
};

class Ipv6OptionReader {
 public:
  struct Fault {
    ParseError error;    // kBadLength: runs out of the area. kBadValue: a limit was passed.
    std::size_t offset;  // within the options area
  };

  explicit constexpr Ipv6OptionReader(Bytes options, Ipv6OptionLimits limits = {})
      : options_(options), limits_(limits) {}

  [[nodiscard]] constexpr std::optional<Ipv6Option> next() {
    std::size_t padding = 0;
    while (!fault_ && at_ < options_.size()) {
      const std::size_t begin = at_;
      const std::optional<Ipv6Option> option = step();
      if (!option) return std::nullopt;
      if (option->type != kIpv6OptionPad1 && option->type != kIpv6OptionPadN) {
        if (++count_ > limits_.options) return fail(ParseError::kBadValue, begin);
        return option;
      }
      padding += at_ - begin;
      if (padding > limits_.padding || !is_allowed_padding(option->data)) {
        return fail(ParseError::kBadValue, begin);
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] constexpr const std::optional<Fault>& fault() const { return fault_; }

 private:
  // The option at at_, padding included, and past it.
  [[nodiscard]] constexpr std::optional<Ipv6Option> step() {
    const std::size_t begin = at_;
    const auto type = std::to_integer<std::uint8_t>(options_[begin]);
    if (type == kIpv6OptionPad1) {
      at_ = begin + 1;
      return Ipv6Option{type, begin, {}};
    }
    const std::size_t left = options_.size() - begin;
    if (left < 2) return fail(ParseError::kBadLength, begin);
    const auto length = std::to_integer<std::size_t>(options_[begin + 1]);
    if (length > left - 2) return fail(ParseError::kBadLength, begin);
    at_ = begin + 2 + length;
    return Ipv6Option{type, begin, options_.subspan(begin + 2, length)};
  }
  [[nodiscard]] constexpr bool is_allowed_padding(Bytes data) const {
    if (limits_.nonzero_padding_ok) return true;
    for (const std::byte byte : data) {
      if (byte != std::byte{0}) return false;
    }
    return true;
  }
  constexpr std::nullopt_t fail(ParseError error, std::size_t offset) {
    fault_ = Fault{error, offset};
    return std::nullopt;
  }

  Bytes options_;
  Ipv6OptionLimits limits_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
  std::optional<Fault> fault_;
};

// RFC 2711 2.1: 0 for MLD, 1 for RSVP, 2 for active networks.
inline constexpr std::uint16_t kIpv6RouterAlertMld = 0;

[[nodiscard]] constexpr Parsed<std::uint16_t> parse_ipv6_router_alert(const Ipv6Option& option) {
  if (option.type != kIpv6OptionRouterAlert) return std::unexpected(ParseError::kBadValue);
  if (option.data.size() != 2) return std::unexpected(ParseError::kBadLength);
  return load_big_endian<std::uint16_t>(option.data.data());
}

// RFC 2675 2: the payload length of a jumbogram. Read so that it can be refused by name: no link
// of ours carries one, and a length up to 65535 is an error in itself (RFC 2675 3).
[[nodiscard]] constexpr Parsed<std::uint32_t> parse_ipv6_jumbo(const Ipv6Option& option) {
  if (option.type != kIpv6OptionJumbo) return std::unexpected(ParseError::kBadValue);
  if (option.data.size() != 4) return std::unexpected(ParseError::kBadLength);
  const auto length = load_big_endian<std::uint32_t>(option.data.data());
  if (length <= 0xffff) return std::unexpected(ParseError::kBadValue);
  return length;
}

// RFC 6275 6.3: the address a mobile node is known by.
[[nodiscard]] constexpr Parsed<IpAddress> parse_ipv6_home_address(const Ipv6Option& option) {
  if (option.type != kIpv6OptionHomeAddress) return std::unexpected(ParseError::kBadValue);
  if (option.data.size() != 16) return std::unexpected(ParseError::kBadLength);
  return IpAddress::from_bytes(option.data.first<16>());
}

// Writes one whole hop-by-hop or destination options header into `out`. What does not fit is
// refused and leaves the header as it was.
class Ipv6OptionWriter {
 public:
  // `out` has at least eight bytes, the smallest such header.
  constexpr Ipv6OptionWriter(std::span<std::byte> out, std::uint8_t next_header)
      : out_(out.first(usable(out.size()))) {
    out_[0] = std::byte{next_header};
    out_[1] = std::byte{0};
  }

  // RFC 8200 4.2, "xn+y": the type byte stands at a multiple of `alignment` plus `offset` from the
  // start of the header. `offset` < `alignment`.
  constexpr bool add(std::uint8_t type, Bytes data, std::size_t alignment = 1,
                     std::size_t offset = 0) {
    const std::size_t padding = (offset + alignment - (length_ % alignment)) % alignment;
    if (data.size() > 255 || length_ + padding + 2 + data.size() > out_.size()) return false;
    pad(padding);
    out_[length_] = std::byte{type};
    out_[length_ + 1] = static_cast<std::byte>(data.size());
    copy_bytes(data, out_.subspan(length_ + 2));
    length_ += 2 + data.size();
    return true;
  }
  // RFC 2711 2.1: aligned to 2n+0.
  constexpr bool add_router_alert(std::uint16_t value = kIpv6RouterAlertMld) {
    std::array<std::byte, 2> data{};
    store_big_endian(data.data(), value);
    return add(kIpv6OptionRouterAlert, data, 2, 0);
  }

  // Pads to a multiple of eight and sets the length. Returns the size of the header.
  [[nodiscard]] constexpr std::size_t finish() {
    pad((8 - (length_ % 8)) % 8);
    out_[1] = static_cast<std::byte>((length_ / 8) - 1);
    return length_;
  }

 private:
  // Whole units of eight bytes, and no more of them than the length field can say.
  [[nodiscard]] static constexpr std::size_t usable(std::size_t size) {
    return size >= 2048 ? 2048 : size / 8 * 8;
  }
  constexpr void pad(std::size_t count) {
    if (count == 0) return;
    for (std::size_t i = 0; i < count; ++i) out_[length_ + i] = std::byte{0};
    if (count >= 2) {
      out_[length_] = std::byte{kIpv6OptionPadN};
      out_[length_ + 1] = static_cast<std::byte>(count - 2);
    }
    length_ += count;
  }

  MutableBytes out_;
  std::size_t length_ = 2;
};

// The hop-by-hop header every MLD message travels with (RFC 3810 5).
[[nodiscard]] constexpr std::array<std::byte, 8> ipv6_router_alert_header(
    std::uint8_t next_header, std::uint16_t value = kIpv6RouterAlertMld) {
  std::array<std::byte, 8> header{};
  Ipv6OptionWriter writer(header, next_header);
  writer.add_router_alert(value);
  static_cast<void>(writer.finish());
  return header;
}

}  // namespace strata::wire
