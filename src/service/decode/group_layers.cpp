// SPDX-License-Identifier: Apache-2.0
// Group membership: IGMP of all versions and MLD of both.
#include <fmt/format.h>

#include <algorithm>

#include "service/decode/layers.h"
#include "service/decode/value_names.h"
#include "strata/wire/igmp.h"
#include "strata/wire/mld.h"

namespace strata::service::decoding {
namespace {

using wire::Icmpv6Type;
using wire::IgmpType;

template <template <std::size_t> class AddressField>
void put_sources(LayerWriter& writer, std::size_t at, std::uint64_t count) {
  constexpr std::size_t kSize = AddressField<0>::kEnd;
  for (std::uint64_t i = 0; i < count; ++i, at += kSize) {
    if (writer.bytes().size() < at + kSize) {
      return writer.stop(at, "fewer sources than announced");
    }
    const IpAddress source = AddressField<0>::get(writer.bytes().subspan(at));
    writer.add("Source", LayerWriter::address_text(source, 8 * kSize), at, kSize);
  }
  writer.set_size(at);
}

// A record is one field: its kind, its group and its sources.
template <template <std::size_t> class AddressField>
void put_records(LayerWriter& writer, std::size_t at, std::uint64_t count) {
  constexpr std::size_t kBits = 8 * AddressField<0>::kEnd;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto record = wire::GroupRecordView<AddressField>::parse(
        writer.bytes().subspan(std::min(at, writer.bytes().size())));
    if (!record) return writer.stop(at, "a record that does not fit");
    std::string note(group_record_name(static_cast<std::uint64_t>(record->type())));
    if (note.empty()) note = fmt::format("type {}", static_cast<unsigned>(record->type()));
    std::size_t listed = 0;
    for (const IpAddress source : record->sources()) {
      if (++listed > 16) break;
      note += listed == 1 ? ": " : " ";
      note += LayerWriter::address_text(source, kBits);
    }
    if (listed > 16) note += fmt::format(" and {} more", record->sources().size() - 16);
    writer.add("Group record", LayerWriter::address_text(record->group(), kBits), at,
               record->bytes().size(), std::move(note));
    at += record->bytes().size();
  }
  writer.set_size(at);
}

template <typename Layout>
void put_query_rest(LayerWriter& writer) {
  writer.flag<typename Layout::SuppressRouterProcessing>("Suppress router processing", "set");
  writer.decimal<typename Layout::RobustnessVariable>("Robustness variable");
  const auto interval = static_cast<std::uint8_t>(
      writer.template decimal<typename Layout::QueryIntervalCode>("Query interval code"));
  writer.note(fmt::format("{} s", wire::FloatCode8::decode(interval)));
}

std::string_view igmp_type_name(std::uint64_t type) {
  switch (static_cast<IgmpType>(type)) {
    case IgmpType::kMembershipQuery: return "membership query";
    case IgmpType::kV1MembershipReport: return "membership report, version 1";
    case IgmpType::kV2MembershipReport: return "membership report, version 2";
    case IgmpType::kV2LeaveGroup: return "leave group";
    case IgmpType::kV3MembershipReport: return "membership report, version 3";
    default: return {};
  }
}

void put_igmp_query(LayerWriter& writer) {
  using Layout = wire::IgmpV3QueryLayout;
  const std::size_t size = writer.bytes().size();
  if (size <= wire::IgmpLayout::kSize) return;
  put_query_rest<Layout>(writer);
  const std::uint64_t sources = writer.decimal<Layout::SourceCount>("Sources");
  if (!writer.has_stopped()) put_sources<wire::Ipv4Field>(writer, Layout::kSize, sources);
}

// The versions tell their codes apart by the size of the message (RFC 3376 7.1).
std::string igmp_delay_note(Bytes message) {
  const auto query = wire::IgmpQueryView::parse(message);
  return query ? fmt::format("{:.1f} s", query->max_response_ms() / 1000.0) : "";
}

}  // namespace

void decode_igmp(Decoding& decoding, Bytes message, const Carrier& carrier) {
  using Layout = wire::IgmpLayout;
  LayerWriter writer(decoding, "IGMP", message, Layout::kSize);
  const std::uint64_t type = writer.hexadecimal<Layout::Type>("Type");
  writer.note(std::string(igmp_type_name(type)));
  const bool is_report = type == static_cast<std::uint64_t>(IgmpType::kV3MembershipReport);
  if (is_report) {
    writer.hexadecimal<wire::IgmpV3ReportLayout::Reserved1>("Reserved");
  } else {
    writer.decimal<Layout::MaxResponseCode>("Max response code");
    writer.note(igmp_delay_note(message));
  }
  const std::uint64_t checksum = writer.hexadecimal<Layout::Checksum>("Checksum");
  if (carrier.is_whole) writer.note(checksum_note(checksum, wire::partial_sum(message)));
  if (is_report) {
    using Report = wire::IgmpV3ReportLayout;
    const std::uint64_t records = writer.decimal<Report::RecordCount>("Group records");
    if (!writer.has_stopped()) put_records<wire::Ipv4Field>(writer, Report::kSize, records);
    return;
  }
  writer.address<Layout::Group>("Group");
  if (type == static_cast<std::uint64_t>(IgmpType::kMembershipQuery)) put_igmp_query(writer);
}

void decode_mld(LayerWriter& writer, std::uint8_t type) {
  if (static_cast<Icmpv6Type>(type) == Icmpv6Type::kMulticastListenerReportV2) {
    using Report = wire::MldV2ReportLayout;
    const std::uint64_t records = writer.decimal<Report::RecordCount>("Group records");
    if (!writer.has_stopped()) put_records<wire::Ipv6Field>(writer, Report::kSize, records);
    return;
  }
  using Layout = wire::MldV2QueryLayout;
  const std::uint64_t code = writer.decimal<Layout::MaxResponseCode>("Max response code");
  const bool is_second = writer.bytes().size() > wire::MldLayout::kSize;
  const std::uint64_t delay =
      is_second ? wire::FloatCode16::decode(static_cast<std::uint16_t>(code)) : code;
  writer.note(fmt::format("{} ms", delay));
  writer.address<Layout::Group>("Group");
  writer.set_size(wire::MldLayout::kSize);
  const bool is_query = static_cast<Icmpv6Type>(type) == Icmpv6Type::kMulticastListenerQuery;
  if (!is_query || !is_second) return;
  put_query_rest<Layout>(writer);
  const std::uint64_t sources = writer.decimal<Layout::SourceCount>("Sources");
  if (!writer.has_stopped()) put_sources<wire::Ipv6Field>(writer, Layout::kSize, sources);
}

}  // namespace strata::service::decoding
