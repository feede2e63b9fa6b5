// SPDX-License-Identifier: Apache-2.0
// RateMeter: what a link of a paced world really carried while it was busy.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "strata/sim_link.h"

// Two frames that arrive as far apart as the second one takes to be sent left back to back: the
// link was busy between them. Over such stretches bits are counted, against the world's time and
// against the machine's. Short ones are left out: there it is lateness that would be told, and not
// the rate. Links without a rate, and those whose jitter moves arrivals, have none.

namespace strata::service {

class RateMeter final : public sim::Tap {
 public:
  struct Busy {
    std::uint64_t frames = 0;
    std::uint64_t bits = 0;
    Duration asked{}, took{};  // what the link should have needed, and what it did
  };

  static constexpr Duration kStretchMin = std::chrono::milliseconds(100);

  explicit RateMeter(Time (*clock)()) : clock_(clock) {}
  void on_frame(const sim::Sighting& sighting) override;
  // The machine's clock went on by so much while the world did not: no link is to blame.
  void stand_still(Duration duration);
  [[nodiscard]] Busy busy(sim::Direction direction) const;

 private:
  struct Way {
    Busy busy;                 // stretches that are over
    Busy stretch;              // and the one that may go on
    Time last{}, last_seen{};  // arrival: of the world, of the machine
    bool has_last = false;
  };
  Time (*clock_)();
  std::array<Way, 2> ways_;
};

}  // namespace strata::service
