// SPDX-License-Identifier: Apache-2.0
// TraceCursor: which opportunities of a recorded line its frames have taken.
#pragma once

#include <cstddef>
#include <cstdint>

#include "strata/sim_link.h"
#include "strata/time.h"

namespace strata::sim {

// Opportunities are counted over all rounds of the trace. Bytes of one that no frame wanted at its
// instant are gone.
class TraceCursor {
 public:
  // When the last byte of a frame that gets the wire at `now` has left.
  [[nodiscard]] Time take(const RateTrace& trace, Time now, std::size_t frame_bytes);

 private:
  std::uint64_t next_ = 0;  // the first opportunity that nobody had
  Time at_{};               // of the one before it
  std::size_t left_ = 0;    // bytes of that one
};

}  // namespace strata::sim
