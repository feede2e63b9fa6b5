// SPDX-License-Identifier: Apache-2.0
#include "stack/out/nd_messages.h"

#include "stack/out/send_frame.h"
#include "stack/out/send_ip.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/nd.h"

namespace strata::stack {
namespace {

// RFC 4861 4: every message leaves with hop limit 255.
constexpr std::uint8_t kNdHopLimit = 255;

template <typename Header, typename Layout>
PacketPtr begin_message(Core& core, const Header& header) {
  PacketPtr packet = core.pool.allocate();
  if (packet == nullptr) {
    core.drops.add(DropReason::kPoolEmpty);
    return nullptr;
  }
  write(header, packet->append(Layout::kSize).template first<Layout::kSize>());
  return packet;
}

void append_link_layer(Packet& packet, wire::NdOptionType type, const MacAddress& mac) {
  constexpr std::size_t kSize = wire::LinkLayerAddressLayout::kSize;
  write(wire::LinkLayerAddressOption{.type = type, .address = mac},
        packet.append(kSize).first<kSize>());
}

// Sends to a known link-layer address, or through the neighbour cache when there is none.
void send_message(Core& core, Interface& interface, PacketPtr packet, const IpAddress& source,
                  const IpAddress& destination, const std::optional<MacAddress>& mac, Time now) {
  const Departure departure{.interface = &interface,
                            .next_hop = destination,
                            .source = source,
                            .destination = destination,
                            .mtu = interface.ipv6_mtu,
                            .hop_limit = kNdHopLimit,
                            .protocol = wire::kIpProtocolIcmpv6};
  finish_icmp_checksum(*packet, departure);
  ++core.counters.nd_sent;
  const std::size_t payload = packet->size();
  write(wire::Ipv6Header{.payload_length = static_cast<std::uint16_t>(payload),
                         .next_header = wire::kIpProtocolIcmpv6,
                         .hop_limit = kNdHopLimit,
                         .source = source,
                         .destination = destination},
        packet->prepend<wire::Ipv6Layout::kSize>());
  ++core.counters.ipv6_sent;
  if (mac) {
    send_frame(core, interface, *mac, wire::kEtherTypeIpv6, std::move(packet));
  } else {
    send_to_next_hop(core, interface, std::move(packet), destination, now);
  }
}

}  // namespace

void send_solicitation(Core& core, Interface& interface, const neighbor::SendSolicitation& message,
                       Time now) {
  PacketPtr packet =
      begin_message<wire::NeighborSolicitationHeader, wire::NeighborSolicitationLayout>(
          core, {.target = message.target});
  if (packet == nullptr) return;
  if (!message.source.is_unspecified()) {
    append_link_layer(*packet, wire::NdOptionType::kSourceLinkLayerAddress, interface.mac);
  }
  if (message.nonce) wire::write_nonce(*message.nonce, packet->append(8));
  send_message(core, interface, std::move(packet), message.source, message.destination,
               message.destination_mac, now);
}

void send_advertisement(Core& core, Interface& interface,
                        const neighbor::SendAdvertisement& message, Time now) {
  PacketPtr packet =
      begin_message<wire::NeighborAdvertisementHeader, wire::NeighborAdvertisementLayout>(
          core, {.router = core.config.forward_ipv6,
                 .solicited = message.is_solicited,
                 .override_cached = message.is_override,
                 .target = message.target});
  if (packet == nullptr) return;
  append_link_layer(*packet, wire::NdOptionType::kTargetLinkLayerAddress, interface.mac);
  send_message(core, interface, std::move(packet), message.source, message.destination,
               message.destination_mac, now);
}

void send_router_solicitation(Core& core, Interface& interface, Time now) {
  const ip::InterfaceAddress* own = interface.addresses->link_local_v6();
  const bool is_known = own != nullptr && own->is_usable();
  PacketPtr packet =
      begin_message<wire::RouterSolicitationHeader, wire::RouterSolicitationLayout>(core, {});
  if (packet == nullptr) return;
  // RFC 4861 4.1: the option must not be there when the source is unspecified.
  if (is_known && interface.medium == Medium::kEthernet) {
    append_link_layer(*packet, wire::NdOptionType::kSourceLinkLayerAddress, interface.mac);
  }
  const IpAddress routers = IpAddress::all_routers_v6();
  send_message(core, interface, std::move(packet), is_known ? own->address : IpAddress{}, routers,
               MacAddress::for_multicast(routers), now);
}

}  // namespace strata::stack
