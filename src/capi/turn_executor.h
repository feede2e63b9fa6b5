// SPDX-License-Identifier: Apache-2.0
// TurnExecutor: timers and tasks that run in a turn of the C interface's stack.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "runtime/timer_queue.h"
#include "strata/executor.h"

namespace strata::capi {

class TurnExecutor final : public Executor {
 public:
  // The clock is the owner's, who tells it.
  [[nodiscard]] Time now() const override { return now_; }
  void set_now(Time now) { now_ = now; }
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  TimerId start_timer(Time deadline, Task task) override {
    return timers_.start(deadline, std::move(task));
  }
  bool cancel_timer(TimerId timer) override { return timers_.cancel(timer); }

  // What is due. True when there was anything.
  bool run();
  [[nodiscard]] std::optional<Time> next_deadline() const {
    return tasks_.empty() ? timers_.next_deadline() : std::optional(now_);
  }

 private:
  Time now_{};
  runtime::TimerQueue timers_;
  std::vector<TimerId> due_;
  std::vector<Task> tasks_;
};

}  // namespace strata::capi
