// SPDX-License-Identifier: Apache-2.0
// IPv6 extension headers (RFC 8200 4, RFC 7045): each one's view, and a bounded walk along them.
//
//   Ipv6Header.next_header -> [hop-by-hop] -> [destination options] -> [routing] -> [fragment]
//                          -> [AH] -> [ESP ...] -> [destination options] -> upper layer
//
// Each header names the next one in its first byte. The order above is only recommended, but
// hop-by-hop stands first or nowhere (RFC 8200 4.3), and what follows ESP is encrypted. In a
// fragment other than the first, the bytes after the fragment header are no header (4.5).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "strata/wire/field.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipsec.h"
#include "strata/wire/ipv6_options.h"
#include "strata/wire/ipv6_routing.h"

namespace strata::wire {

// The shape of every extension header but AH, fragment and ESP:
//   +-------+-------+----------------
//   | next  |length | header-specific
//   +-------+-------+----------------
struct Ipv6ExtensionLayout {
  using NextHeader = Field<std::uint8_t, 0>;
  using Length = Field<std::uint8_t, NextHeader::kEnd>;  // units of eight bytes after the first
  static constexpr std::size_t kSize = Length::kEnd;     // of what they share
  static constexpr std::size_t kSizeMin = 8;
  static_assert(kSize == 2);
};

struct Ipv6ExtensionHeader {
  std::uint8_t next_header = kIpProtocolNoNextHeader;
  std::uint16_t header_length = Ipv6ExtensionLayout::kSizeMin;  // 8 to 2048, a multiple of eight

  friend constexpr bool operator==(const Ipv6ExtensionHeader&,
                                   const Ipv6ExtensionHeader&) = default;
};

// Hop-by-hop and destination options headers (RFC 8200 4.3, 4.6).
class Ipv6OptionsView {
 public:
  // `bytes` begin at the header; more may follow it.
  [[nodiscard]] static constexpr Parsed<Ipv6OptionsView> parse(Bytes bytes) {
    if (bytes.size() < Ipv6ExtensionLayout::kSizeMin) {
      return std::unexpected(ParseError::kTooShort);
    }
    const std::size_t size = (std::size_t{Ipv6ExtensionLayout::Length::get(bytes)} + 1) * 8;
    if (size > bytes.size()) return std::unexpected(ParseError::kBadLength);
    return Ipv6OptionsView(bytes.first(size));
  }

  [[nodiscard]] constexpr std::uint8_t next_header() const {
    return Ipv6ExtensionLayout::NextHeader::get(bytes_);
  }
  // For Ipv6OptionReader; begins two bytes into the header.
  [[nodiscard]] constexpr Bytes options() const {
    return bytes_.subspan(Ipv6ExtensionLayout::kSize);
  }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr Ipv6ExtensionHeader header() const {
    return {next_header(), static_cast<std::uint16_t>(bytes_.size())};
  }

 private:
  explicit constexpr Ipv6OptionsView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// What is specific to the header follows `out`; Ipv6OptionWriter writes options and all.
constexpr void write(const Ipv6ExtensionHeader& header,
                     std::span<std::byte, Ipv6ExtensionLayout::kSize> out) {
  Ipv6ExtensionLayout::NextHeader::set(out, header.next_header);
  Ipv6ExtensionLayout::Length::set(out,
                                   static_cast<std::uint8_t>((header.header_length / 8U) - 1U));
}

// RFC 8200 4.5:
//   0       8       16           29  32
//   +-------+-------+-------------+-+-+
//   | next  |  res. |   offset    |r|M|
//   |        identification           |
//   +---------------------------------+
struct Ipv6FragmentLayout {
  using NextHeader = Field<std::uint8_t, 0>;
  using Reserved = Field<std::uint8_t, NextHeader::kEnd>;
  using OffsetFlags = Field<std::uint16_t, Reserved::kEnd>;
  using Units = Bits<OffsetFlags, 3, 13>;  // of eight bytes
  using MoreFragments = Bits<OffsetFlags, 0, 1>;
  using Identification = Field<std::uint32_t, OffsetFlags::kEnd>;
  static constexpr std::size_t kSize = Identification::kEnd;
  static_assert(kSize == 8);
};

struct Ipv6FragmentHeader {
  std::uint8_t next_header = kIpProtocolNoNextHeader;
  std::uint16_t fragment_offset = 0;  // bytes, a multiple of eight
  bool more_fragments = false;
  std::uint32_t identification = 0;

