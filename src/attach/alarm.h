// SPDX-License-Identifier: Apache-2.0
// Alarm: a timer that goes with whoever it is for.
#pragma once

#include <utility>

#include "strata/executor.h"

namespace strata::attach {

class Alarm {
 public:
  Alarm() = default;
  Alarm(Executor& executor, Time deadline, Task task)
      : executor_(&executor), timer_(executor.start_timer(deadline, std::move(task))) {}
  Alarm(Alarm&& other) noexcept
      : executor_(std::exchange(other.executor_, nullptr)), timer_(other.timer_) {}
  Alarm& operator=(Alarm&& other) noexcept {
    std::swap(executor_, other.executor_);
    std::swap(timer_, other.timer_);
    return *this;
  }
  ~Alarm() {
    if (executor_ != nullptr) executor_->cancel_timer(timer_);
  }

 private:
  Executor* executor_ = nullptr;
  TimerId timer_;
};

}  // namespace strata::attach
