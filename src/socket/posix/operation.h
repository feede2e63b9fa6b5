// SPDX-License-Identifier: Apache-2.0
// Operation: a call that may have to wait, as an object.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "socket/posix/answer.h"
#include "strata/time.h"

namespace strata::posix {

// A call is an attempt that is made again whenever something may have changed: after a flush of
// the stack, or at the deadline. Who waits, a thread or a clock that jumps, is the caller's matter.
//
//   Operation read = calls.read(3, buffer, size, now);
//   while (!read.is_done()) { wait for news or until read.deadline(); read.resume(now); }
//   return read.answer();
//
// What the call was given by pointer must live as long as the operation.
class Operation {
 public:
  // Answers, or nothing yet; when `is_last`, there will be no further attempt, so it answers.
  using Attempt = std::move_only_function<std::optional<Answer>(Time now, bool is_last)>;

  Operation(Answer answer) : answer_(answer) {}  // NOLINT: a call may answer at once
  Operation(Attempt attempt, std::optional<Time> deadline, Time now)
      : attempt_(std::move(attempt)), deadline_(deadline) {
    resume(now);
  }

  [[nodiscard]] bool is_done() const { return answer_.has_value(); }
  // Only of what is done.
  [[nodiscard]] Answer answer() const { return *answer_; }
  // None: it waits for ever.
  [[nodiscard]] std::optional<Time> deadline() const { return deadline_; }

  void resume(Time now) {
    if (is_done()) return;
    answer_ = attempt_(now, deadline_ && now >= *deadline_);
    if (is_done()) attempt_ = nullptr;
  }

 private:
  Attempt attempt_;
  std::optional<Time> deadline_;
  std::optional<Answer> answer_;
};

}  // namespace strata::posix
