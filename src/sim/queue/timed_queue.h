// SPDX-License-Identifier: Apache-2.0
// TimedQueue: packets first in first out that know since when they wait.
#pragma once

#include <cstddef>
#include <utility>

#include "strata/packet_batch.h"
#include "strata/time.h"

namespace strata::sim {

class TimedQueue {
 public:
  void push(PacketPtr packet, Time now) {
    packet->notes().arrival = now;
    bytes_ += packet->size();
    packets_.push(std::move(packet));
  }
  [[nodiscard]] PacketPtr pop() {
    PacketPtr packet = packets_.pop();
    if (packet != nullptr) bytes_ -= packet->size();
    return packet;
  }
  [[nodiscard]] std::size_t packets() const { return packets_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  PacketQueue packets_;
  std::size_t bytes_ = 0;
};

}  // namespace strata::sim
