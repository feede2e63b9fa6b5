// SPDX-License-Identifier: Apache-2.0
// IGMP versions 1 to 3 (RFC 1112 appendix I, RFC 2236, RFC 3376).
//
//   IgmpView           what every message shares: type, group
//   IgmpQueryView      queries of all three versions; their length tells the version
//   IgmpV3ReportView   group records
//
// Version 1 and 2 reports and leaves are IgmpView and IgmpHeader alone.
#pragma once

#include <cstdint>
#include <span>

#include "strata/wire/field.h"
#include "strata/wire/float_code.h"
#include "strata/wire/group_records.h"

namespace strata::wire {

enum class IgmpType : std::uint8_t {
  kMembershipQuery = 0x11,
  kV1MembershipReport = 0x12,
  kV2MembershipReport = 0x16,
  kV2LeaveGroup = 0x17,
  kV3MembershipReport = 0x22,
};

// RFC 2236 2:
//   0       8       16              32
//   +-------+-------+---------------+
//   | type  |maxresp|   checksum    |
//   +-------+-------+---------------+
//   |         group address         |
//   +-------------------------------+
struct IgmpLayout {
  using Type = Field<std::uint8_t, 0>;
  using MaxResponseCode = Field<std::uint8_t, Type::kEnd>;
  using Checksum = Field<std::uint16_t, MaxResponseCode::kEnd>;
  using Group = Ipv4Field<Checksum::kEnd>;
  static constexpr std::size_t kSize = Group::kEnd;
  static_assert(kSize == 8);
};

struct IgmpHeader {
  IgmpType type = IgmpType::kV2MembershipReport;
  std::uint8_t max_response_code = 0;
  std::uint16_t checksum = 0;
  IpAddress group = IpAddress::any_v4();

  friend constexpr bool operator==(const IgmpHeader&, const IgmpHeader&) = default;
};

class IgmpView {
 public:
  // `message` is the whole IP payload; the checksum covers all of it (RFC 3376 4.1.2).
  [[nodiscard]] static constexpr Parsed<IgmpView> parse(Bytes message) {
    if (message.size() < IgmpLayout::kSize) return std::unexpected(ParseError::kTooShort);
    return IgmpView(message);
  }

  [[nodiscard]] constexpr IgmpType type() const {
    return static_cast<IgmpType>(IgmpLayout::Type::get(bytes_));
  }
  // Meaningless in a version 3 report.
  [[nodiscard]] constexpr IpAddress group() const { return IgmpLayout::Group::get(bytes_); }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr IgmpHeader header() const {
    return {type(), IgmpLayout::MaxResponseCode::get(bytes_), IgmpLayout::Checksum::get(bytes_),
            group()};
  }

 private:
  explicit constexpr IgmpView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const IgmpHeader& header, std::span<std::byte, IgmpLayout::kSize> out) {
  IgmpLayout::Type::set(out, static_cast<std::uint8_t>(header.type));
  IgmpLayout::MaxResponseCode::set(out, header.max_response_code);
  IgmpLayout::Checksum::set(out, header.checksum);
  IgmpLayout::Group::set(out, header.group);
}

// RFC 3376 4.1: a version 3 query goes on behind the group.
//   +-------+-------+---------------+
//   |resv|S|  QRV   | QQIC | sources|
//   +-------------------------------+
struct IgmpV3QueryLayout : IgmpLayout {
  using Flags = Field<std::uint8_t, Group::kEnd>;
  using SuppressRouterProcessing = Bits<Flags, 3, 1>;
  using RobustnessVariable = Bits<Flags, 0, 3>;
  using QueryIntervalCode = Field<std::uint8_t, Flags::kEnd>;
  using SourceCount = Field<std::uint16_t, QueryIntervalCode::kEnd>;
  static constexpr std::size_t kSize = SourceCount::kEnd;
  static_assert(kSize == 12);
};

struct IgmpV3QueryHeader {
  std::uint8_t max_response_code = 0;  // FloatCode8, tenths of a second
  std::uint16_t checksum = 0;
  IpAddress group = IpAddress::any_v4();  // 0.0.0.0: a general query
  bool suppress_router_processing = false;
  std::uint8_t robustness_variable = 0;  // 0 to 7
  std::uint8_t query_interval_code = 0;  // FloatCode8, seconds
  std::uint16_t source_count = 0;

