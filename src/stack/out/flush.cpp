// SPDX-License-Identifier: Apache-2.0
#include "stack/out/flush.h"

#include <algorithm>

#include "stack/in/deliver_packet_sockets.h"
#include "stack/run_hooks.h"
#include "strata/wire/ethernet.h"

namespace strata::stack {
namespace {

// Packet sockets that hear others see what leaves, too.
void show_to_packet_sockets(Core& core, const Interface& port, const PacketBatch& batch) {
  if (!has_packet_sockets(core)) return;
  for (const Packet* packet : batch.packets()) {
    const auto frame = wire::EthernetView::parse(packet->bytes());
    deliver_to_packet_sockets(core, port, *packet, frame ? frame->type() : 0, false);
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

void flush_port(Core& core, Interface& port, Time now) {
  if (port.transmit_queue.empty() && port.refused.empty()) return;
  if (!port.device->is_up()) return drop_queued(core, port, DropReason::kDeviceFailed);
  serve_queues(core, port, now);
  const bool is_done = port.transmit_queue.empty() && port.refused.empty();
  port.retry_at = is_done ? std::nullopt : std::optional<Time>(now + kRetryInterval);
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
  core.for_each_interface([&](const Interface& port) {
    if (port.transmit_queue.empty() && port.refused.empty()) return;
    // What was queued since the last flush has not been tried yet.
    first = earlier(first, port.retry_at.value_or(Time::min()));
  });
  return first;
}

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
