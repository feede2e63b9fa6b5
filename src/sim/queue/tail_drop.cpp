// SPDX-License-Identifier: Apache-2.0
#include "sim/queue/tail_drop.h"

#include <algorithm>
#include <utility>

namespace strata::sim {

void TailDrop::set_limits(std::size_t packets_max, std::size_t bytes_max,
                          std::size_t frame_bytes_max) {
  packets_max_ = packets_max;
  bytes_max_ = bytes_max;
  frame_bytes_max_ = frame_bytes_max;
}

void TailDrop::enqueue(PacketPtr frame, Time /*now*/, Drops& drops) {
  const std::size_t size = frame->size();
  const bool has_bytes = bytes_ <= bytes_max_ && size <= bytes_max_ - bytes_;
  if (frames_.size() >= packets_max_ || !has_bytes) {
    drops.drop(std::move(frame));
    return;
  }
  bytes_ += size;
  frames_.push(std::move(frame));
}

PacketPtr TailDrop::dequeue(Time /*now*/, Drops& /*drops*/) {
  if (frames_.empty()) return nullptr;
  PacketPtr frame = frames_.pop();
  bytes_ -= frame->size();
  return frame;
}

std::size_t TailDrop::room() const {
  const std::size_t packets = packets_max_ - std::min(frames_.size(), packets_max_);
  const std::size_t bytes = bytes_max_ - std::min(bytes_, bytes_max_);
  return std::min(packets, bytes / frame_bytes_max_);
}

}  // namespace strata::sim
