// SPDX-License-Identifier: Apache-2.0
// How coroutines wait: deadlines, cancellation, sleep, and events between tasks.
#pragma once

#include <coroutine>
#include <optional>

#include "strata/check.h"
#include "strata/error.h"
#include "strata/executor.h"
#include "strata/time.h"

namespace strata::coro {

class Wait;

// A switch. Operations that were given it end with kCancelled once it is on, and new ones at once,
// so that tasks can still say goodbye; to end a task without a word, destroy it.
class Cancellation {
 public:
  Cancellation() = default;
  ~Cancellation();
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  void cancel();
  [[nodiscard]] bool is_cancelled() const { return is_cancelled_; }

 private:
  friend class Wait;
  Wait* first_ = nullptr;
  bool is_cancelled_ = false;
};

// When an operation gives up: kTimedOut at the deadline, kCancelled by the switch. What can be done
// without waiting is done even at the deadline.
struct Until {
  Time deadline = kNever;
  Cancellation* cancellation = nullptr;
};

// The base of everything that can be awaited: one suspended coroutine, and what ends its wait.
// Destroying it, as happens when its task is destroyed, takes it out of every list and timer. Until
// it is awaited it may be moved, to when_all() for instance.
class Wait {
 public:
  virtual ~Wait() { leave(); }
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;
  Wait& operator=(Wait&&) = delete;

 protected:
  Wait(Executor& executor, const Until& until)
      : executor_(&executor), deadline_(until.deadline), cancellation_(until.cancellation) {}

  Wait(Wait&& other) noexcept
      : executor_(other.executor_), deadline_(other.deadline_), cancellation_(other.cancellation_) {
    STRATA_CHECK(!other.waiter_);
  }

  // Why there is no point in waiting, if there is none.
  [[nodiscard]] std::optional<Error> refusal() const;
  [[nodiscard]] bool is_cancelled() const {
    return cancellation_ != nullptr && cancellation_->is_cancelled();
  }
  void suspend(std::coroutine_handle<> waiter);
  // The wait is over; only from outside of tasks. The object may be gone afterwards.
  void resume();
  // The same from inside a task: on_end(why) and resume() follow in a later turn.
  void end_soon(std::optional<Error> why);
  // Nothing: end_soon() said so. The coroutine is resumed when this returns.
  virtual void on_end(std::optional<Error> why) = 0;

  [[nodiscard]] Executor& executor() const { return *executor_; }
  [[nodiscard]] Time now() const { return executor_->now(); }

 private:
  friend class Cancellation;
  void leave();
  void leave_cancellation();
  void start_timer(Time deadline, std::optional<Error> why);

  Executor* executor_;
  Time deadline_;
  Cancellation* cancellation_;
  Wait* previous_ = nullptr;
  Wait* next_ = nullptr;
  std::coroutine_handle<> waiter_;
  TimerId timer_{};
  bool has_timer_ = false;
  bool is_listed_ = false;
};

// Always lets others run first, also when the time has come.
class [[nodiscard]] Sleep final : public Wait {
 public:
  Sleep(Executor& executor, const Until& until) : Wait(executor, until) {}
  [[nodiscard]] bool await_ready() {
    if (is_cancelled()) result_ = std::unexpected(Error::kCancelled);
    return is_cancelled();
  }
  void await_suspend(std::coroutine_handle<> waiter) { suspend(waiter); }
  Result<void> await_resume() const { return result_; }

 private:
  // The switch may be gone by the time the coroutine hears of it.
  void on_end(std::optional<Error> why) override {
    if (why == Error::kCancelled) result_ = std::unexpected(*why);
  }
  Result<void> result_{};
};

inline Sleep sleep_until(Executor& executor, Time when, Cancellation* cancellation = nullptr) {
  return {executor, {when, cancellation}};
}
inline Sleep sleep_for(Executor& executor, Duration duration,
                       Cancellation* cancellation = nullptr) {
  const Time now = executor.now();
  return {executor, {duration < kNever - now ? now + duration : kNever, cancellation}};
}

// A signal from one task to another, remembered until somebody waits for it. One waits at a time.
class Event {
 public:
  explicit Event(Executor& executor) : executor_(executor) {}
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void set();

  class [[nodiscard]] Waiting final : public Wait {
   public:
    Waiting(Event& event, const Until& until) : Wait(event.executor_, until), event_(event) {}
    ~Waiting() override;
    Waiting(Waiting&&) noexcept = default;
    [[nodiscard]] bool await_ready();
    void await_suspend(std::coroutine_handle<> waiter);
    Result<void> await_resume() const { return result_; }

   private:
    friend class Event;
    void on_end(std::optional<Error> why) override;
    Event& event_;
    Result<void> result_{};
  };
  Waiting wait(const Until& until = {}) { return {*this, until}; }

 private:
  Executor& executor_;
  Waiting* waiting_ = nullptr;
  bool is_set_ = false;
};

}  // namespace strata::coro
