// SPDX-License-Identifier: Apache-2.0
#include "runtime/cores/whole_steering.h"

#include <algorithm>
#include <utility>

#include "strata/wire/ethernet.h"
#include "strata/wire/ethertype.h"
#include "strata/wire/vlan.h"

namespace strata::runtime {
namespace {

// False: there is no room in front.
bool put_link_header(Packet& packet, const DeviceCapabilities& device, const VlanTags& tags) {
  using wire::EthernetLayout;
  using wire::VlanLayout;
  if (device.medium == Medium::kIp) return true;
  const std::size_t size = EthernetLayout::kSize + tags.count * VlanLayout::kSize;
  if (!packet.is_writable() || packet.headroom() < size) return false;
  const bool is_v4 = std::to_integer<unsigned>(packet.bytes()[0]) >> 4U == 4;
  std::uint16_t type = is_v4 ? wire::kEtherTypeIpv4 : wire::kEtherTypeIpv6;
  for (std::size_t i = tags.count; i-- > 0;) {
    wire::VlanHeader tag;
    tag.id = tags.tags[i].id;
    tag.type = type;
    wire::write(tag, packet.prepend<VlanLayout::kSize>());
    type = tags.tags[i].tpid;
  }
  // Nobody learns from the source.
  wire::write({.destination = device.mac, .source = device.mac, .type = type},
              packet.prepend<EthernetLayout::kSize>());
  return true;
}

}  // namespace

void WholeSteering::add(InterfaceId interface, SteeredDevice& device, const VlanTags& tags) {
  ways_.push_back({interface, &device, tags});
}

PacketPtr WholeSteering::on_whole(PacketPtr packet) {
  const auto way = std::ranges::find(ways_, packet->notes().interface, &Way::interface);
  // Frames to groups and broadcasts are the front core's, which put this one together.
  if (way == ways_.end() || packet->notes().is_link_multicast) return packet;
  SteeredDevice& device = *way->device;
  const std::uint16_t home = device.crossbar().steering().core_of_ip(packet->bytes());
  if (home == device.core() || home == Steering::kEveryone) return packet;
  if (!put_link_header(*packet, device.capabilities(), way->tags)) return packet;
  // What the frame would have told: everything else is found out anew.
  const Time arrival = packet->notes().arrival;
  packet->notes() = PacketNotes{};
  packet->notes().arrival = arrival;
  packet->notes().is_reassembled = true;
  device.hand_over(std::move(packet), home);
  return nullptr;
}

}  // namespace strata::runtime
