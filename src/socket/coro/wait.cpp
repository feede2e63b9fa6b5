// SPDX-License-Identifier: Apache-2.0
#include "strata/coro/wait.h"

#include "strata/check.h"

namespace strata::coro {

// ── Cancellation ────────────────────────────────────────────────────────────────────────────────

Cancellation::~Cancellation() { STRATA_CHECK(first_ == nullptr); }

void Cancellation::cancel() {
  is_cancelled_ = true;
  while (first_ != nullptr) first_->end_soon(Error::kCancelled);
}

// ── Wait ────────────────────────────────────────────────────────────────────────────────────────

std::optional<Error> Wait::refusal() const {
  if (is_cancelled()) return Error::kCancelled;
  if (deadline_ <= now()) return Error::kTimedOut;
  return std::nullopt;
}

void Wait::suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  if (deadline_ != kNever) start_timer(deadline_, Error::kTimedOut);
  if (cancellation_ == nullptr) return;
  next_ = cancellation_->first_;
  if (next_ != nullptr) next_->previous_ = this;
  cancellation_->first_ = this;
  is_listed_ = true;
}

void Wait::start_timer(Time deadline, std::optional<Error> why) {
  has_timer_ = true;
  timer_ = executor_->start_timer(deadline, [this, why] {
    has_timer_ = false;
    on_end(why);
    resume();
  });
}

void Wait::resume() {
  leave();
  waiter_.resume();
}

void Wait::end_soon(std::optional<Error> why) {
  leave();
  start_timer(now(), why);
}

void Wait::leave() {
  if (has_timer_) executor_->cancel_timer(timer_);
  has_timer_ = false;
  if (is_listed_) leave_cancellation();
}

void Wait::leave_cancellation() {
  if (previous_ != nullptr)
    previous_->next_ = next_;
  else
    cancellation_->first_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  previous_ = nullptr;
  next_ = nullptr;
  is_listed_ = false;
}

// ── Event ───────────────────────────────────────────────────────────────────────────────────────

Event::~Event() { STRATA_CHECK(waiting_ == nullptr); }

void Event::set() {
  is_set_ = true;
  if (waiting_ != nullptr) waiting_->end_soon(std::nullopt);
}

Event::Waiting::~Waiting() {
  if (event_.waiting_ == this) event_.waiting_ = nullptr;
}

bool Event::Waiting::await_ready() {
  if (is_cancelled()) {
    result_ = std::unexpected(Error::kCancelled);
    return true;
  }
  if (event_.is_set_) {
    event_.is_set_ = false;
    return true;
  }
  const auto refused = refusal();
  if (refused) result_ = std::unexpected(*refused);
  return refused.has_value();
}

void Event::Waiting::await_suspend(std::coroutine_handle<> waiter) {
  STRATA_CHECK(event_.waiting_ == nullptr);
  event_.waiting_ = this;
  suspend(waiter);
}

void Event::Waiting::on_end(std::optional<Error> why) {
  event_.waiting_ = nullptr;
  if (why)
    result_ = std::unexpected(*why);
  else
    event_.is_set_ = false;
}

}  // namespace strata::coro
