// SPDX-License-Identifier: Apache-2.0
// Tasks: what applications posted and what their timers run, on virtual time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/deadline_heap.h"
#include "strata/executor.h"
#include "strata/time.h"

namespace strata::sim {

// Whose stack a task may have given work: the index of a node, or the whole world.
using TaskOwner = std::uint32_t;
inline constexpr TaskOwner kWorldOwner = 0xffff'ffff;

// 1. Tasks run in the order of posting, timers in the order of deadline and then of starting.
// 2. What a task posts or starts runs in a later turn: run_timers() and run_posted() only run
//    what was there when they were called.
class Tasks {
 public:
  void post(Task task, TaskOwner owner);
  // `deadline` is not before the present.
  TimerId start_timer(Time deadline, std::uint64_t order, Task task, TaskOwner owner);
  bool cancel_timer(TimerId timer);

  [[nodiscard]] bool has_posted() const { return !posted_.empty(); }
  [[nodiscard]] std::size_t count() const {
    return posted_.size() + timers_.size() - free_timers_.size();
  }
  [[nodiscard]] std::optional<Time> next_deadline() const {
    if (deadlines_.empty()) return std::nullopt;
    return deadlines_.top().at;
  }

  // Runs the timers that are due and were started before `order`, then tells whose they were.
  template <typename OnRun>
  void run_timers(Time now, std::uint64_t order, OnRun on_run) {
    while (!deadlines_.empty()) {
      const DeadlineHeap::Entry first = deadlines_.top();
      if (first.at > now || first.order >= order) return;
      const TaskOwner owner = timers_[first.index].owner;
      Task task = take_timer(first.index);
      task();
      on_run(owner);
    }
  }
  template <typename OnRun>
  void run_posted(OnRun on_run) {
    running_.swap(posted_);
    for (Posted& posted : running_) {
      posted.task();
      on_run(posted.owner);
    }
    running_.clear();
  }

  // Destroys everything that has not run, and what that posts in turn.
  void clear();

 private:
  struct Posted {
    Task task;
    TaskOwner owner = kWorldOwner;
  };
  struct Timer {
    Task task;
    TaskOwner owner = kWorldOwner;
    std::uint32_t generation = 0;
  };

  [[nodiscard]] Task take_timer(std::uint32_t index);

  std::vector<Posted> posted_;
  std::vector<Posted> running_;  // empty but in run_posted()
  std::vector<Timer> timers_;
  std::vector<std::uint32_t> free_timers_;
  DeadlineHeap deadlines_;
};

}  // namespace strata::sim
