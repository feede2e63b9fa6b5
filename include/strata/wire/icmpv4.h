// SPDX-License-Identifier: Apache-2.0
// ICMP for IPv4: RFC 792, with RFC 950 (masks), 1191 (next-hop MTU) and 4884 (extensions).
//
// Icmpv4View is what every message shares. A switch on type() then asks the view of that kind:
//
//   echo, echo reply                    Icmpv4EchoView         bytes 4-7: identifier, sequence
//   unreachable, time exceeded,
//   parameter problem, source quench    Icmpv4ErrorView        pointer | length | MTU, then quote
//   redirect                            Icmpv4RedirectView     gateway, then quote
//   timestamp, timestamp reply          Icmpv4TimestampView    echo fields, three times
//   address mask request, reply         Icmpv4AddressMaskView  echo fields, mask
//
// Nobody here looks at the checksum: it covers the whole message and the device may vouch for it.
#pragma once

#include <cstdint>
#include <span>

#include "strata/wire/field.h"
#include "strata/wire/icmp_extensions.h"

namespace strata::wire {

enum class Icmpv4Type : std::uint8_t {
  kEchoReply = 0,
  kDestinationUnreachable = 3,
  kSourceQuench = 4,  // deprecated by RFC 6633: neither sent nor obeyed
  kRedirect = 5,
  kEchoRequest = 8,
  kRouterAdvertisement = 9,  // RFC 1256
  kRouterSolicitation = 10,  // RFC 1256
  kTimeExceeded = 11,
  kParameterProblem = 12,
  kTimestampRequest = 13,
  kTimestampReply = 14,
  kInformationRequest = 15,   // deprecated by RFC 6918
  kInformationReply = 16,     // deprecated by RFC 6918
  kAddressMaskRequest = 17,   // deprecated by RFC 6918
  kAddressMaskReply = 18,     // deprecated by RFC 6918
  kExtendedEchoRequest = 42,  // RFC 8335
  kExtendedEchoReply = 43,    // RFC 8335
};

// RFC 792 (0-5), RFC 1122 3.2.2.1 (6-12), RFC 1812 5.2.7.1 (13-15).
enum class Icmpv4UnreachableCode : std::uint8_t {
  kNetwork = 0,
  kHost = 1,
  kProtocol = 2,
  kPort = 3,
  kFragmentationNeeded = 4,
  kSourceRouteFailed = 5,
  kNetworkUnknown = 6,
  kHostUnknown = 7,
  kSourceHostIsolated = 8,
  kNetworkProhibited = 9,
  kHostProhibited = 10,
  kNetworkForTypeOfService = 11,
  kHostForTypeOfService = 12,
  kCommunicationProhibited = 13,
  kHostPrecedenceViolation = 14,
  kPrecedenceCutoff = 15,
};

enum class Icmpv4RedirectCode : std::uint8_t {
  kNetwork = 0,
  kHost = 1,
  kNetworkForTypeOfService = 2,
  kHostForTypeOfService = 3,
};

enum class Icmpv4TimeExceededCode : std::uint8_t { kTtl = 0, kReassembly = 1 };

enum class Icmpv4ParameterProblemCode : std::uint8_t {
  kPointer = 0,
  kMissingOption = 1,  // RFC 1108
  kBadLength = 2,
};

// RFC 1122 3.2.2: about these no ICMP error is ever sent.
[[nodiscard]] constexpr bool is_error(Icmpv4Type type) {
  switch (type) {
    case Icmpv4Type::kDestinationUnreachable:
    case Icmpv4Type::kSourceQuench:
    case Icmpv4Type::kRedirect:
    case Icmpv4Type::kTimeExceeded:
    case Icmpv4Type::kParameterProblem: return true;
    default: return false;
  }
}

[[nodiscard]] constexpr bool is_echo(Icmpv4Type type) {
  return type == Icmpv4Type::kEchoRequest || type == Icmpv4Type::kEchoReply;
}

// RFC 792: every message begins so, and none is shorter.
//   0       8       16              32
//   +-------+-------+---------------+
//   | type  | code  |   checksum    |
//   +-------+-------+---------------+
//   |        depends on type        |
//   +-------------------------------+
struct Icmpv4Layout {
  using Type = Field<std::uint8_t, 0>;
  using Code = Field<std::uint8_t, Type::kEnd>;
  using Checksum = Field<std::uint16_t, Code::kEnd>;
  using Rest = Field<std::uint32_t, Checksum::kEnd>;
  static constexpr std::size_t kSize = Rest::kEnd;
  static_assert(kSize == 8);
};

struct Icmpv4Header {
  Icmpv4Type type = Icmpv4Type::kEchoReply;
  std::uint8_t code = 0;
  std::uint16_t checksum = 0;
  std::uint32_t rest = 0;

