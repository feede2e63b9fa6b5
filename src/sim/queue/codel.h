// SPDX-License-Identifier: Apache-2.0
// Codel: one queue, first in first out, under CoDel's law (RFC 8289).
#pragma once

#include <cstddef>

#include "sim/queue/codel_law.h"
#include "sim/queue/timed_queue.h"
#include "strata/sim_queue.h"

namespace strata::sim {

class Codel final : public QueueDiscipline {
 public:
  explicit Codel(const CodelConfig& config) : config_(config), law_(config_) {}
  Codel(const Codel&) = delete;
  Codel& operator=(const Codel&) = delete;

  void enqueue(PacketPtr frame, Time now, Drops& drops) override;
  [[nodiscard]] PacketPtr dequeue(Time now, Drops& drops) override;
  [[nodiscard]] std::size_t packets() const override { return queue_.packets(); }
  [[nodiscard]] std::size_t bytes() const override { return queue_.bytes(); }
  [[nodiscard]] std::size_t room() const override { return config_.packets_max - packets(); }

 private:
  CodelConfig config_;
  TimedQueue queue_;
  CodelLaw law_;
};

}  // namespace strata::sim
