// SPDX-License-Identifier: Apache-2.0
// ICMPv6 (RFC 4443): what all messages share, errors with their quoted packet, echo.
//
// Icmpv6View is the four bytes of every message; neighbor discovery is in nd.h, listener
// discovery in mld.h. The checksum covers a pseudo-header, so the caller verifies it.
#pragma once

#include <cstdint>
#include <span>

#include "strata/wire/field.h"
#include "strata/wire/icmp_extensions.h"

namespace strata::wire {

enum class Icmpv6Type : std::uint8_t {
  kDestinationUnreachable = 1,
  kPacketTooBig = 2,
  kTimeExceeded = 3,
  kParameterProblem = 4,
  kEchoRequest = 128,
  kEchoReply = 129,
  kMulticastListenerQuery = 130,     // RFC 2710, RFC 3810
  kMulticastListenerReport = 131,    // RFC 2710
  kMulticastListenerDone = 132,      // RFC 2710
  kRouterSolicitation = 133,         // RFC 4861
  kRouterAdvertisement = 134,        // RFC 4861
  kNeighborSolicitation = 135,       // RFC 4861
  kNeighborAdvertisement = 136,      // RFC 4861
  kRedirect = 137,                   // RFC 4861
  kMulticastListenerReportV2 = 143,  // RFC 3810
  kExtendedEchoRequest = 160,        // RFC 8335
  kExtendedEchoReply = 161,          // RFC 8335
};

enum class Icmpv6UnreachableCode : std::uint8_t {
  kNoRoute = 0,
  kProhibited = 1,
  kBeyondScope = 2,
  kAddress = 3,
  kPort = 4,
  kSourcePolicy = 5,
  kRejectRoute = 6,
  kSourceRoutingHeader = 7,  // RFC 6554
  kHeadersTooLong = 8,       // RFC 8883
};

enum class Icmpv6TimeExceededCode : std::uint8_t { kHopLimit = 0, kReassembly = 1 };

enum class Icmpv6ParameterProblemCode : std::uint8_t {
  kErroneousField = 0,
  kUnknownNextHeader = 1,
  kUnknownOption = 2,
  kIncompleteFirstFragment = 3,  // RFC 7112 5
};

// RFC 4443 2.1: errors have the high bit clear, whether we know them or not.
[[nodiscard]] constexpr bool is_error(Icmpv6Type type) {
  return static_cast<std::uint8_t>(type) < 128;
}

[[nodiscard]] constexpr bool is_echo(Icmpv6Type type) {
  return type == Icmpv6Type::kEchoRequest || type == Icmpv6Type::kEchoReply;
}

// RFC 4443 2.1:
//   0       8       16              32
//   +-------+-------+---------------+
//   | type  | code  |   checksum    |
//   +-------+-------+---------------+
struct Icmpv6Layout {
  using Type = Field<std::uint8_t, 0>;
  using Code = Field<std::uint8_t, Type::kEnd>;
  using Checksum = Field<std::uint16_t, Code::kEnd>;
  static constexpr std::size_t kSize = Checksum::kEnd;
  static_assert(kSize == 4);
};

struct Icmpv6Header {
  Icmpv6Type type = Icmpv6Type::kEchoReply;
  std::uint8_t code = 0;
  std::uint16_t checksum = 0;

  friend constexpr bool operator==(const Icmpv6Header&, const Icmpv6Header&) = default;
};

class Icmpv6View {
 public:
  // `message` is the whole upper-layer packet.
  [[nodiscard]] static constexpr Parsed<Icmpv6View> parse(Bytes message) {
    if (message.size() < Icmpv6Layout::kSize) return std::unexpected(ParseError::kTooShort);
    return Icmpv6View(message);
  }

  [[nodiscard]] constexpr Icmpv6Type type() const {
    return static_cast<Icmpv6Type>(Icmpv6Layout::Type::get(bytes_));
  }
  [[nodiscard]] constexpr std::uint8_t code() const { return Icmpv6Layout::Code::get(bytes_); }
  [[nodiscard]] constexpr std::uint16_t checksum() const {
    return Icmpv6Layout::Checksum::get(bytes_);
  }
  [[nodiscard]] constexpr Bytes body() const { return bytes_.subspan(Icmpv6Layout::kSize); }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr Icmpv6Header header() const { return {type(), code(), checksum()}; }

 private:
  explicit constexpr Icmpv6View(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const Icmpv6Header& header, std::span<std::byte, Icmpv6Layout::kSize> out) {
  Icmpv6Layout::Type::set(out, static_cast<std::uint8_t>(header.type));
  Icmpv6Layout::Code::set(out, header.code);
  Icmpv6Layout::Checksum::set(out, header.checksum);
}

struct Icmpv6EchoLayout : Icmpv6Layout {
  using Identifier = Field<std::uint16_t, Checksum::kEnd>;
  using SequenceNumber = Field<std::uint16_t, Identifier::kEnd>;
  static constexpr std::size_t kSize = SequenceNumber::kEnd;
  static_assert(kSize == 8);
};

struct Icmpv6EchoHeader {
  Icmpv6Type type = Icmpv6Type::kEchoRequest;
  std::uint16_t checksum = 0;
  std::uint16_t identifier = 0;
  std::uint16_t sequence_number = 0;

  friend constexpr bool operator==(const Icmpv6EchoHeader&, const Icmpv6EchoHeader&) = default;
};

class Icmpv6EchoView {
 public:
  [[nodiscard]] static constexpr Parsed<Icmpv6EchoView> parse(Bytes message) {
    if (message.size() < Icmpv6EchoLayout::kSize) return std::unexpected(ParseError::kTooShort);
    if (!is_echo(static_cast<Icmpv6Type>(Icmpv6Layout::Type::get(message)))) {
      return std::unexpected(ParseError::kBadVersion);
    }
    return Icmpv6EchoView(message);
  }

