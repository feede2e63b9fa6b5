// SPDX-License-Identifier: Apache-2.0
// coro::TaskGroup: owns the tasks that were started in it; none outlives it.
#pragma once

#include <coroutine>
#include <cstddef>

#include "strata/coro/task.h"

namespace strata::coro {

// A group of its own for each thing that ends as a whole: a server, a connection with a reader and
// a writer. Destroying it cancels what still waits; that must not be done by one of its own tasks.
class TaskGroup {
 public:
  TaskGroup() = default;
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Runs the task to where it first waits. Its frame is freed as soon as it is done.
  void spawn(Task<> task);
  // Destroys all tasks, the youngest first, and resumes who joins them; not from inside one of
  // them.
  void cancel();
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  // Resumes once the group is empty. One waits at a time.
  class [[nodiscard]] Joining {
   public:
    explicit Joining(TaskGroup& group) : group_(group) {}
    ~Joining();
    Joining(const Joining&) = delete;
    Joining& operator=(const Joining&) = delete;
    [[nodiscard]] bool await_ready() const { return group_.empty(); }
    void await_suspend(std::coroutine_handle<> waiter);
    void await_resume() const {}

   private:
    friend class TaskGroup;
    TaskGroup& group_;
    std::coroutine_handle<> waiter_;
  };
  Joining join() { return Joining(*this); }

 private:
  static void on_done(void* task) noexcept;
  void unlink(Promise<void>& task);
  void wake_if_empty();

  Promise<void>* last_ = nullptr;
  std::size_t size_ = 0;
  Joining* joining_ = nullptr;
};

}  // namespace strata::coro