  friend constexpr bool operator==(const Ipv6FragmentHeader&, const Ipv6FragmentHeader&) = default;
};

class Ipv6FragmentView {
 public:
  // `bytes` begin at the fragment header; the fragment's data follows it.
  [[nodiscard]] static constexpr Parsed<Ipv6FragmentView> parse(Bytes bytes) {
    if (bytes.size() < Ipv6FragmentLayout::kSize) return std::unexpected(ParseError::kTooShort);
    return Ipv6FragmentView(bytes);
  }

  [[nodiscard]] constexpr std::uint8_t next_header() const {
    return Ipv6FragmentLayout::NextHeader::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint16_t fragment_offset() const {
    return static_cast<std::uint16_t>(Ipv6FragmentLayout::Units::get(bytes_) * 8U);
  }
  [[nodiscard]] constexpr bool more_fragments() const {
    return Ipv6FragmentLayout::MoreFragments::get(bytes_) != 0;
  }
  [[nodiscard]] constexpr std::uint32_t identification() const {
    return Ipv6FragmentLayout::Identification::get(bytes_);
  }
  // RFC 6946: a packet in one piece that carries the header all the same.
  [[nodiscard]] constexpr bool is_atomic() const {
    return fragment_offset() == 0 && !more_fragments();
  }
  [[nodiscard]] constexpr Bytes payload() const {
    return bytes_.subspan(Ipv6FragmentLayout::kSize);
  }
  [[nodiscard]] constexpr Ipv6FragmentHeader header() const {
    return {next_header(), fragment_offset(), more_fragments(), identification()};
  }

 private:
  explicit constexpr Ipv6FragmentView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const Ipv6FragmentHeader& header,
                     std::span<std::byte, Ipv6FragmentLayout::kSize> out) {
  Ipv6FragmentLayout::NextHeader::set(out, header.next_header);
  Ipv6FragmentLayout::Reserved::set(out, 0);
  const unsigned flags = (header.fragment_offset & 0xfff8U) | (header.more_fragments ? 1U : 0U);
  Ipv6FragmentLayout::OffsetFlags::set(out, static_cast<std::uint16_t>(flags));
  Ipv6FragmentLayout::Identification::set(out, header.identification);
}

// One link of the chain.
struct Ipv6Extension {
  std::uint8_t type = 0;         // its protocol number, as the header before it says
  std::uint8_t next_header = 0;  // what it says follows
  std::size_t offset = 0;        // from the first byte after the IPv6 header
  Bytes bytes;                   // this header alone
};

enum class Ipv6ChainEnd : std::uint8_t {
  kUpperLayer,         // protocol() is not an extension header: TCP, UDP, ICMPv6, anything unknown
  kNoNextHeader,       // RFC 8200 4.7: nothing follows; what is there is ignored
  kEncrypted,          // ESP; payload() begins with it
  kLaterFragment,      // the rest is the middle or end of something
  kTruncated,          // a header does not fit what is there
  kHopByHopMisplaced,  // RFC 8200 4.3: anywhere but first is an unrecognized next header
  kTooMany,            // more headers or bytes than the limits allow (RFC 8504 5.3, RFC 8883)
};

// The defaults pass every chain that RFC 8200 4.1 recommends, each header once.
struct Ipv6ChainLimits {
  std::size_t headers = 8;
  std::size_t bytes = 2048;
};

// Pull next() until it is empty; then end() says why, and the other accessors say where.
class Ipv6ChainWalker {
 public:
  // `payload` is what follows the IPv6 header.
  constexpr Ipv6ChainWalker(std::uint8_t next_header, Bytes payload, Ipv6ChainLimits limits = {})
      : payload_(payload), limits_(limits), protocol_(next_header) {}

  [[nodiscard]] constexpr std::optional<Ipv6Extension> next() {
    if (has_ended_ || ends_here()) return std::nullopt;
    const std::optional<std::size_t> size = size_of(protocol_, payload_.subspan(at_));
    if (!size) return stop(Ipv6ChainEnd::kTruncated);
    if (count_ == limits_.headers || at_ + *size > limits_.bytes) {
      return stop(Ipv6ChainEnd::kTooMany);
    }
    const Bytes bytes = payload_.subspan(at_, *size);
    const Ipv6Extension link{protocol_, Ipv6ExtensionLayout::NextHeader::get(bytes), at_, bytes};
    if (protocol_ == kIpProtocolFragment) {
      fragment_ = Ipv6FragmentView::parse(bytes)->header();
      has_fragment_ = true;
      if (fragment_.fragment_offset != 0) (void)stop(Ipv6ChainEnd::kLaterFragment);
    }
    ++count_;
    protocol_ = link.next_header;
    next_header_at_ = at_;
    at_ += *size;
    return link;
  }

