// SPDX-License-Identifier: Apache-2.0
// TailDrop: first in, first out, and what does not fit is dropped.
#pragma once

#include <cstddef>

#include "strata/packet_batch.h"
#include "strata/sim_link.h"

namespace strata::sim {

class TailDrop final : public QueueDiscipline {
 public:
  // `frame_bytes_max` is what room() takes for a full-sized frame.
  TailDrop(std::size_t packets_max, std::size_t bytes_max, std::size_t frame_bytes_max)
      : packets_max_(packets_max), bytes_max_(bytes_max), frame_bytes_max_(frame_bytes_max) {}

  // What waits stays, even when it is now too much.
  void set_limits(std::size_t packets_max, std::size_t bytes_max, std::size_t frame_bytes_max);

  void enqueue(PacketPtr frame, Time now, Drops& drops) override;
  [[nodiscard]] PacketPtr dequeue(Time now, Drops& drops) override;
  [[nodiscard]] std::size_t packets() const override { return frames_.size(); }
  [[nodiscard]] std::size_t bytes() const override { return bytes_; }
  [[nodiscard]] std::size_t room() const override;

 private:
  std::size_t packets_max_;
  std::size_t bytes_max_;
  std::size_t frame_bytes_max_;
  std::size_t bytes_ = 0;
  PacketQueue frames_;
};

}  // namespace strata::sim
