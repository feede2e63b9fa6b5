// SPDX-License-Identifier: Apache-2.0
#include "stack/out/group_messages.h"

#include "stack/out/packet_sum.h"
#include "stack/out/send_frame.h"
#include "strata/wire/igmp.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv4_options.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"
#include "strata/wire/mld.h"

namespace strata::stack {
namespace {

// RFC 3376 4: precedence Internetwork Control.
constexpr std::uint8_t kInternetworkControl = 0xc0;

template <typename Layout, typename Header>
void append(Packet& packet, const Header& header) {
  write(header, packet.append(Layout::kSize).template first<Layout::kSize>());
}

template <template <std::size_t> class AddressField>
void append_records(Packet& packet, std::span<const multicast::Record> records) {
  using Layout = wire::GroupRecordLayout<AddressField>;
  for (const multicast::Record& record : records) {
    wire::write_group_record<AddressField>(
        {.type = record.type,
         .source_count = static_cast<std::uint16_t>(record.sources.size()),
         .group = record.group},
        packet.append(Layout::kSize).template first<Layout::kSize>());
    const std::size_t bytes = record.sources.size() * AddressField<0>::kEnd;
    (void)wire::write_addresses<AddressField>(record.sources, packet.append(bytes));
  }
}

// RFC 2236 2 and RFC 3376 4: TTL 1, and from version 2 on the router alert option.
void send_igmp(Core& core, Interface& interface, PacketPtr packet, const IpAddress& destination) {
  const MutableBytes message = packet->mutable_bytes();
  wire::IgmpLayout::Checksum::set(message, fold(packet_sum(*packet, 0)));
  wire::Ipv4OptionWriter options;
  STRATA_CHECK(options.add_router_alert());
  const Bytes written = options.bytes();
  copy_bytes(written, packet->prepend(written.size()));
  const ip::InterfaceAddress* own = interface.addresses->primary_v4();
  const std::size_t header = wire::Ipv4Layout::kSize + written.size();
  const std::size_t total = packet->size() + wire::Ipv4Layout::kSize;
  write(wire::Ipv4Header{.header_length = static_cast<std::uint8_t>(header),
                         .traffic_class = kInternetworkControl,
                         .total_length = static_cast<std::uint16_t>(total),
                         .dont_fragment = true,
                         .time_to_live = 1,
                         .protocol = wire::kIpProtocolIgmp,
                         .source = own == nullptr ? IpAddress::any_v4() : own->address,
                         .destination = destination},
        packet->prepend<wire::Ipv4Layout::kSize>());
  wire::set_ipv4_checksum(packet->mutable_bytes().first(header));
  ++core.counters.group_reports_sent;
  ++core.counters.ipv4_sent;
  send_frame(core, interface, MacAddress::for_multicast(destination), wire::kEtherTypeIpv4,
             std::move(packet));
}

// RFC 2710 3 and RFC 3810 5: hop limit 1, router alert, from a link-local address; RFC 3590 lets
// the unspecified address stand in while there is none.
void send_mld(Core& core, Interface& interface, PacketPtr packet, const IpAddress& destination) {
  const ip::InterfaceAddress* own = interface.addresses->link_local_v6();
  const IpAddress source = own != nullptr && own->is_usable() ? own->address : IpAddress{};
  const auto size = static_cast<std::uint32_t>(packet->size());
  const MutableBytes message = packet->mutable_bytes();
  wire::Icmpv6Layout::Checksum::set(
      message, fold(packet_sum(*packet, 0) +
                    wire::pseudo_header_sum(source, destination, wire::kIpProtocolIcmpv6, size)));
  constexpr std::size_t kHopByHop = 8;
  wire::Ipv6OptionWriter options(packet->prepend(kHopByHop), wire::kIpProtocolIcmpv6);
  STRATA_CHECK(options.add_router_alert());
  STRATA_CHECK(options.finish() == kHopByHop);
  write(wire::Ipv6Header{.payload_length = static_cast<std::uint16_t>(size + kHopByHop),
                         .next_header = wire::kIpProtocolHopByHop,
                         .hop_limit = 1,
                         .source = source,
                         .destination = destination},
        packet->prepend<wire::Ipv6Layout::kSize>());
  ++core.counters.group_reports_sent;
  ++core.counters.ipv6_sent;
  send_frame(core, interface, MacAddress::for_multicast(destination), wire::kEtherTypeIpv6,
             std::move(packet));
}

struct Sender {
  Core& core;
  Interface& interface;
  PacketPtr packet;

  void operator()(const multicast::SendIgmp& message) {
    append<wire::IgmpLayout>(*packet, message.header);
    send_igmp(core, interface, std::move(packet), message.destination);
  }
  void operator()(const multicast::SendMld& message) {
    append<wire::MldLayout>(*packet, message.header);
    send_mld(core, interface, std::move(packet), message.destination);
  }
  void operator()(const multicast::SendReport& message) {
    const auto count = static_cast<std::uint16_t>(message.records.size());
    if (message.destination.is_v4()) {
      append<wire::IgmpV3ReportLayout>(*packet, wire::IgmpV3ReportHeader{.record_count = count});
      append_records<wire::Ipv4Field>(*packet, message.records);
      return send_igmp(core, interface, std::move(packet), message.destination);
    }
    append<wire::MldV2ReportLayout>(*packet, wire::MldV2ReportHeader{.record_count = count});
    append_records<wire::Ipv6Field>(*packet, message.records);
    send_mld(core, interface, std::move(packet), message.destination);
  }
};

}  // namespace

void send_group_message(Core& core, Interface& interface, const multicast::Output& message,
                        Time /*now*/) {
  PacketPtr packet = core.pool.allocate();
  if (packet == nullptr) return core.drops.add(DropReason::kPoolEmpty);
  std::visit(Sender{core, interface, std::move(packet)}, message);
}

}  // namespace strata::stack
