// SPDX-License-Identifier: Apache-2.0
// coro::TaskGroup: owns the tasks that were started in it; none outlives it.
#pragma once

#include <coroutine>
#include <cstddef>
#include <optional>

#include "strata/coro/task.h"
#include "strata/coro/wait.h"

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
  // Destroys all tasks, the youngest first; not from inside one of them.
  void cancel();
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  // Resumes in a turn after that in which the group was empty: what emptied it may be a task that
  // whoever waits destroys. One waits at a time.
  class [[nodiscard]] Joining final : public Wait {
   public:
    Joining(TaskGroup& group, Executor& executor) : Wait(executor, {}), group_(&group) {}
    ~Joining() override;
    Joining(Joining&&) noexcept = default;
    [[nodiscard]] bool await_ready() const { return group_->empty(); }
    void await_suspend(std::coroutine_handle<> waiter);
    void await_resume() const {}

   private:
    friend class TaskGroup;
    void on_end(std::optional<Error> /*why*/) override {}
    TaskGroup* group_;  // null: it was empty, and may be gone
  };
  Joining join(Executor& executor) { return {*this, executor}; }

 private:
  static void on_done(void* task) noexcept;
  void unlink(Promise<void>& task);
  void wake_if_empty();

  Promise<void>* last_ = nullptr;
  std::size_t size_ = 0;
  Joining* joining_ = nullptr;
};

}  // namespace strata::coro