  // Empty until next() has been.
  [[nodiscard]] constexpr std::optional<Ipv6ChainEnd> end() const {
    if (!has_ended_) return std::nullopt;
    return end_;
  }
  // What payload() is, or in case of a fault the type of the header at fault.
  [[nodiscard]] constexpr std::uint8_t protocol() const { return protocol_; }
  [[nodiscard]] constexpr std::size_t offset() const { return at_; }  // of payload()
  [[nodiscard]] constexpr Bytes payload() const { return payload_.subspan(at_); }
  // Offset of the byte that named protocol(), for ICMPv6 code 1; none: the IPv6 header's own field.
  [[nodiscard]] constexpr std::optional<std::size_t> next_header_offset() const {
    return next_header_at_;
  }
  // The last fragment header passed.
  [[nodiscard]] constexpr std::optional<Ipv6FragmentHeader> fragment() const {
    if (!has_fragment_) return std::nullopt;
    return fragment_;
  }

 private:
  [[nodiscard]] constexpr bool ends_here() {
    switch (protocol_) {
      case kIpProtocolHopByHop:
        if (count_ != 0) (void)stop(Ipv6ChainEnd::kHopByHopMisplaced);
        break;
      case kIpProtocolRouting:
      case kIpProtocolFragment:
      case kIpProtocolAh:
      case kIpProtocolDestinationOptions:
      case kIpProtocolMobility:
      case kIpProtocolHip:
      case kIpProtocolShim6: break;
      case kIpProtocolNoNextHeader: (void)stop(Ipv6ChainEnd::kNoNextHeader); break;
      case kIpProtocolEsp: (void)stop(Ipv6ChainEnd::kEncrypted); break;
      default: (void)stop(Ipv6ChainEnd::kUpperLayer); break;
    }
    return has_ended_;
  }
  // The size of the extension header of this type at the front of `bytes`, if all of it is there.
  [[nodiscard]] static constexpr std::optional<std::size_t> size_of(std::uint8_t type,
                                                                    Bytes bytes) {
    if (type == kIpProtocolAh) {
      const Parsed<AuthenticationView> view = AuthenticationView::parse(bytes);
      if (!view) return std::nullopt;
      return view->bytes().size();
    }
    if (bytes.size() < Ipv6ExtensionLayout::kSizeMin) return std::nullopt;
    if (type == kIpProtocolFragment) return Ipv6FragmentLayout::kSize;
    const std::size_t size = (std::size_t{Ipv6ExtensionLayout::Length::get(bytes)} + 1) * 8;
    if (size > bytes.size()) return std::nullopt;
    return size;
  }
  constexpr std::nullopt_t stop(Ipv6ChainEnd why) {
    end_ = why;
    has_ended_ = true;
    return std::nullopt;
  }

  Bytes payload_;
  Ipv6ChainLimits limits_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
  std::optional<std::size_t> next_header_at_;
  // Flags beside values, not optionals: g++ 12 warns of uninitialised reads it cannot rule out.
  Ipv6FragmentHeader fragment_;
  Ipv6ChainEnd end_ = Ipv6ChainEnd::kTruncated;
  bool has_fragment_ = false;
  bool has_ended_ = false;
  std::uint8_t protocol_;
};

// Where the chain leads, for those who do not care about its links.
struct Ipv6UpperLayer {
  Ipv6ChainEnd end = Ipv6ChainEnd::kTruncated;
  std::uint8_t protocol = kIpProtocolNoNextHeader;
  std::size_t offset = 0;  // of `payload`, from the first byte after the IPv6 header
  Bytes payload;
  std::optional<Ipv6FragmentHeader> fragment;
};

[[nodiscard]] constexpr Ipv6UpperLayer find_upper_layer(std::uint8_t next_header, Bytes payload,
                                                        Ipv6ChainLimits limits = {}) {
  Ipv6ChainWalker walker(next_header, payload, limits);
  while (walker.next()) {
  }
  return {*walker.end(), walker.protocol(), walker.offset(), walker.payload(), walker.fragment()};
}

}  // namespace strata::wire
