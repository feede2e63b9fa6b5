// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <utility>

#include "strata/loop.h"
#include "strata/ring.h"

namespace strata::ring {

template <typename Ring>
Ready<Ring>::Ready(Ring& ring, Loop& loop, const coro::Until& until)
    : Wait(loop, until), ring_(&ring), loop_(&loop) {}

template <typename Ring>
Ready<Ring>::~Ready() {
  unwatch();
}

template <typename Ring>
bool Ready<Ring>::await_ready() {
  if (is_cancelled()) {
    result_ = std::unexpected(Error::kCancelled);
    return true;
  }
  if (!ring_->prepare_to_sleep()) return true;
  const auto refused = refusal();
  if (refused) result_ = std::unexpected(*refused);
  return refused.has_value();
}

// Both rings of a port may be awaited, and one descriptor is watched once: each watches its own
// copy of it.
template <typename Ring>
void Ready<Ring>::await_suspend(std::coroutine_handle<> waiter) {
  suspend(waiter);
  watched_ = ::fcntl(ring_->descriptor(), F_DUPFD_CLOEXEC, 0);
  const auto watching = loop_->watch(watched_, EPOLLIN, [this](std::uint32_t) { look_again(); });
  if (!watching) end_soon(watching.error());
}

template <typename Ring>
void Ready<Ring>::look_again() {
  if (ring_->prepare_to_sleep()) return;
  unwatch();
  resume();
}

template <typename Ring>
void Ready<Ring>::on_end(std::optional<Error> why) {
  unwatch();
  if (why) result_ = std::unexpected(*why);
}

template <typename Ring>
void Ready<Ring>::unwatch() {
  if (watched_ < 0) return;
  loop_->unwatch(watched_);
  ::close(std::exchange(watched_, -1));
}

template class Ready<RxRing>;
template class Ready<TxRing>;

Ready<RxRing> RxRing::ready(const coro::Until& until) {
  STRATA_CHECK(loop_ != nullptr);
  return {*this, *loop_, until};
}

Ready<TxRing> TxRing::ready(const coro::Until& until) {
  STRATA_CHECK(loop_ != nullptr);
  return {*this, *loop_, until};
}

bool pin_to_core(unsigned core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (core >= CPU_SETSIZE) return false;
  CPU_SET(core, &cores);
  return ::sched_setaffinity(0, sizeof(cores), &cores) == 0;
}

}  // namespace strata::ring
