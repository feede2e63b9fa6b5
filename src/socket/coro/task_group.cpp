// SPDX-License-Identifier: Apache-2.0
#include "strata/coro/task_group.h"

#include <utility>

namespace strata::coro {

using Handle = Task<>::Handle;

namespace {

// Nobody is there to catch what a spawned task throws.
void take_result(Promise<void>& task) noexcept { task.take(); }

}  // namespace

TaskGroup::~TaskGroup() {
  STRATA_CHECK(joining_ == nullptr);
  cancel();
}

void TaskGroup::spawn(Task<> task) {
  const Handle handle = task.release();
  STRATA_CHECK(handle && !handle.done());
  Promise<void>& promise = handle.promise();
  promise.group_ = this;
  promise.previous_ = last_;
  if (last_ != nullptr) last_->next_ = &promise;
  last_ = &promise;
  ++size_;
  // From now on it may end at any time; while it runs for the first time it tells nobody.
  handle.resume();
  if (!handle.done()) return promise.set_completion({&TaskGroup::on_done, &promise});
  take_result(promise);
  unlink(promise);
  handle.destroy();
}

void TaskGroup::on_done(void* task) noexcept {
  auto& promise = *static_cast<Promise<void>*>(task);
  TaskGroup& group = *promise.group_;
  take_result(promise);
  group.unlink(promise);
  Handle::from_promise(promise).destroy();
  group.wake_if_empty();
}

void TaskGroup::wake_if_empty() {
  if (!empty() || joining_ == nullptr) return;
  Joining& joining = *std::exchange(joining_, nullptr);
  joining.group_ = nullptr;
  joining.end_soon(std::nullopt);
}

void TaskGroup::unlink(Promise<void>& task) {
  if (task.next_ != nullptr)
    task.next_->previous_ = task.previous_;
  else
    last_ = task.previous_;
  if (task.previous_ != nullptr) task.previous_->next_ = task.next_;
  --size_;
}

void TaskGroup::cancel() {
  while (last_ != nullptr) {
    Promise<void>& task = *last_;
    unlink(task);
    Handle::from_promise(task).destroy();
  }
  wake_if_empty();
}

void TaskGroup::Joining::await_suspend(std::coroutine_handle<> waiter) {
  STRATA_CHECK(group_->joining_ == nullptr);
  group_->joining_ = this;
  suspend(waiter);
}

TaskGroup::Joining::~Joining() {
  if (group_ != nullptr && group_->joining_ == this) group_->joining_ = nullptr;
}

}  // namespace strata::coro
