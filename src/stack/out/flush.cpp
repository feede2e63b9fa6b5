// SPDX-License-Identifier: Apache-2.0
#include "stack/out/flush.h"

#include <algorithm>

#include "stack/in/deliver_packet_sockets.h"
#include "stack/out/send_frame.h"
#include "stack/run_hooks.h"
#include "strata/wire/ethernet.h"

namespace strata::stack {
namespace {

std::uint16_t ethertype_of(const Interface& port, const Packet& packet) {
  // A hook may have left anything.
  if (port.medium == Medium::kIp) {
    return packet.bytes().empty() ? std::uint16_t{0} : ethertype_of_ip(packet);
  }
  const auto frame = wire::EthernetView::parse(packet.bytes());
  return frame ? frame->type() : std::uint16_t{0};
}

// Packet sockets that hear others see what leaves, too.
void show_to_packet_sockets(Core& core, const Interface& port, const PacketBatch& batch) {
  if (!has_packet_sockets(core)) return;
  for (const Packet* packet : batch.packets()) {
    deliver_to_packet_sockets(core, port, *packet, ethertype_of(port, *packet), false);
  }
}

void fill(PacketBatch& batch, PacketQueue& queue, std::size_t count) {
  while (batch.size() < count && !queue.empty()) batch.push(queue.pop());
}

// False when the device did not take all. What is left goes out first next time, and hooks do not
// see it again.
bool transmit(Interface& port, PacketBatch& batch) {
  port.device->transmit(batch);
  if (batch.empty()) return true;
  PacketQueue left;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (PacketPtr packet = batch.take(i)) left.push(std::move(packet));
  }
  batch.clear();
  while (PacketPtr packet = port.refused.pop()) left.push(std::move(packet));
  port.refused = std::move(left);
  return port.refused.empty();
}

// A device cannot tell when it has room again, so it is asked this often.
constexpr Duration kRetryInterval = std::chrono::milliseconds(1);

void serve_queues(Core& core, Interface& port, Time now) {
  while (!port.refused.empty() || !port.transmit_queue.empty()) {
    const std::size_t count = std::min(port.device->room(), PacketBatch::kCapacity);
    if (count == 0) return;
    PacketBatch batch;
    if (port.refused.empty()) {
      fill(batch, port.transmit_queue, count);
      if (has_hooks(core, HookPoint::kFrameOut)) run_hooks(core, HookPoint::kFrameOut, batch, now);
      if (!core.drop_watchers.empty()) core.drop_watchers.end_step(now);
      show_to_packet_sockets(core, port, batch);
    } else {
      fill(batch, port.refused, count);
    }
    if (!batch.empty() && !transmit(port, batch)) return;
  }
}

bool has_queued(const Interface& port) {
  return !port.transmit_queue.empty() || !port.refused.empty();
}

// A router has many ports, and what comes through one leaves through another.
template <typename Visit>
void for_each_queued(const Core& core, Visit visit) {
  for (std::size_t i = 0; i < core.interfaces.size() && core.queued_ports != 0; ++i) {
    if (!core.may_have_queued(i + 1)) continue;
    Interface* const port = core.interfaces[i];
    if (port != nullptr && port->device != nullptr) visit(*port);
  }
}

// What was noted of ports that have nothing any more.
void forget_flushed(Core& core) {
  std::uint64_t left = 0;
  for_each_queued(core, [&](const Interface& port) {
    if (has_queued(port) || port.was_full) left |= std::uint64_t{1} << port.id % Core::kQueuedBits;
  });
  core.queued_ports = left;
}

void flush_port(Core& core, Interface& port, Time now) {
  if (!has_queued(port)) return;
  if (!port.device->is_up()) return drop_queued(core, port, DropReason::kDeviceFailed);
  serve_queues(core, port, now);
  port.retry_at = has_queued(port) ? std::optional<Time>(now + kRetryInterval) : std::nullopt;
}

void tell_those_who_wait_for_room(Core& core) {
  core.somebody_waits_for_room = false;
  core.udp.for_each([&](udp::Socket& socket) { core.ready.add(socket.ready, {.writable = true}); });
  core.echo.for_each(
      [&](icmp::EchoSocket& socket) { core.ready.add(socket.ready, {.writable = true}); });
  auto& raw = core.raw.raw;
  for (Index i = raw.next_used(0); i != kNoIndex; i = raw.next_used(i + 1)) {
    core.ready.add(raw[i].ready, {.writable = true});
  }
}

}  // namespace

void drop_queued(Core& core, Interface& port, DropReason reason) {
  for (PacketQueue* queue : {&port.refused, &port.transmit_queue}) {
    while (PacketPtr packet = queue->pop()) drop(core, std::move(packet), reason);
  }
  port.retry_at.reset();
}

std::optional<Time> next_flush(const Core& core) {
  std::optional<Time> first;
  for_each_queued(core, [&](const Interface& port) {
    if (!has_queued(port)) return;
    // What was queued since the last flush has not been tried yet.
    first = earlier(first, port.retry_at.value_or(Time::min()));
  });
  return first;
}

void flush_ports(Core& core, Time now) {
  bool room_again = false;
  for_each_queued(core, [&](Interface& port) {
    flush_port(core, port, now);
    if (port.was_full && port.transmit_queue.size() <= core.config.transmit_queue_max / 2) {
      port.was_full = false;
      room_again = true;
    }
  });
  forget_flushed(core);
  Interface* loopback = core.interface(kLoopbackId);
  if (loopback->was_full && core.loopback.size() <= core.config.transmit_queue_max / 2) {
    loopback->was_full = false;
    room_again = true;
  }
  if (room_again && core.somebody_waits_for_room) tell_those_who_wait_for_room(core);
}

}  // namespace strata::stack
