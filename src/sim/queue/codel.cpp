// SPDX-License-Identifier: Apache-2.0
#include "sim/queue/codel.h"

#include <utility>

#include "sim/queue/flow.h"

namespace strata::sim {

void Codel::enqueue(PacketPtr frame, Time now, Drops& drops) {
  if (queue_.packets() >= config_.packets_max) {
    drops.drop(std::move(frame));
    return;
  }
  queue_.push(std::move(frame), now);
}

PacketPtr Codel::dequeue(Time now, Drops& drops) {
  return law_.dequeue(queue_, now, [&](PacketPtr frame) -> PacketPtr {
    if (config_.marks && mark_congestion(*frame)) return frame;
    drops.drop(std::move(frame));
    return nullptr;
  });
}

std::unique_ptr<QueueDiscipline> make_codel(const CodelConfig& config) {
  return std::make_unique<Codel>(config);
}

}  // namespace strata::sim
