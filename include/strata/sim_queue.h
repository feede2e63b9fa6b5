// SPDX-License-Identifier: Apache-2.0
// Queues of simulated links that keep delay short: CoDel (RFC 8289) and FQ-CoDel (RFC 8290).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "strata/sim_link.h"
#include "strata/time.h"

//   link.set_queue(sim::Direction::kAToB, sim::make_fq_codel({.marks = true}));

namespace strata::sim {

struct CodelConfig {
  Duration target = std::chrono::milliseconds(5);      // delay that is not yet too much
  Duration interval = std::chrono::milliseconds(100);  // about the longest round trip
  // Less than a frame of this size waiting is never too much (RFC 8289 4.4): the link's mtu.
  std::size_t frame_bytes = 1514;
  std::size_t packets_max = 1000;  // beyond it the newest is dropped
  // Packets that say they understand are marked (RFC 3168) where others are dropped.
  bool marks = false;
};

struct FqCodelConfig {
  CodelConfig codel{.packets_max = 10'240};  // of all flows together; the fattest pays
  std::size_t flows = 1024;                  // queues; flows that share one are one
  std::uint32_t quantum = 1514;              // bytes of a turn (RFC 8290 5.2.4)
  std::uint64_t seed = 1;                    // which flows share a queue
};

[[nodiscard]] std::unique_ptr<QueueDiscipline> make_codel(const CodelConfig& config);
[[nodiscard]] std::unique_ptr<QueueDiscipline> make_fq_codel(const FqCodelConfig& config);

}  // namespace strata::sim
