// SPDX-License-Identifier: Apache-2.0
// The TCP header (RFC 9293 3.1). Its options are in tcp_options.h.
#pragma once

#include <cstdint>
#include <span>

#include "strata/wire/checksum.h"
#include "strata/wire/field.h"

namespace strata::wire {

// RFC 9293 3.1:
//   0       4       8       16              32
//   +---------------+-------+---------------+
//   |      source port      |   dest. port  |
//   |            sequence number            |
//   |         acknowledgment number         |
//   +-------+-----+---------+---------------+
//   |offset | res |  flags  |    window     |   offset counts 32-bit words
//   +-------+-----+---------+---------------+
//   |       checksum        | urgent pointer|
//   +-----------------------+---------------+
struct TcpLayout {
  using SourcePort = Field<std::uint16_t, 0>;
  using DestinationPort = Field<std::uint16_t, SourcePort::kEnd>;
  using SequenceNumber = Field<std::uint32_t, DestinationPort::kEnd>;
  using AcknowledgmentNumber = Field<std::uint32_t, SequenceNumber::kEnd>;
  using OffsetAndFlags = Field<std::uint16_t, AcknowledgmentNumber::kEnd>;
  using DataOffset = Bits<OffsetAndFlags, 12, 4>;
  using Flags = Bits<OffsetAndFlags, 0, 9>;
  using Window = Field<std::uint16_t, OffsetAndFlags::kEnd>;
  using Checksum = Field<std::uint16_t, Window::kEnd>;
  using UrgentPointer = Field<std::uint16_t, Checksum::kEnd>;
  static constexpr std::size_t kSize = UrgentPointer::kEnd;
  static constexpr std::size_t kSizeMax = 60;  // with options
  static_assert(kSize == 20);
};

// A set of control bits. AE is the ninth (RFC 9768); before that it was NS (RFC 3540).
class TcpFlags {
 public:
  constexpr TcpFlags() = default;
  explicit constexpr TcpFlags(std::uint16_t bits) : bits_(bits & 0x1ffU) {}

  [[nodiscard]] constexpr std::uint16_t bits() const { return bits_; }
  [[nodiscard]] constexpr bool fin() const { return (bits_ & 0x001U) != 0; }
  [[nodiscard]] constexpr bool syn() const { return (bits_ & 0x002U) != 0; }
  [[nodiscard]] constexpr bool rst() const { return (bits_ & 0x004U) != 0; }
  [[nodiscard]] constexpr bool psh() const { return (bits_ & 0x008U) != 0; }
  [[nodiscard]] constexpr bool ack() const { return (bits_ & 0x010U) != 0; }
  [[nodiscard]] constexpr bool urg() const { return (bits_ & 0x020U) != 0; }
  [[nodiscard]] constexpr bool ece() const { return (bits_ & 0x040U) != 0; }
  [[nodiscard]] constexpr bool cwr() const { return (bits_ & 0x080U) != 0; }
  [[nodiscard]] constexpr bool ae() const { return (bits_ & 0x100U) != 0; }
  // All of `other` are set.
  [[nodiscard]] constexpr bool contains(TcpFlags other) const {
    return (bits_ & other.bits_) == other.bits_;
  }
  // At least one of `other` is set.
  [[nodiscard]] constexpr bool intersects(TcpFlags other) const {
    return (bits_ & other.bits_) != 0;
  }

  constexpr TcpFlags& operator|=(TcpFlags other) {
    bits_ |= other.bits_;
    return *this;
  }
  friend constexpr TcpFlags operator|(TcpFlags a, TcpFlags b) { return a |= b; }
  friend constexpr TcpFlags operator&(TcpFlags a, TcpFlags b) {
    return TcpFlags(static_cast<std::uint16_t>(a.bits_ & b.bits_));
  }
  friend constexpr TcpFlags operator~(TcpFlags a) {
    return TcpFlags(static_cast<std::uint16_t>(~a.bits_));
  }
  friend constexpr bool operator==(TcpFlags, TcpFlags) = default;

 private:
  std::uint16_t bits_ = 0;
};

inline constexpr TcpFlags kTcpFin{0x001};
inline constexpr TcpFlags kTcpSyn{0x002};
inline constexpr TcpFlags kTcpRst{0x004};
inline constexpr TcpFlags kTcpPsh{0x008};
inline constexpr TcpFlags kTcpAck{0x010};
inline constexpr TcpFlags kTcpUrg{0x020};
inline constexpr TcpFlags kTcpEce{0x040};
inline constexpr TcpFlags kTcpCwr{0x080};
inline constexpr TcpFlags kTcpAe{0x100};

struct TcpHeader {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t sequence_number = 0;
  std::uint32_t acknowledgment_number = 0;
  std::uint8_t header_length = TcpLayout::kSize;  // in bytes, options included: 20, 24, ... 60
  TcpFlags flags{};
  std::uint16_t window = 0;  // as on the wire, not scaled
  std::uint16_t checksum = 0;
  std::uint16_t urgent_pointer = 0;

