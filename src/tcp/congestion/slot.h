// SPDX-License-Identifier: Apache-2.0
// CongestionSlot: the place in a connection where its congestion control lives.
//
// 1. There is always an algorithm in it: Reno, which needs no memory, until another is chosen.
// 2. An algorithm chosen later takes over cwnd and ssthresh and learns the rest anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include "strata/memory.h"
#include "tcp/congestion.h"

namespace strata::tcp::congestion {

class CongestionSlot {
 public:
  explicit CongestionSlot(const StartEvent& start);
  CongestionSlot(const CongestionSlot&) = delete;
  CongestionSlot& operator=(const CongestionSlot&) = delete;
  ~CongestionSlot() { control().release(); }

  // Before anything was sent: begins as `start` says. False: Memory has no room for the state, and
  // the slot is as before.
  [[nodiscard]] bool try_start(const Algorithm& algorithm, Memory& memory, const StartEvent& start);
  // At any time later, between events: cwnd and ssthresh of `start` are replaced by the present
  // ones.
  [[nodiscard]] bool try_change(const Algorithm& algorithm, Memory& memory, StartEvent start);

  [[nodiscard]] CongestionControl& control() {
    return *std::launder(reinterpret_cast<CongestionControl*>(place_));
  }
  [[nodiscard]] const CongestionControl& control() const {
    return *std::launder(reinterpret_cast<const CongestionControl*>(place_));
  }
  [[nodiscard]] CongestionControl* operator->() { return &control(); }
  [[nodiscard]] const CongestionControl* operator->() const { return &control(); }

 private:
  alignas(std::uint64_t) std::byte place_[kCongestionBytes];
};
static_assert(sizeof(CongestionSlot) == kCongestionBytes);

}  // namespace strata::tcp::congestion