  [[nodiscard]] constexpr bool is_request() const {
    return header().type == Icmpv6Type::kEchoRequest;
  }
  [[nodiscard]] constexpr std::uint16_t identifier() const {
    return Icmpv6EchoLayout::Identifier::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint16_t sequence_number() const {
    return Icmpv6EchoLayout::SequenceNumber::get(bytes_);
  }
  // RFC 4443 4.2: comes back in the reply as it is.
  [[nodiscard]] constexpr Bytes payload() const { return bytes_.subspan(Icmpv6EchoLayout::kSize); }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr Icmpv6EchoHeader header() const {
    return {static_cast<Icmpv6Type>(Icmpv6Layout::Type::get(bytes_)),
            Icmpv6Layout::Checksum::get(bytes_), identifier(), sequence_number()};
  }

 private:
  explicit constexpr Icmpv6EchoView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const Icmpv6EchoHeader& header,
                     std::span<std::byte, Icmpv6EchoLayout::kSize> out) {
  write(Icmpv6Header{.type = header.type, .checksum = header.checksum},
        out.first<Icmpv6Layout::kSize>());
  Icmpv6EchoLayout::Identifier::set(out, header.identifier);
  Icmpv6EchoLayout::SequenceNumber::set(out, header.sequence_number);
}

// RFC 4443 3, RFC 4884 4.4 and 4.5: what the second word means depends on the type.
//   kDestinationUnreachable, kTimeExceeded   length (8 bits, in 64-bit words), unused
//   kPacketTooBig                            MTU of the next link
//   kParameterProblem                        offset of the problem in the quoted packet
struct Icmpv6ErrorLayout : Icmpv6Layout {
  using Parameter = Field<std::uint32_t, Checksum::kEnd>;
  using QuoteLength = Field<std::uint8_t, Checksum::kEnd>;
  static constexpr std::size_t kSize = Parameter::kEnd;
  static_assert(kSize == 8);
};

struct Icmpv6ErrorHeader {
  Icmpv6Type type = Icmpv6Type::kDestinationUnreachable;
  std::uint8_t code = 0;
  std::uint16_t checksum = 0;
  std::uint32_t parameter = 0;  // see Icmpv6ErrorLayout: the MTU, the pointer, or 0

  friend constexpr bool operator==(const Icmpv6ErrorHeader&, const Icmpv6ErrorHeader&) = default;
};

class Icmpv6ErrorView {
 public:
  // RFC 4443 2.4 (a): an error of unknown type is still an error, and goes to the upper layer.
  [[nodiscard]] static constexpr Parsed<Icmpv6ErrorView> parse(Bytes message) {
    if (message.size() < Icmpv6ErrorLayout::kSize) return std::unexpected(ParseError::kTooShort);
    if (!is_error(static_cast<Icmpv6Type>(Icmpv6Layout::Type::get(message)))) {
      return std::unexpected(ParseError::kBadVersion);
    }
    return Icmpv6ErrorView(message);
  }

  [[nodiscard]] constexpr Icmpv6Type type() const {
    return static_cast<Icmpv6Type>(Icmpv6Layout::Type::get(bytes_));
  }
  [[nodiscard]] constexpr std::uint8_t code() const { return Icmpv6Layout::Code::get(bytes_); }
  [[nodiscard]] constexpr bool is_unreachable(Icmpv6UnreachableCode code) const {
    return type() == Icmpv6Type::kDestinationUnreachable &&
           this->code() == static_cast<std::uint8_t>(code);
  }
  // Only for kPacketTooBig.
  [[nodiscard]] constexpr std::uint32_t mtu() const {
    return Icmpv6ErrorLayout::Parameter::get(bytes_);
  }
  // Only for kParameterProblem. RFC 4443 3.4: may point behind what is quoted.
  [[nodiscard]] constexpr std::uint32_t pointer() const {
    return Icmpv6ErrorLayout::Parameter::get(bytes_);
  }
  // The offending packet, from its IPv6 header on; may be cut, so parse it as a prefix.
  [[nodiscard]] constexpr Bytes quoted() const { return quote().datagram; }
  // Empty, or for IcmpExtensionsView::parse.
  [[nodiscard]] constexpr Bytes extensions() const { return quote().extensions; }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr Icmpv6ErrorHeader header() const {
    return {type(), code(), Icmpv6Layout::Checksum::get(bytes_),
            Icmpv6ErrorLayout::Parameter::get(bytes_)};
  }

 private:
  explicit constexpr Icmpv6ErrorView(Bytes bytes) : bytes_(bytes) {}
  [[nodiscard]] constexpr IcmpQuote quote() const {
    const Bytes body = bytes_.subspan(Icmpv6ErrorLayout::kSize);
    // RFC 4884 4: only these two messages have room for a length.
    if (type() != Icmpv6Type::kDestinationUnreachable && type() != Icmpv6Type::kTimeExceeded) {
      return {body, {}};
    }
    return split_icmp_quote(body, std::size_t{Icmpv6ErrorLayout::QuoteLength::get(bytes_)} * 8);
  }
  Bytes bytes_;
};

constexpr void write(const Icmpv6ErrorHeader& header,
                     std::span<std::byte, Icmpv6ErrorLayout::kSize> out) {
  write(Icmpv6Header{header.type, header.code, header.checksum}, out.first<Icmpv6Layout::kSize>());
  Icmpv6ErrorLayout::Parameter::set(out, header.parameter);
}

}  // namespace strata::wire