  friend constexpr bool operator==(const TcpHeader&, const TcpHeader&) = default;
};

class TcpView {
 public:
  // `segment` is the whole IP payload.
  [[nodiscard]] static constexpr Parsed<TcpView> parse(Bytes segment) {
    if (segment.size() < TcpLayout::kSize) return std::unexpected(ParseError::kTooShort);
    const std::size_t header_length = std::size_t{TcpLayout::DataOffset::get(segment)} * 4;
    if (header_length < TcpLayout::kSize || header_length > segment.size()) {
      return std::unexpected(ParseError::kBadLength);
    }
    return TcpView(segment);
  }

  [[nodiscard]] constexpr std::uint16_t source_port() const {
    return TcpLayout::SourcePort::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint16_t destination_port() const {
    return TcpLayout::DestinationPort::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint32_t sequence_number() const {
    return TcpLayout::SequenceNumber::get(bytes_);
  }
  // Meaningful only with ACK.
  [[nodiscard]] constexpr std::uint32_t acknowledgment_number() const {
    return TcpLayout::AcknowledgmentNumber::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint8_t header_length() const {
    return static_cast<std::uint8_t>(TcpLayout::DataOffset::get(bytes_) * 4);
  }
  [[nodiscard]] constexpr TcpFlags flags() const { return TcpFlags(TcpLayout::Flags::get(bytes_)); }
  [[nodiscard]] constexpr std::uint16_t window() const { return TcpLayout::Window::get(bytes_); }
  [[nodiscard]] constexpr std::uint16_t checksum() const {
    return TcpLayout::Checksum::get(bytes_);
  }
  // Meaningful only with URG.
  [[nodiscard]] constexpr std::uint16_t urgent_pointer() const {
    return TcpLayout::UrgentPointer::get(bytes_);
  }
  // For TcpOptions::parse: 0 to 40 bytes.
  [[nodiscard]] constexpr Bytes options() const {
    return bytes_.subspan(TcpLayout::kSize, header_length() - TcpLayout::kSize);
  }
  [[nodiscard]] constexpr Bytes payload() const { return bytes_.subspan(header_length()); }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }  // header and payload
  [[nodiscard]] constexpr TcpHeader header() const {
    return {source_port(),     destination_port(),
            sequence_number(), acknowledgment_number(),
            header_length(),   flags(),
            window(),          checksum(),
            urgent_pointer()};
  }

 private:
  explicit constexpr TcpView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// The fixed part as big-endian numbers: written in these, so that nobody who reads it a moment
// later has to wait for its parts. The reserved bits are sent as zero (RFC 9293 3.1).
struct TcpWords {
  std::uint64_t first;   // ports, sequence number
  std::uint64_t second;  // acknowledgment number, offset and flags, window
  std::uint32_t third;   // checksum, urgent pointer
};
[[nodiscard]] constexpr TcpWords as_words(const TcpHeader& header) {
  const std::uint64_t offset = (header.header_length / 4U) & 0xfU;
  const std::uint64_t flags = header.flags.bits() & TcpLayout::Flags::kMask;
  return {(std::uint64_t{header.source_port} << 48U) |
              (std::uint64_t{header.destination_port} << 32U) | header.sequence_number,
          (std::uint64_t{header.acknowledgment_number} << 32U) | (offset << 28U) | (flags << 16U) |
              header.window,
          (std::uint32_t{header.checksum} << 16U) | header.urgent_pointer};
}

// What the fixed part adds to a checksum, before any of it is written.
[[nodiscard]] constexpr Sum sum_of(const TcpHeader& header) {
  const TcpWords words = as_words(header);
  return Sum::of(words.first) + Sum::of(words.second) + Sum::of(words.third);
}

// Options follow (tcp_options.h).
constexpr void write(const TcpHeader& header, std::span<std::byte, TcpLayout::kSize> out) {
  const TcpWords words = as_words(header);
  store_big_endian<std::uint64_t>(out.data(), words.first);
  store_big_endian<std::uint64_t>(out.data() + 8, words.second);
  store_big_endian<std::uint32_t>(out.data() + 16, words.third);
}

}  // namespace strata::wire
