// SPDX-License-Identifier: Apache-2.0
#include "stack/flush.h"

#include <algorithm>

#include "stack/deliver_packet_sockets.h"
#include "stack/run_hooks.h"
#include "strata/wire/ethernet.h"

namespace strata::stack {
namespace {

// Packet sockets that hear others see what leaves, too.
void show_to_packet_sockets(Core& core, const Interface& port, const PacketBatch& batch) {
  if (core.raw.packet.empty()) [[likely]] return;
  for (const Packet* packet : batch.packets()) {
    const auto frame = wire::EthernetView::parse(packet->bytes());
    deliver_to_packet_sockets(core, port, *packet, frame ? frame->type() : 0, false);
  }
}

// What the device did not take goes back to the front of its queue.
void put_back(Interface& port, PacketBatch& batch) {
  PacketQueue rest;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (PacketPtr packet = batch.take(i)) rest.push(std::move(packet));
  }
  batch.compact();
  while (PacketPtr packet = port.transmit_queue.pop()) rest.push(std::move(packet));
  port.transmit_queue = std::move(rest);
}

void flush_port(Core& core, Interface& port, Time now) {
  Device& device = *port.device;
  while (!port.transmit_queue.empty()) {
    const std::size_t count = std::min(device.room(), PacketBatch::kCapacity);
    if (count == 0) return;
    PacketBatch batch;
    while (batch.size() < count && !port.transmit_queue.empty()) {
      batch.push(port.transmit_queue.pop());
    }
    run_hooks(core, HookPoint::kFrameOut, batch, now);
    if (batch.empty()) continue;
    show_to_packet_sockets(core, port, batch);
    device.transmit(batch);
    if (!batch.empty()) return put_back(port, batch);
  }
}

void tell_those_who_wait_for_room(Core& core) {
  core.somebody_waits_for_room = false;
  core.udp.for_each([&](udp::Socket& socket) { core.ready.add(socket.ready, {.writable = true}); });
  core.echo.for_each(
      [&](icmp::EchoSocket& socket) { core.ready.add(socket.ready, {.writable = true}); });
}

}  // namespace

void flush_ports(Core& core, Time now) {
  bool room_again = false;
  core.for_each_interface([&](Interface& port) {
    if (port.device == nullptr) return;
    flush_port(core, port, now);
    if (port.was_full && port.transmit_queue.size() <= core.config.transmit_queue_max / 2) {
      port.was_full = false;
      room_again = true;
    }
  });
  Interface* loopback = core.interface(kLoopbackId);
  if (loopback->was_full && core.loopback.size() <= core.config.transmit_queue_max / 2) {
    loopback->was_full = false;
    room_again = true;
  }
  if (room_again && core.somebody_waits_for_room) tell_those_who_wait_for_room(core);
}

}  // namespace strata::stack
