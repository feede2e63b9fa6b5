// SPDX-License-Identifier: Apache-2.0
// coro::Task: a coroutine that belongs to whoever holds it, and ends with it.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "strata/check.h"

//   Task<Result<int>> half(TcpStream& stream);
//   Task<> whole(TcpStream stream) { auto x = co_await half(stream); ... }
//
// 1. A task does nothing until it is awaited, spawned into a TaskGroup, or handed to when_all() or
//    when_any().
// 2. It belongs to one owner: the task that awaits it, a TaskGroup, or the variable that holds it.
//    Destroying a task that waits cancels it: what it waits for forgets it, its locals are
//    destroyed in reverse order, and with them the tasks it awaits.
// 3. Nothing that a task calls resumes another task. Tasks go on when a stack has been flushed,
//    when a timer is due, or when the task they await is done; so a task that runs may destroy any
//    task but itself and those that await it.
// 4. One allocation a task, its frame, and none for what it awaits.
// 5. An exception goes to who awaits the task. One that leaves a spawned task ends the program.

namespace strata::coro {

class TaskGroup;

// Whom a task tells that it is done.
struct Completion {
  void (*tell)(void* whom) noexcept = nullptr;
  void* whom = nullptr;
};

class PromiseBase {
 public:
  struct FinalStep {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> task) const noexcept {
      // Nothing of the frame is touched afterwards: whoever is told may destroy it.
      const Completion completion = task.promise().completion_;
      if (completion.tell != nullptr) completion.tell(completion.whom);
    }
    void await_resume() const noexcept {}
  };

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] FinalStep final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }

  void set_completion(Completion completion) { completion_ = completion; }
  void rethrow() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  Completion completion_;
  std::exception_ptr exception_;
};

template <typename T>
class Task;

template <typename T>
class Promise final : public PromiseBase {
 public:
  [[nodiscard]] Task<T> get_return_object();
  template <typename U>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  [[nodiscard]] T take() {
    rethrow();
    return *std::move(value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  [[nodiscard]] Task<void> get_return_object();
  void return_void() const noexcept {}
  void take() const { rethrow(); }

 private:
  friend class TaskGroup;
  // Where a spawned task stands in its group.
  TaskGroup* group_ = nullptr;
  Promise* previous_ = nullptr;
  Promise* next_ = nullptr;
};

template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      cancel();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() { cancel(); }

  // Destroys the task wherever it stands; it must not be running.
  void cancel() {
    if (handle_) std::exchange(handle_, nullptr).destroy();
  }

  // For those who combine tasks: runs it to where it first waits. True when it is done, and then
  // nobody is told.
  bool start(Completion completion) {
    STRATA_CHECK(handle_ && !handle_.done());
    handle_.resume();
    if (handle_.done()) return true;
    handle_.promise().set_completion(completion);
    return false;
  }
  // What it returned, or threw. Only of a task that is done.
  T take() {
    STRATA_CHECK(handle_ && handle_.done());
    return handle_.promise().take();
  }
  [[nodiscard]] Handle release() { return std::exchange(handle_, nullptr); }

  class Awaiter {
   public:
    explicit Awaiter(Task&& task) : task_(std::move(task)) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    // A task that ends without waiting goes on here and not deeper in the call stack, whatever the
    // compiler makes of tail calls.
    bool await_suspend(std::coroutine_handle<> waiter) {
      return !task_.start(
          {[](void* whom) noexcept { std::coroutine_handle<>::from_address(whom).resume(); },
           waiter.address()});
    }
    T await_resume() { return task_.take(); }

   private:
    Task task_;
  };
  [[nodiscard]] Awaiter operator co_await() && { return Awaiter(std::move(*this)); }

 private:
  Handle handle_;
};

template <typename T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}

inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

}  // namespace strata::coro
