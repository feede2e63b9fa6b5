// SPDX-License-Identifier: Apache-2.0
// A queue that marks instead of dropping: CE from a threshold on (RFC 3168 5), as for DCTCP.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/queue/flow.h"
#include "strata/packet_batch.h"
#include "strata/sim_link.h"

namespace strata::sim::tcp_test {

class MarkingQueue final : public QueueDiscipline {
 public:
  MarkingQueue(std::size_t packets_max, std::size_t mark_from)
      : packets_max_(packets_max), mark_from_(mark_from) {}

  void enqueue(PacketPtr frame, Time /*now*/, Drops& drops) override {
    const bool is_full = frames_.size() >= packets_max_;
    if (is_full) return drops.drop(std::move(frame));
    if (frames_.size() >= mark_from_ && mark_congestion(*frame)) ++marked_;
    bytes_ += frame->size();
    frames_.push(std::move(frame));
  }
  PacketPtr dequeue(Time /*now*/, Drops& /*drops*/) override {
    if (frames_.empty()) return nullptr;
    PacketPtr frame = frames_.pop();
    bytes_ -= frame->size();
    return frame;
  }
  [[nodiscard]] std::size_t packets() const override { return frames_.size(); }
  [[nodiscard]] std::size_t bytes() const override { return bytes_; }
  [[nodiscard]] std::size_t room() const override { return packets_max_ - frames_.size(); }
  [[nodiscard]] std::uint64_t marked() const { return marked_; }

 private:
  std::size_t packets_max_, mark_from_;
  std::size_t bytes_ = 0;
  std::uint64_t marked_ = 0;
  PacketQueue frames_;
};

}  // namespace strata::sim::tcp_test