  friend constexpr bool operator==(const IgmpV3QueryHeader&, const IgmpV3QueryHeader&) = default;
};

class IgmpQueryView {
 public:
  [[nodiscard]] static constexpr Parsed<IgmpQueryView> parse(Bytes message) {
    const auto view = IgmpView::parse(message);
    if (!view) return std::unexpected(view.error());
    if (view->type() != IgmpType::kMembershipQuery) {
      return std::unexpected(ParseError::kBadVersion);
    }
    if (message.size() == IgmpLayout::kSize) return IgmpQueryView(message);
    // RFC 3376 7.1: queries between 8 and 12 octets MUST be silently ignored.
    if (message.size() < IgmpV3QueryLayout::kSize) return std::unexpected(ParseError::kBadLength);
    const std::size_t sources = IgmpV3QueryLayout::SourceCount::get(message);
    if (sources * Ipv4AddressList::kAddressSize > message.size() - IgmpV3QueryLayout::kSize) {
      return std::unexpected(ParseError::kBadLength);
    }
    return IgmpQueryView(message);
  }

  // RFC 3376 7.1: 1, 2 or 3.
  [[nodiscard]] constexpr unsigned version() const {
    if (bytes_.size() > IgmpLayout::kSize) return 3;
    return max_response_code() == 0 ? 1 : 2;
  }
  [[nodiscard]] constexpr std::uint8_t max_response_code() const {
    return IgmpLayout::MaxResponseCode::get(bytes_);
  }
  // RFC 2236 4: version 1 routers mean ten seconds. RFC 3376 4.1.1: version 3 has a float code.
  [[nodiscard]] constexpr std::uint32_t max_response_ms() const {
    switch (version()) {
      case 1: return 10'000;
      case 2: return max_response_code() * 100U;
      default: return FloatCode8::decode(max_response_code()) * 100U;
    }
  }
  [[nodiscard]] constexpr IpAddress group() const { return IgmpLayout::Group::get(bytes_); }
  [[nodiscard]] constexpr bool is_general() const { return group().is_unspecified(); }

  // The rest is for version 3; earlier queries answer with what a querier leaves unsaid.
  [[nodiscard]] constexpr bool suppress_router_processing() const {
    return version() == 3 && IgmpV3QueryLayout::SuppressRouterProcessing::get(bytes_) != 0;
  }
  [[nodiscard]] constexpr std::uint8_t robustness_variable() const {
    return version() == 3 ? IgmpV3QueryLayout::RobustnessVariable::get(bytes_) : std::uint8_t{0};
  }
  [[nodiscard]] constexpr std::uint32_t query_interval_s() const {
    return version() == 3 ? FloatCode8::decode(IgmpV3QueryLayout::QueryIntervalCode::get(bytes_))
                          : 0;
  }
  [[nodiscard]] constexpr Ipv4AddressList sources() const {
    if (version() != 3) return {};
    const std::size_t count = IgmpV3QueryLayout::SourceCount::get(bytes_);
    return Ipv4AddressList(
        bytes_.subspan(IgmpV3QueryLayout::kSize, count * Ipv4AddressList::kAddressSize));
  }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr IgmpV3QueryHeader header() const {
    const bool is_v3 = version() == 3;
    return {
        max_response_code(),
        IgmpLayout::Checksum::get(bytes_),
        group(),
        suppress_router_processing(),
        robustness_variable(),
        is_v3 ? IgmpV3QueryLayout::QueryIntervalCode::get(bytes_) : std::uint8_t{0},
        is_v3 ? IgmpV3QueryLayout::SourceCount::get(bytes_) : std::uint16_t{0},
    };
  }

