// SPDX-License-Identifier: Apache-2.0
// Executor: where applications run their tasks and timers, on real or on virtual time.
#pragma once

#include <cstdint>

#include "strata/inline_function.h"
#include "strata/time.h"

namespace strata {

using Task = InlineFunction<void()>;

struct TimerId {
  std::uint32_t index = 0xffff'ffff;
  std::uint32_t generation = 0;

  friend bool operator==(const TimerId&, const TimerId&) = default;
};

// Implemented by runtime/ on a real clock and by sim/ on a virtual one, so that an application
// runs unchanged in both. One thread: nothing here is called from another.
class Executor {
 public:
  virtual ~Executor() = default;

  // Constant within one turn of the loop.
  [[nodiscard]] virtual Time now() const = 0;
  // Runs `task` in a later turn, in the order of posting.
  virtual void post(Task task) = 0;
  // Runs `task` once, in the first turn at or after `deadline`.
  virtual TimerId start_timer(Time deadline, Task task) = 0;
  // False when the timer has run already or was cancelled before.
  virtual bool cancel_timer(TimerId timer) = 0;
};

}  // namespace strata
