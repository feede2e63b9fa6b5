// SPDX-License-Identifier: Apache-2.0
#include "capi/turn_executor.h"

namespace strata::capi {

bool TurnExecutor::run() {
  timers_.collect_due(now_, due_);
  std::vector<Task> tasks = std::exchange(tasks_, {});
  const bool has_worked = !due_.empty() || !tasks.empty();
  for (const TimerId timer : std::exchange(due_, {})) {
    if (Task task = timers_.take(timer)) task();
  }
  for (Task& task : tasks) task();
  return has_worked;
}

}  // namespace strata::capi