  friend constexpr bool operator==(const Icmpv4Header&, const Icmpv4Header&) = default;
};

class Icmpv4View {
 public:
  // `message` is the whole IP payload.
  [[nodiscard]] static constexpr Parsed<Icmpv4View> parse(Bytes message) {
    if (message.size() < Icmpv4Layout::kSize) return std::unexpected(ParseError::kTooShort);
    return Icmpv4View(message);
  }

  [[nodiscard]] constexpr Icmpv4Type type() const {
    return static_cast<Icmpv4Type>(Icmpv4Layout::Type::get(bytes_));
  }
  [[nodiscard]] constexpr std::uint8_t code() const { return Icmpv4Layout::Code::get(bytes_); }
  [[nodiscard]] constexpr std::uint16_t checksum() const {
    return Icmpv4Layout::Checksum::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint32_t rest() const { return Icmpv4Layout::Rest::get(bytes_); }
  [[nodiscard]] constexpr Bytes body() const { return bytes_.subspan(Icmpv4Layout::kSize); }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr Icmpv4Header header() const {
    return {type(), code(), checksum(), rest()};
  }

 private:
  explicit constexpr Icmpv4View(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const Icmpv4Header& header, std::span<std::byte, Icmpv4Layout::kSize> out) {
  Icmpv4Layout::Type::set(out, static_cast<std::uint8_t>(header.type));
  Icmpv4Layout::Code::set(out, header.code);
  Icmpv4Layout::Checksum::set(out, header.checksum);
  Icmpv4Layout::Rest::set(out, header.rest);
}

struct Icmpv4EchoLayout : Icmpv4Layout {
  using Identifier = Field<std::uint16_t, Checksum::kEnd>;
  using SequenceNumber = Field<std::uint16_t, Identifier::kEnd>;
  static_assert(SequenceNumber::kEnd == kSize);
};

struct Icmpv4EchoHeader {
  Icmpv4Type type = Icmpv4Type::kEchoRequest;
  std::uint16_t checksum = 0;
  std::uint16_t identifier = 0;
  std::uint16_t sequence_number = 0;

  friend constexpr bool operator==(const Icmpv4EchoHeader&, const Icmpv4EchoHeader&) = default;
};

class Icmpv4EchoView {
 public:
  [[nodiscard]] static constexpr Parsed<Icmpv4EchoView> parse(Bytes message) {
    const auto view = Icmpv4View::parse(message);
    if (!view) return std::unexpected(view.error());
    if (!is_echo(view->type())) return std::unexpected(ParseError::kBadVersion);
    return Icmpv4EchoView(message);
  }

  [[nodiscard]] constexpr bool is_request() const {
    return header().type == Icmpv4Type::kEchoRequest;
  }
  [[nodiscard]] constexpr std::uint16_t identifier() const {
    return Icmpv4EchoLayout::Identifier::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint16_t sequence_number() const {
    return Icmpv4EchoLayout::SequenceNumber::get(bytes_);
  }
  // RFC 792: comes back in the reply as it is.
  [[nodiscard]] constexpr Bytes payload() const { return bytes_.subspan(Icmpv4Layout::kSize); }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr Icmpv4EchoHeader header() const {
    return {static_cast<Icmpv4Type>(Icmpv4Layout::Type::get(bytes_)),
            Icmpv4Layout::Checksum::get(bytes_), identifier(), sequence_number()};
  }

 private:
  explicit constexpr Icmpv4EchoView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const Icmpv4EchoHeader& header,
                     std::span<std::byte, Icmpv4EchoLayout::kSize> out) {
  write(Icmpv4Header{.type = header.type, .checksum = header.checksum}, out);
  Icmpv4EchoLayout::Identifier::set(out, header.identifier);
  Icmpv4EchoLayout::SequenceNumber::set(out, header.sequence_number);
}

// RFC 792, RFC 1191 4, RFC 4884 4:
//   0       8       16              32
//   +-------+-------+---------------+
//   | type  | code  |   checksum    |
//   +-------+-------+---------------+   pointer: parameter problem only
//   |pointer|length | next-hop MTU  |   length: 32-bit words of quote, if extensions follow
//   +-------+-------+---------------+   MTU: fragmentation needed only; 0 from old routers
//   |      offending datagram ...   |
struct Icmpv4ErrorLayout : Icmpv4Layout {
  using Pointer = Field<std::uint8_t, Checksum::kEnd>;
  using QuoteLength = Field<std::uint8_t, Pointer::kEnd>;
  using NextHopMtu = Field<std::uint16_t, QuoteLength::kEnd>;
  static_assert(NextHopMtu::kEnd == kSize);
};

struct Icmpv4ErrorHeader {
  Icmpv4Type type = Icmpv4Type::kDestinationUnreachable;
  std::uint8_t code = 0;
  std::uint16_t checksum = 0;
  std::uint8_t pointer = 0;
  std::uint8_t quote_length_words = 0;  // 0: no extensions
  std::uint16_t next_hop_mtu = 0;

  friend constexpr bool operator==(const Icmpv4ErrorHeader&, const Icmpv4ErrorHeader&) = default;
};

// Every error but the redirect, which tells the host about a route and not about a failure.
class Icmpv4ErrorView {
 public:
  [[nodiscard]] static constexpr Parsed<Icmpv4ErrorView> parse(Bytes message) {
    const auto view = Icmpv4View::parse(message);
    if (!view) return std::unexpected(view.error());
    if (!is_error(view->type()) || view->type() == Icmpv4Type::kRedirect) {
      return std::unexpected(ParseError::kBadVersion);
    }
    return Icmpv4ErrorView(message);
  }

  [[nodiscard]] constexpr Icmpv4Type type() const {
    return static_cast<Icmpv4Type>(Icmpv4Layout::Type::get(bytes_));
  }
  [[nodiscard]] constexpr std::uint8_t code() const { return Icmpv4Layout::Code::get(bytes_); }
  [[nodiscard]] constexpr bool is_unreachable(Icmpv4UnreachableCode code) const {
    return type() == Icmpv4Type::kDestinationUnreachable &&
           this->code() == static_cast<std::uint8_t>(code);
  }
  // Where in the quoted datagram the problem is; only for kParameterProblem, code kPointer.
  [[nodiscard]] constexpr std::uint8_t pointer() const {
    return Icmpv4ErrorLayout::Pointer::get(bytes_);
  }
  // Only for kFragmentationNeeded. RFC 1191 5: 0 means that the router does not tell, and the
  // host tries the next lower plateau.
  [[nodiscard]] constexpr std::uint16_t next_hop_mtu() const {
    return Icmpv4ErrorLayout::NextHopMtu::get(bytes_);
  }
  // The offending datagram, from its IP header on; often cut, so parse it as a prefix.
  [[nodiscard]] constexpr Bytes quoted() const { return quote().datagram; }
  // Empty, or for IcmpExtensionsView::parse.
  [[nodiscard]] constexpr Bytes extensions() const { return quote().extensions; }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr Icmpv4ErrorHeader header() const {
    return {type(),
            code(),
            Icmpv4Layout::Checksum::get(bytes_),
            pointer(),
            Icmpv4ErrorLayout::QuoteLength::get(bytes_),
            next_hop_mtu()};
  }

 private:
  explicit constexpr Icmpv4ErrorView(Bytes bytes) : bytes_(bytes) {}
  [[nodiscard]] constexpr IcmpQuote quote() const {
    const Bytes body = bytes_.subspan(Icmpv4Layout::kSize);
    // RFC 4884 4: source quench kept its field unused.
    if (type() == Icmpv4Type::kSourceQuench) return {body, {}};
    return split_icmp_quote(body, std::size_t{Icmpv4ErrorLayout::QuoteLength::get(bytes_)} * 4);
  }
  Bytes bytes_;
};

constexpr void write(const Icmpv4ErrorHeader& header,
                     std::span<std::byte, Icmpv4ErrorLayout::kSize> out) {
  write(Icmpv4Header{.type = header.type, .code = header.code, .checksum = header.checksum}, out);
  Icmpv4ErrorLayout::Pointer::set(out, header.pointer);
  Icmpv4ErrorLayout::QuoteLength::set(out, header.quote_length_words);
  Icmpv4ErrorLayout::NextHopMtu::set(out, header.next_hop_mtu);
}

struct Icmpv4RedirectLayout : Icmpv4Layout {
  using Gateway = Ipv4Field<Checksum::kEnd>;
  static_assert(Gateway::kEnd == kSize);
};

struct Icmpv4RedirectHeader {
  Icmpv4RedirectCode code = Icmpv4RedirectCode::kHost;
  std::uint16_t checksum = 0;
  IpAddress gateway = IpAddress::any_v4();

  friend constexpr bool operator==(const Icmpv4RedirectHeader&,
                                   const Icmpv4RedirectHeader&) = default;
};

class Icmpv4RedirectView {
 public:
  [[nodiscard]] static constexpr Parsed<Icmpv4RedirectView> parse(Bytes message) {
    const auto view = Icmpv4View::parse(message);
    if (!view) return std::unexpected(view.error());
    if (view->type() != Icmpv4Type::kRedirect) return std::unexpected(ParseError::kBadVersion);
    return Icmpv4RedirectView(message);
  }

  [[nodiscard]] constexpr Icmpv4RedirectCode code() const {
    return static_cast<Icmpv4RedirectCode>(Icmpv4Layout::Code::get(bytes_));
  }
  [[nodiscard]] constexpr IpAddress gateway() const {
    return Icmpv4RedirectLayout::Gateway::get(bytes_);
  }
  [[nodiscard]] constexpr Bytes quoted() const { return bytes_.subspan(Icmpv4Layout::kSize); }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr Icmpv4RedirectHeader header() const {
    return {code(), Icmpv4Layout::Checksum::get(bytes_), gateway()};
  }

 private:
  explicit constexpr Icmpv4RedirectView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const Icmpv4RedirectHeader& header,
                     std::span<std::byte, Icmpv4RedirectLayout::kSize> out) {
  write(Icmpv4Header{.type = Icmpv4Type::kRedirect,
                     .code = static_cast<std::uint8_t>(header.code),
                     .checksum = header.checksum},
        out);
  Icmpv4RedirectLayout::Gateway::set(out, header.gateway);
}

// RFC 792: times are milliseconds since midnight UT; the high bit marks any other clock.
struct Icmpv4TimestampLayout : Icmpv4EchoLayout {
  using Originate = Field<std::uint32_t, SequenceNumber::kEnd>;
  using Receive = Field<std::uint32_t, Originate::kEnd>;
  using Transmit = Field<std::uint32_t, Receive::kEnd>;
  static constexpr std::size_t kSize = Transmit::kEnd;
  static_assert(kSize == 20);
};

struct Icmpv4TimestampHeader {
  Icmpv4Type type = Icmpv4Type::kTimestampRequest;
  std::uint16_t checksum = 0;
  std::uint16_t identifier = 0;
  std::uint16_t sequence_number = 0;
  std::uint32_t originate_ms = 0;
  std::uint32_t receive_ms = 0;
  std::uint32_t transmit_ms = 0;

  friend constexpr bool operator==(const Icmpv4TimestampHeader&,
                                   const Icmpv4TimestampHeader&) = default;
};

class Icmpv4TimestampView {
 public:
  [[nodiscard]] static constexpr Parsed<Icmpv4TimestampView> parse(Bytes message) {
    if (message.size() < Icmpv4TimestampLayout::kSize) {
      return std::unexpected(ParseError::kTooShort);
    }
    const auto type = static_cast<Icmpv4Type>(Icmpv4Layout::Type::get(message));
    if (type != Icmpv4Type::kTimestampRequest && type != Icmpv4Type::kTimestampReply) {
      return std::unexpected(ParseError::kBadVersion);
    }
    return Icmpv4TimestampView(message);
  }

  [[nodiscard]] constexpr bool is_request() const {
    return header().type == Icmpv4Type::kTimestampRequest;
  }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr Icmpv4TimestampHeader header() const {
    using Layout = Icmpv4TimestampLayout;
    return {static_cast<Icmpv4Type>(Layout::Type::get(bytes_)),
            Layout::Checksum::get(bytes_),
            Layout::Identifier::get(bytes_),
            Layout::SequenceNumber::get(bytes_),
            Layout::Originate::get(bytes_),
            Layout::Receive::get(bytes_),
            Layout::Transmit::get(bytes_)};
  }

 private:
  explicit constexpr Icmpv4TimestampView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const Icmpv4TimestampHeader& header,
                     std::span<std::byte, Icmpv4TimestampLayout::kSize> out) {
  using Layout = Icmpv4TimestampLayout;
  write(Icmpv4EchoHeader{header.type, header.checksum, header.identifier, header.sequence_number},
        out.first<Icmpv4EchoLayout::kSize>());
  Layout::Originate::set(out, header.originate_ms);
  Layout::Receive::set(out, header.receive_ms);
  Layout::Transmit::set(out, header.transmit_ms);
}

// RFC 950 appendix I.
struct Icmpv4AddressMaskLayout : Icmpv4EchoLayout {
  using Mask = Field<std::uint32_t, SequenceNumber::kEnd>;
  static constexpr std::size_t kSize = Mask::kEnd;
  static_assert(kSize == 12);
};

struct Icmpv4AddressMaskHeader {
  Icmpv4Type type = Icmpv4Type::kAddressMaskRequest;
  std::uint16_t checksum = 0;
  std::uint16_t identifier = 0;
  std::uint16_t sequence_number = 0;
  std::uint32_t mask = 0;

  friend constexpr bool operator==(const Icmpv4AddressMaskHeader&,
                                   const Icmpv4AddressMaskHeader&) = default;
};

class Icmpv4AddressMaskView {
 public:
  [[nodiscard]] static constexpr Parsed<Icmpv4AddressMaskView> parse(Bytes message) {
    if (message.size() < Icmpv4AddressMaskLayout::kSize) {
      return std::unexpected(ParseError::kTooShort);
    }
    const auto type = static_cast<Icmpv4Type>(Icmpv4Layout::Type::get(message));
    if (type != Icmpv4Type::kAddressMaskRequest && type != Icmpv4Type::kAddressMaskReply) {
      return std::unexpected(ParseError::kBadVersion);
    }
    return Icmpv4AddressMaskView(message);
  }

  [[nodiscard]] constexpr bool is_request() const {
    return header().type == Icmpv4Type::kAddressMaskRequest;
  }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr Icmpv4AddressMaskHeader header() const {
    using Layout = Icmpv4AddressMaskLayout;
    return {static_cast<Icmpv4Type>(Layout::Type::get(bytes_)), Layout::Checksum::get(bytes_),
            Layout::Identifier::get(bytes_), Layout::SequenceNumber::get(bytes_),
            Layout::Mask::get(bytes_)};
  }

 private:
  explicit constexpr Icmpv4AddressMaskView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const Icmpv4AddressMaskHeader& header,
                     std::span<std::byte, Icmpv4AddressMaskLayout::kSize> out) {
  write(Icmpv4EchoHeader{header.type, header.checksum, header.identifier, header.sequence_number},
        out.first<Icmpv4EchoLayout::kSize>());
  Icmpv4AddressMaskLayout::Mask::set(out, header.mask);
}

}  // namespace strata::wire
