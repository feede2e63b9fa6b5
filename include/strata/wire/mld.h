// SPDX-License-Identifier: Apache-2.0
// Multicast listener discovery, versions 1 and 2 (RFC 2710, RFC 3810): ICMPv6 messages.
//
//   MldView           version 1 reports and dones
//   MldQueryView      queries of both versions; their length tells the version
//   MldV2ReportView   group records
#pragma once

#include <cstdint>
#include <span>

#include "strata/wire/field.h"
#include "strata/wire/float_code.h"
#include "strata/wire/group_records.h"
#include "strata/wire/icmpv6.h"

namespace strata::wire {

[[nodiscard]] constexpr bool is_mld(Icmpv6Type type) {
  switch (type) {
    case Icmpv6Type::kMulticastListenerQuery:
    case Icmpv6Type::kMulticastListenerReport:
    case Icmpv6Type::kMulticastListenerDone:
    case Icmpv6Type::kMulticastListenerReportV2: return true;
    default: return false;
  }
}

// RFC 2710 3:
//   0       8       16              32
//   +-------+-------+---------------+
//   | type  | code  |   checksum    |
//   +-------+-------+---------------+
//   | max response  |   reserved    |
//   +-------------------------------+
//   |    multicast address (16)     |
struct MldLayout : Icmpv6Layout {
  using MaxResponseCode = Field<std::uint16_t, Checksum::kEnd>;
  using Reserved = Field<std::uint16_t, MaxResponseCode::kEnd>;
  using Group = Ipv6Field<Reserved::kEnd>;
  static constexpr std::size_t kSize = Group::kEnd;
  static_assert(kSize == 24);
};

struct MldHeader {
  Icmpv6Type type = Icmpv6Type::kMulticastListenerReport;
  std::uint16_t checksum = 0;
  std::uint16_t max_response_code = 0;  // queries only
  IpAddress group{};

  friend constexpr bool operator==(const MldHeader&, const MldHeader&) = default;
};

class MldView {
 public:
  // `message` is the whole upper-layer packet: a query of any version, a version 1 report or a
  // done. RFC 2710 3.7: what stands behind is ignored.
  [[nodiscard]] static constexpr Parsed<MldView> parse(Bytes message) {
    if (message.size() < MldLayout::kSize) return std::unexpected(ParseError::kTooShort);
    const auto type = static_cast<Icmpv6Type>(MldLayout::Type::get(message));
    if (!is_mld(type) || type == Icmpv6Type::kMulticastListenerReportV2) {
      return std::unexpected(ParseError::kBadVersion);
    }
    const MldView view(message);
    // A v4-mapped group would be taken for an IPv4 one from here on.
    if (view.group().is_v4()) return std::unexpected(ParseError::kBadValue);
    return view;
  }

  [[nodiscard]] constexpr Icmpv6Type type() const {
    return static_cast<Icmpv6Type>(MldLayout::Type::get(bytes_));
  }
  [[nodiscard]] constexpr IpAddress group() const { return MldLayout::Group::get(bytes_); }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr MldHeader header() const {
    return {type(), MldLayout::Checksum::get(bytes_), MldLayout::MaxResponseCode::get(bytes_),
            group()};
  }

 private:
  explicit constexpr MldView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const MldHeader& header, std::span<std::byte, MldLayout::kSize> out) {
  write(Icmpv6Header{.type = header.type, .checksum = header.checksum},
        out.first<Icmpv6Layout::kSize>());
  MldLayout::MaxResponseCode::set(out, header.max_response_code);
  MldLayout::Reserved::set(out, 0);
  MldLayout::Group::set(out, header.group);
}

// RFC 3810 5.1: a version 2 query goes on behind the group.
struct MldV2QueryLayout : MldLayout {
  using Flags = Field<std::uint8_t, Group::kEnd>;
  using SuppressRouterProcessing = Bits<Flags, 3, 1>;
  using RobustnessVariable = Bits<Flags, 0, 3>;
  using QueryIntervalCode = Field<std::uint8_t, Flags::kEnd>;
  using SourceCount = Field<std::uint16_t, QueryIntervalCode::kEnd>;
  static constexpr std::size_t kSize = SourceCount::kEnd;
  static_assert(kSize == 28);
};

struct MldV2QueryHeader {
  std::uint16_t checksum = 0;
  std::uint16_t max_response_code = 0;  // FloatCode16, milliseconds
  IpAddress group{};                    // "::": a general query
  bool suppress_router_processing = false;
  std::uint8_t robustness_variable = 0;  // 0 to 7
  std::uint8_t query_interval_code = 0;  // FloatCode8, seconds
  std::uint16_t source_count = 0;

  friend constexpr bool operator==(const MldV2QueryHeader&, const MldV2QueryHeader&) = default;
};

class MldQueryView {
 public:
  [[nodiscard]] static constexpr Parsed<MldQueryView> parse(Bytes message) {
    const auto view = MldView::parse(message);
    if (!view) return std::unexpected(view.error());
    if (view->type() != Icmpv6Type::kMulticastListenerQuery) {
      return std::unexpected(ParseError::kBadVersion);
    }
    if (message.size() == MldLayout::kSize) return MldQueryView(message);
    // RFC 3810 8.1: queries between 24 and 28 octets MUST be silently ignored.
    if (message.size() < MldV2QueryLayout::kSize) return std::unexpected(ParseError::kBadLength);
    const std::size_t sources = MldV2QueryLayout::SourceCount::get(message);
    if (sources * Ipv6AddressList::kAddressSize > message.size() - MldV2QueryLayout::kSize) {
      return std::unexpected(ParseError::kBadLength);
    }
    return MldQueryView(message);
  }

