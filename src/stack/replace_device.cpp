// SPDX-License-Identifier: Apache-2.0
#include "stack/replace_device.h"

#include <utility>

#include "stack/in/receive_frame.h"
#include "stack/interfaces.h"
#include "stack/out/fit_device.h"
#include "strata/wire/ethernet.h"

namespace strata::stack {
namespace {

constexpr std::size_t kIpv4MtuMin = 68;    // RFC 791 3.2
constexpr std::size_t kIpv6MtuMin = 1280;  // RFC 8200 5

bool speaks_ipv6(Core& core, Interface& port) {
  bool speaks = false;
  for_each_on(core, port, [&](const Interface& each) { speaks = speaks || each.has_ipv6; });
  return speaks;
}

void move_to_new_link(Interface& interface, const MacAddress& mac, Time now) {
  interface.mac = mac;
  interface.neighbors.tell().on_link_replaced(mac, now);
  interface.groups.tell().on_link_change(interface.is_up, now);
  // RFC 4861 6.3.7: other routers may be there.
  if (interface.is_up && interface.has_ipv6) interface.routers.tell().on_link_up(now);
}

// Frames that wait were written with the address we had.
PacketPtr from_here(Core& core, PacketPtr frame, const MacAddress& former, const MacAddress& mac) {
  using Source = wire::EthernetLayout::Source;
  if (former == mac || frame->slice_size() < wire::EthernetLayout::kSize) return frame;
  if (Source::get(frame->bytes()) != former) return frame;
  if (!frame->is_writable()) {
    PacketPtr own = frame->copy(core.pool);
    if (own == nullptr) {
      drop(core, std::move(frame), DropReason::kPoolEmpty);
      return nullptr;
    }
    frame = std::move(own);
  }
  Source::set(frame->mutable_bytes(), mac);
  return frame;
}

void refit(Core& core, Interface& port, PacketQueue& queue, const MacAddress& former) {
  PacketQueue waiting = std::move(queue);
  while (PacketPtr frame = waiting.pop()) {
    if (port.medium == Medium::kEthernet) {
      frame = from_here(core, std::move(frame), former, port.mac);
      if (frame == nullptr) continue;
    }
    const Interface* way = core.interface(frame->notes().interface);
    shorten_segments(*frame, way == nullptr ? port.mtu : way->mtu);
    fit_to_device(core, port.capabilities(), std::move(frame), queue);
  }
}

}  // namespace

Result<void> replace_device(Core& core, Interface& port, Device& device, Time now) {
  const DeviceCapabilities& capabilities = device.capabilities();
  if (capabilities.medium != port.medium || capabilities.mtu < kIpv4MtuMin) {
    return std::unexpected(Error::kInvalidArgument);
  }
  if (capabilities.mtu < kIpv6MtuMin && speaks_ipv6(core, port)) {
    return std::unexpected(Error::kNotSupported);
  }
  const MacAddress former = port.mac;
  const MacAddress mac = port.keeps_mac ? former : capabilities.mac;
  port.device = &device;
  fit_interface_mtus(core, port);
  for_each_on(core, port, [&](Interface& each) { move_to_new_link(each, mac, now); });
  refit(core, port, port.refused, former);
  refit(core, port, port.transmit_queue, former);
  port.retry_at.reset();
  return {};
}

// What it holds was sent to the address that we had, under the limits that it has. Nothing is sent
// from inside, so that nobody sees it in the place of the new device.
bool receive_from(Core& core, Interface& port, Device& former, Time now) {
  PacketBatch batch;
  former.receive(core.pool, batch);
  if (batch.empty()) return false;
  const MacAddress mac = port.mac;
  Device* const device = std::exchange(port.device, &former);
  if (!port.keeps_mac) port.mac = former.capabilities().mac;
  receive_frames(core, port, batch, now);
  port.device = device;
  port.mac = mac;
  return true;
}

}  // namespace strata::stack
