// SPDX-License-Identifier: Apache-2.0
// Descriptors: what the shim knows of the program's descriptors, and which of them have a lease.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>

#include "attach/client/lane_lock.h"
#include "attach/client/room.h"
#include "attach/client/stream_end.h"
#include "attach/client/watch_sets.h"

//            born()                 lend(): nobody is in the kernel with it
//   kUnknown ──────> kPair ──────────────> kMoving ──────> kLeased
//      ^               │                      ^                │
//      └── release() ──┴──────────────────────┴── release() ───┘
//
// 1. A descriptor is known from its making by socket() or accept() to its close() or release();
//    what was released is never known again.
// 2. A data call goes to the kernel only in kPair, and is counted for as long as it is there; in
//    kLeased, data calls hold the lock of their direction and look at the state once they have it.
//    It may still be there when its descriptor was closed and the number is another socket's.
// 3. Who moves a descriptor from one state to another has all signals blocked.

namespace strata::attach::client {

enum class State : std::uint32_t { kUnknown, kPair, kMoving, kLeased };

struct Entry {
  std::atomic<State> state{State::kUnknown};
  std::atomic<std::uint32_t> in_kernel{0};   // data calls
  std::atomic<std::int32_t> calls_left{0};   // before it is worth a lease
  std::atomic<bool> is_non_blocking{false};  // O_NONBLOCK of the open file
  std::atomic<bool> wants_edges{false};      // watched with EPOLLET
  std::atomic<bool> has_peer{false};         // connected, or on its way; false: not known
  bool was_dry = false;                      // the last read found nothing; under `inward`
  LaneLock inward;
  LaneLock outward;
  Watch watch;
  alignas(StreamEnd) std::byte storage[sizeof(StreamEnd)]{};

  [[nodiscard]] StreamEnd& end() { return *std::launder(reinterpret_cast<StreamEnd*>(storage)); }
  // Under no lock: true when the ring has to be looked at once more before somebody waits.
  [[nodiscard]] bool want_tokens() {
    watch.is_loud.store(true);
    return end().want_tokens();
  }
};

class Descriptors {
 public:
  static constexpr int kMax = 1 << 16;

  // Without it nothing is ever known, and all calls are the kernel's.
  void open(std::int32_t calls_before_lease);
  [[nodiscard]] bool is_open() const { return is_open_.load(std::memory_order_relaxed); }

  // Null: unknown.
  [[nodiscard]] Entry* find(int descriptor) {
    if (descriptor < 0 || descriptor >= kMax) return nullptr;
    Entry& entry = entries_[descriptor];
    return entry.state.load(std::memory_order_acquire) == State::kUnknown ? nullptr : &entry;
  }

  void born(int descriptor, bool is_non_blocking, bool has_peer = true);
  // Where libc would wait on the pair for what never comes: false when nobody is at the other end.
  [[nodiscard]] static bool has_peer(Entry& entry, int descriptor);
  // A data call of the kernel's begins; false when it is not the kernel's. After it ended, with
  // bytes moved, it may be time for a lease.
  [[nodiscard]] static bool enter_kernel(Entry& entry);
  void leave_kernel(Entry& entry, int descriptor, bool has_moved);
  // It is watched with EPOLLET.
  static void want_edges(Entry& entry);

  [[nodiscard]] WatchSets& watch_sets() { return watch_sets_; }
  // epoll_create() has made it.
  void set_born(int descriptor) {
    if (is_open() && descriptor < kMax) watch_sets_.born(descriptor);
  }
  // epoll_ctl(): minus an errno when it fails; nothing: it is the kernel's.
  [[nodiscard]] std::optional<long> watch(int set, int what, int descriptor,
                                          const epoll_event* event);
  // Somebody is about to wait until it is readable, and not at a set that we know.
  void await_input(int descriptor);
  // All that are known, and all sets, are below.
  [[nodiscard]] int end() const { return std::max(known_end_.load(), watch_sets_.end()); }

  // Its bytes go by the pair from here on, for good.
  void release(int descriptor);
  void release_range(int first, int last);
  void release_all() { release_range(0, kMax - 1); }
  // It is about to be closed.
  void forget(int descriptor);
  void forget_range(int first, int last);

  // No lease begins while a process is made.
  void close_gate() { gates_.fetch_add(1); }
  void open_gate() { gates_.fetch_sub(1); }
  // In the child of a fork: nothing is known.
  void start_anew();

 private:
  void lend(Entry& entry, int descriptor);
  [[nodiscard]] long ask(int descriptor);
  [[nodiscard]] bool make_room();
  std::atomic<bool> is_open_{false};
  std::atomic<int> gates_{0};
  std::atomic<int> known_end_{0};  // all known are below
  std::int32_t calls_before_lease_ = 0;
  LaneLock room_lock_;
  WatchSets watch_sets_;
  Room* room_ = nullptr;
  Entry entries_[kMax]{};
};

}  // namespace strata::attach::client
