// SPDX-License-Identifier: Apache-2.0
// Faults: what happens to each frame of one direction of a link, drawn from a stream a fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "strata/packet.h"
#include "strata/rng.h"
#include "strata/sim_link.h"
#include "strata/time.h"

namespace strata::sim {

struct Fate {
  LinkDrop drop = LinkDrop::kNone;
  bool is_corrupted = false;
  bool is_duplicated = false;
  bool is_held_back = false;
  Duration extra_delay{};  // jitter, and being held back
};

class Faults {
 public:
  Faults(std::uint64_t world_seed, std::string_view link, Direction direction);

  // Streams and states go on; only the figures change. The configuration must outlive the next
  // call of this.
  void configure(const LinkConfig& config);

  // Once for each frame that gets the wire.
  [[nodiscard]] Fate next();
  void corrupt(Packet& frame);

 private:
  [[nodiscard]] LinkDrop next_loss();
  [[nodiscard]] bool is_listed();
  [[nodiscard]] bool is_lost_in_burst();
  [[nodiscard]] bool is_held_back();

  const LinkConfig* config_ = nullptr;
  std::uint64_t position_ = 0;    // of the next frame on the wire
  std::size_t next_listed_ = 0;   // in LinkConfig::lost_frames
  std::uint32_t since_held_ = 0;  // frames since the last that reorder_every held back
  bool is_bad_ = false;           // Gilbert-Elliott's state
  Rng loss_, burst_state_, burst_loss_, duplication_, corruption_, corrupted_bits_, reordering_,
      jitter_;
};

}  // namespace strata::sim
