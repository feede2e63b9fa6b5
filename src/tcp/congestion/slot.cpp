// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/slot.h"

#include "strata/check.h"
#include "tcp/congestion/reno.h"

namespace strata::tcp::congestion {
namespace {

// Reno takes nothing of Memory, so it gets one that has nothing.
class NoMemory final : public Memory {
 public:
  [[nodiscard]] void* allocate(std::size_t, std::size_t) override { return nullptr; }
  void release(void*, std::size_t, std::size_t) override {}
};

}  // namespace

CongestionSlot::CongestionSlot(const StartEvent& start) {
  NoMemory memory;
  STRATA_CHECK((::new (place_) Reno)->try_start(memory, start));
}

bool CongestionSlot::try_start(const Algorithm& algorithm, Memory& memory,
                               const StartEvent& start) {
  alignas(std::uint64_t) std::byte place[kCongestionBytes];
  CongestionControl* const chosen = algorithm.construct(place);
  // control() finds the face at the beginning of the object.
  STRATA_CHECK(static_cast<void*>(chosen) == place);
  if (!chosen->try_start(memory, start)) return false;
  control().release();
  algorithm.copy(place_, *chosen);
  return true;
}

bool CongestionSlot::try_change(const Algorithm& algorithm, Memory& memory, StartEvent start) {
  start.initial_window = control().cwnd();
  start.ssthresh = control().ssthresh();
  return try_start(algorithm, memory, start);
}

}  // namespace strata::tcp::congestion
