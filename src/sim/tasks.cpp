// SPDX-License-Identifier: Apache-2.0
#include "sim/tasks.h"

#include <utility>

namespace strata::sim {

void Tasks::post(Task task, TaskOwner owner) { posted_.push_back({std::move(task), owner}); }

TimerId Tasks::start_timer(Time deadline, std::uint64_t order, Task task, TaskOwner owner) {
  if (free_timers_.empty()) {
    free_timers_.push_back(static_cast<std::uint32_t>(timers_.size()));
    timers_.emplace_back();
  }
  const std::uint32_t index = free_timers_.back();
  free_timers_.pop_back();
  Timer& timer = timers_[index];
  timer.task = std::move(task);
  timer.owner = owner;
  deadlines_.set(index, deadline, order);
  return {index, timer.generation};
}

bool Tasks::cancel_timer(TimerId timer) {
  if (timer.index >= timers_.size() || timers_[timer.index].generation != timer.generation ||
      !deadlines_.contains(timer.index)) {
    return false;
  }
  // Destroyed here and not in the table: its destructor may start timers.
  const Task task = take_timer(timer.index);
  return true;
}

Task Tasks::take_timer(std::uint32_t index) {
  deadlines_.remove(index);
  ++timers_[index].generation;
  free_timers_.push_back(index);
  return std::exchange(timers_[index].task, Task());
}

void Tasks::clear() {
  while (!deadlines_.empty() || !posted_.empty()) {
    while (!deadlines_.empty()) const Task task = take_timer(deadlines_.top().index);
    std::vector<Posted> posted;
    posted.swap(posted_);
  }
}

}  // namespace strata::sim
