// SPDX-License-Identifier: Apache-2.0
#include "sim/device.h"

#include "sim/channel.h"

namespace strata::sim {
namespace {

// A device without backpressure takes everything; what is too much, the queue of its link drops.
constexpr std::size_t kAmpleRoom = 65536;

}  // namespace

LinkDevice::LinkDevice(Port& port, bool vouches_for_bytes) : port_(port) {
  capabilities_.mtu = port.out().config().mtu;
  capabilities_.mac = port.node().mac(port.number());
  capabilities_.vouches_for_bytes = vouches_for_bytes;
}

void LinkDevice::receive(PacketPool& /*pool*/, PacketBatch& batch) {
  while (batch.room() != 0 && !arrived_.empty()) {
    PacketPtr frame = arrived_.pop();
    ++counters_.received_packets;
    counters_.received_bytes += frame->size();
    batch.push(std::move(frame));
  }
}

std::size_t LinkDevice::room() const {
  return port_.out().config().backpressure ? port_.out().room() : kAmpleRoom;
}

void LinkDevice::transmit(PacketBatch& batch) {
  std::size_t sent = 0;
  for (; sent < batch.size() && room() != 0; ++sent) {
    PacketPtr frame = batch.take(sent);
    if (frame == nullptr) continue;
    ++counters_.sent_packets;
    counters_.sent_bytes += frame->size();
    port_.out().send(std::move(frame));
  }
  batch.compact();
}

}  // namespace strata::sim
