// SPDX-License-Identifier: Apache-2.0
// TimerQueue: deadlines in order, each with a task; those of one moment in the order of starting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "strata/executor.h"
#include "strata/time.h"

// A binary heap of slot numbers over (deadline, sequence). A slot knows its place in the heap, so
// that cancelling takes the timer out at once and nothing that was cancelled is ever looked at
// again. A slot's generation moves on when it is freed: an old TimerId finds nothing.

namespace strata::runtime {

class TimerQueue {
 public:
  [[nodiscard]] TimerId start(Time deadline, Task task);
  bool cancel(TimerId timer);
  [[nodiscard]] std::optional<Time> next_deadline() const;
  [[nodiscard]] std::size_t size() const { return slots_.size() - free_.size(); }

  // Moves the timers that are due at `now` to the end of `due`, in order. Until take() they can
  // still be cancelled.
  void collect_due(Time now, std::vector<TimerId>& due);
  // The task of a collected timer; empty when it was cancelled meanwhile.
  [[nodiscard]] Task take(TimerId timer);

 private:
  static constexpr std::uint32_t kNotInHeap = UINT32_MAX;

  struct Slot {
    Task task;
    Time deadline{};
    std::uint64_t sequence = 0;
    std::uint32_t generation = 0;
    std::uint32_t place = kNotInHeap;
    bool is_used = false;
  };

  [[nodiscard]] bool is_before(std::uint32_t a, std::uint32_t b) const;
  [[nodiscard]] Slot* find(TimerId timer);
  void put(std::uint32_t place, std::uint32_t slot);
  void rise(std::uint32_t place);
  void sink(std::uint32_t place);
  void leave_heap(Slot& slot);
  void free_slot(std::uint32_t index);

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> heap_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace strata::runtime