  // RFC 3810 8.1: 1 or 2.
  [[nodiscard]] constexpr unsigned version() const {
    return bytes_.size() > MldLayout::kSize ? 2 : 1;
  }
  [[nodiscard]] constexpr std::uint16_t max_response_code() const {
    return MldLayout::MaxResponseCode::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint32_t max_response_ms() const {
    return version() == 1 ? max_response_code() : FloatCode16::decode(max_response_code());
  }
  [[nodiscard]] constexpr IpAddress group() const { return MldLayout::Group::get(bytes_); }
  [[nodiscard]] constexpr bool is_general() const { return group().is_unspecified(); }

  // The rest is for version 2; earlier queries answer with what a querier leaves unsaid.
  [[nodiscard]] constexpr bool suppress_router_processing() const {
    return version() == 2 && MldV2QueryLayout::SuppressRouterProcessing::get(bytes_) != 0;
  }
  [[nodiscard]] constexpr std::uint8_t robustness_variable() const {
    return version() == 2 ? MldV2QueryLayout::RobustnessVariable::get(bytes_) : std::uint8_t{0};
  }
  [[nodiscard]] constexpr std::uint32_t query_interval_s() const {
    return version() == 2 ? FloatCode8::decode(MldV2QueryLayout::QueryIntervalCode::get(bytes_))
                          : 0;
  }
  [[nodiscard]] constexpr Ipv6AddressList sources() const {
    if (version() != 2) return {};
    const std::size_t count = MldV2QueryLayout::SourceCount::get(bytes_);
    return Ipv6AddressList(
        bytes_.subspan(MldV2QueryLayout::kSize, count * Ipv6AddressList::kAddressSize));
  }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr MldV2QueryHeader header() const {
    const bool is_v2 = version() == 2;
    return {
        MldLayout::Checksum::get(bytes_),
        max_response_code(),
        group(),
        suppress_router_processing(),
        robustness_variable(),
        is_v2 ? MldV2QueryLayout::QueryIntervalCode::get(bytes_) : std::uint8_t{0},
        is_v2 ? MldV2QueryLayout::SourceCount::get(bytes_) : std::uint16_t{0},
    };
  }

 private:
  explicit constexpr MldQueryView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// Sources follow with write_addresses<Ipv6Field>. A version 1 query is an MldHeader.
constexpr void write(const MldV2QueryHeader& header,
                     std::span<std::byte, MldV2QueryLayout::kSize> out) {
  using Layout = MldV2QueryLayout;
  write(MldHeader{Icmpv6Type::kMulticastListenerQuery, header.checksum, header.max_response_code,
                  header.group},
        out.first<MldLayout::kSize>());
  Layout::Flags::set(out, 0);
  Layout::SuppressRouterProcessing::set(out, header.suppress_router_processing ? 1 : 0);
  Layout::RobustnessVariable::set(out, header.robustness_variable);
  Layout::QueryIntervalCode::set(out, header.query_interval_code);
  Layout::SourceCount::set(out, header.source_count);
}

// RFC 3810 5.2:
//   0       8       16              32
//   +-------+-------+---------------+
//   | type  | resv  |   checksum    |
//   +-------+-------+---------------+
//   |   reserved    | group records |
//   +---------------+---------------+
struct MldV2ReportLayout : Icmpv6Layout {
  using Reserved = Field<std::uint16_t, Checksum::kEnd>;
  using RecordCount = Field<std::uint16_t, Reserved::kEnd>;
  static constexpr std::size_t kSize = RecordCount::kEnd;
  static_assert(kSize == 8);
};

struct MldV2ReportHeader {
  std::uint16_t checksum = 0;
  std::uint16_t record_count = 0;

  friend constexpr bool operator==(const MldV2ReportHeader&, const MldV2ReportHeader&) = default;
};

using MldGroupRecordLayout = GroupRecordLayout<Ipv6Field>;
using MldGroupRecordView = GroupRecordView<Ipv6Field>;
using MldGroupRecords = GroupRecords<Ipv6Field>;
static_assert(MldGroupRecordLayout::kSize == 20);

class MldV2ReportView {
 public:
  [[nodiscard]] static constexpr Parsed<MldV2ReportView> parse(Bytes message) {
    if (message.size() < MldV2ReportLayout::kSize) return std::unexpected(ParseError::kTooShort);
    if (static_cast<Icmpv6Type>(MldV2ReportLayout::Type::get(message)) !=
        Icmpv6Type::kMulticastListenerReportV2) {
      return std::unexpected(ParseError::kBadVersion);
    }
    const auto records = MldGroupRecords::parse(message.subspan(MldV2ReportLayout::kSize),
                                                MldV2ReportLayout::RecordCount::get(message));
    if (!records) return std::unexpected(records.error());
    return MldV2ReportView(message, *records);
  }

  [[nodiscard]] constexpr const MldGroupRecords& records() const { return records_; }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr MldV2ReportHeader header() const {
    return {MldV2ReportLayout::Checksum::get(bytes_), MldV2ReportLayout::RecordCount::get(bytes_)};
  }

 private:
  constexpr MldV2ReportView(Bytes bytes, const MldGroupRecords& records)
      : bytes_(bytes), records_(records) {}
  Bytes bytes_;
  MldGroupRecords records_;
};

// Records follow: write_group_record<Ipv6Field>, then write_addresses<Ipv6Field>.
constexpr void write(const MldV2ReportHeader& header,
                     std::span<std::byte, MldV2ReportLayout::kSize> out) {
  using Layout = MldV2ReportLayout;
  write(Icmpv6Header{.type = Icmpv6Type::kMulticastListenerReportV2, .checksum = header.checksum},
        out.first<Icmpv6Layout::kSize>());
  Layout::Reserved::set(out, 0);
  Layout::RecordCount::set(out, header.record_count);
}

}  // namespace strata::wire