 private:
  explicit constexpr IgmpQueryView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// Sources follow with write_addresses<Ipv4Field>. A version 1 or 2 query is an IgmpHeader.
constexpr void write(const IgmpV3QueryHeader& header,
                     std::span<std::byte, IgmpV3QueryLayout::kSize> out) {
  using Layout = IgmpV3QueryLayout;
  write(IgmpHeader{IgmpType::kMembershipQuery, header.max_response_code, header.checksum,
                   header.group},
        out.first<IgmpLayout::kSize>());
  Layout::Flags::set(out, 0);
  Layout::SuppressRouterProcessing::set(out, header.suppress_router_processing ? 1 : 0);
  Layout::RobustnessVariable::set(out, header.robustness_variable);
  Layout::QueryIntervalCode::set(out, header.query_interval_code);
  Layout::SourceCount::set(out, header.source_count);
}

// RFC 3376 4.2:
//   0       8       16              32
//   +-------+-------+---------------+
//   | type  | resv  |   checksum    |
//   +-------+-------+---------------+
//   |   reserved    | group records |
//   +---------------+---------------+
struct IgmpV3ReportLayout {
  using Type = Field<std::uint8_t, 0>;
  using Reserved1 = Field<std::uint8_t, Type::kEnd>;
  using Checksum = Field<std::uint16_t, Reserved1::kEnd>;
  using Reserved2 = Field<std::uint16_t, Checksum::kEnd>;
  using RecordCount = Field<std::uint16_t, Reserved2::kEnd>;
  static constexpr std::size_t kSize = RecordCount::kEnd;
  static_assert(kSize == 8);
};

struct IgmpV3ReportHeader {
  std::uint16_t checksum = 0;
  std::uint16_t record_count = 0;

  friend constexpr bool operator==(const IgmpV3ReportHeader&, const IgmpV3ReportHeader&) = default;
};

using IgmpGroupRecordLayout = GroupRecordLayout<Ipv4Field>;
using IgmpGroupRecordView = GroupRecordView<Ipv4Field>;
using IgmpGroupRecords = GroupRecords<Ipv4Field>;
static_assert(IgmpGroupRecordLayout::kSize == 8);

class IgmpV3ReportView {
 public:
  [[nodiscard]] static constexpr Parsed<IgmpV3ReportView> parse(Bytes message) {
    if (message.size() < IgmpV3ReportLayout::kSize) return std::unexpected(ParseError::kTooShort);
    if (static_cast<IgmpType>(IgmpV3ReportLayout::Type::get(message)) !=
        IgmpType::kV3MembershipReport) {
      return std::unexpected(ParseError::kBadVersion);
    }
    const auto records = IgmpGroupRecords::parse(message.subspan(IgmpV3ReportLayout::kSize),
                                                 IgmpV3ReportLayout::RecordCount::get(message));
    if (!records) return std::unexpected(records.error());
    return IgmpV3ReportView(message, *records);
  }

  [[nodiscard]] constexpr const IgmpGroupRecords& records() const { return records_; }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr IgmpV3ReportHeader header() const {
    return {IgmpV3ReportLayout::Checksum::get(bytes_),
            IgmpV3ReportLayout::RecordCount::get(bytes_)};
  }

 private:
  constexpr IgmpV3ReportView(Bytes bytes, const IgmpGroupRecords& records)
      : bytes_(bytes), records_(records) {}
  Bytes bytes_;
  IgmpGroupRecords records_;
};

// Records follow: write_group_record<Ipv4Field>, then write_addresses<Ipv4Field>.
constexpr void write(const IgmpV3ReportHeader& header,
                     std::span<std::byte, IgmpV3ReportLayout::kSize> out) {
  using Layout = IgmpV3ReportLayout;
  Layout::Type::set(out, static_cast<std::uint8_t>(IgmpType::kV3MembershipReport));
  Layout::Reserved1::set(out, 0);
  Layout::Checksum::set(out, header.checksum);
  Layout::Reserved2::set(out, 0);
  Layout::RecordCount::set(out, header.record_count);
}

}  // namespace strata::wire
