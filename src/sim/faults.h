// SPDX-License-Identifier: Apache-2.0
// Faults: what happens to each frame of one direction of a link, drawn from a stream a fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

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
  std::uint64_t bits_seed = 0;  // which bits are flipped
  Duration extra_delay{};       // jitter, which may be less than nothing, and being held back
};

class Faults {
 public:
  Faults(std::uint64_t world_seed, std::string_view link, Direction direction);

  // Streams and states go on; only the figures change. The configuration must outlive the next
  // call of this.
  void configure(const LinkConfig& config);

  // Once for each frame that gets the wire.
  [[nodiscard]] Fate next() {
    if (!is_faultless_) return draw();
    ++position_;
    return {};
  }
  void corrupt(Packet& frame, const Fate& fate) const;
  // Faults that strike are added to `into` from now on.
  void record(std::vector<FrameFault>& into) { record_ = &into; }

 private:
  // What is listed for one frame.
  struct Listed {
    bool is_lost = false;
    const FrameFault* corrupted = nullptr;
    const FrameFault* duplicated = nullptr;
    const FrameFault* held = nullptr;
  };
  [[nodiscard]] Fate draw();
  [[nodiscard]] Listed take_listed();
  [[nodiscard]] LinkDrop next_loss(bool is_listed);
  [[nodiscard]] Duration next_jitter();
  void hold_back(Fate& fate, Duration delay);
  void note(FrameFault::Kind kind, std::uint64_t bits_seed = 0, Duration delay = {}) const;
  [[nodiscard]] bool is_lost_in_burst();
  [[nodiscard]] bool is_held_back();

  const LinkConfig* config_ = nullptr;
  bool is_faultless_ = false;     // nothing is drawn, counted or listed for any frame
  std::uint64_t position_ = 0;    // of the next frame on the wire
  std::size_t next_listed_ = 0;   // in LinkConfig::lost_frames
  std::size_t next_fault_ = 0;    // in LinkConfig::frame_faults
  std::uint32_t since_held_ = 0;  // frames since the last that reorder_every held back
  bool is_bad_ = false;           // Gilbert-Elliott's state
  std::vector<FrameFault>* record_ = nullptr;
  Rng loss_, burst_state_, burst_loss_, duplication_, corruption_, corrupted_bits_, reordering_,
      jitter_;
};

}  // namespace strata::sim
