// SPDX-License-Identifier: Apache-2.0
#include "attach/client/descriptors.h"

#include <signal.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "attach/client/kernel.h"

namespace strata::attach::client {
namespace {

// A launcher that refused once is not asked again soon.
constexpr std::int32_t kCallsAfterRefusal = 1 << 16;

class SignalsBlocked {
 public:
  SignalsBlocked() {
    std::uint64_t all = ~std::uint64_t{0};
    change(&all, &former_);
  }
  ~SignalsBlocked() { change(&former_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  static void change(const std::uint64_t* to, std::uint64_t* from) {
    kernel::call(__NR_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(to),
                 reinterpret_cast<long>(from), sizeof(*to));
  }

  std::uint64_t former_ = 0;
};

}  // namespace

void Descriptors::open(std::int32_t calls_before_lease) {
  calls_before_lease_ = calls_before_lease;
  is_open_.store(true);
}

void Descriptors::born(int descriptor, bool is_non_blocking, bool has_peer) {
  if (!is_open() || descriptor < 0 || descriptor >= kMax) return;
  Entry& entry = entries_[descriptor];
  if (entry.state.load() == State::kLeased) {  // closed behind our back
    entry.watch.wanted = entry.watch.known;    // and the kernel has forgotten it
    watch_sets_.leave(entry);
  }
  entry.calls_left.store(calls_before_lease_);
  entry.is_non_blocking.store(is_non_blocking);
  entry.wants_edges.store(false);
  entry.has_peer.store(has_peer);
  entry.was_dry = false;
  entry.watch.set.store(0);
  entry.watch.slot.store(-1);
  entry.watch.is_loud.store(false);
  entry.watch.is_kernels.store(false);
  entry.watch.wanted = entry.watch.known = {};
  int end = known_end_.load();
  while (end <= descriptor && !known_end_.compare_exchange_weak(end, descriptor + 1)) {
  }
  entry.state.store(State::kPair, std::memory_order_release);
}

bool Descriptors::has_peer(Entry& entry, int descriptor) {
  if (entry.has_peer.load(std::memory_order_relaxed)) return true;
  const long told = kernel::control(descriptor, kHasPeer);
  if (told == 0) entry.has_peer.store(true);
  return told != -ENOTCONN;
}

// ── Into a lease ────────────────────────────────────────────────────────────────────────────────

bool Descriptors::enter_kernel(Entry& entry) {
  entry.in_kernel.fetch_add(1);
  if (entry.state.load() == State::kPair) return true;
  entry.in_kernel.fetch_sub(1);
  return false;
}

void Descriptors::leave_kernel(Entry& entry, int descriptor, bool has_moved) {
  const std::uint32_t others = entry.in_kernel.fetch_sub(1) - 1;
  if (!has_moved || entry.calls_left.fetch_sub(1) > 1 || others != 0) return;
  if (entry.state.load() == State::kPair) lend(entry, descriptor);
}

void Descriptors::lend(Entry& entry, int descriptor) {
  const SignalsBlocked blocked;
  State pair = State::kPair;
  if (!entry.state.compare_exchange_strong(pair, State::kMoving)) return;
  // Somebody in the kernel would take a token for data.
  const bool is_possible = entry.in_kernel.load() == 0 && gates_.load() == 0;
  const long slot = is_possible ? ask(descriptor) : -EAGAIN;
  if (slot < 0 || slot >= static_cast<long>(kSlots)) {
    entry.calls_left.store(slot == -EAGAIN ? calls_before_lease_ : kCallsAfterRefusal);
    entry.state.store(State::kPair);
    return;
  }
  new (entry.storage) StreamEnd(*room_, static_cast<std::uint32_t>(slot), descriptor);
  entry.was_dry = false;
  entry.state.store(State::kLeased);
  if (entry.wants_edges.load()) entry.end().tell_every_arrival();
  watch_sets_.join(entry, static_cast<std::uint32_t>(slot), descriptor);
}

long Descriptors::ask(int descriptor) {
  if (!room_lock_.lock()) return -EAGAIN;
  long slot = -ENOENT;
  if (room_ != nullptr) slot = kernel::control(descriptor, kLease, static_cast<long>(room_->key));
  // The launcher keeps no room for ever that nobody has used.
  if (slot == -ENOENT && make_room()) {
    slot = kernel::control(descriptor, kLease, static_cast<long>(room_->key));
  }
  room_lock_.unlock();
  return slot;
}

bool Descriptors::make_room() {
  const long file = kernel::control(-1, kMakeRoom);
  if (file < 0) return false;
  const long base =
      kernel::call(__NR_mmap, 0, sizeof(Room), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  kernel::call(__NR_close, file);
  if (base < 0 && base > -4096) return false;
  kernel::call(__NR_madvise, base, sizeof(Room), MADV_DONTFORK);
  // A former one, of which the launcher has let go, stays: threads may say in it that they wait.
  room_ = std::bit_cast<Room*>(base);
  watch_sets_.use(*room_);
  return true;
}

void Descriptors::want_edges(Entry& entry) {
  entry.wants_edges.store(true);
  if (entry.state.load() == State::kLeased) entry.end().tell_every_arrival();
}

// ── Watches ─────────────────────────────────────────────────────────────────────────────────────

std::optional<long> Descriptors::watch(int set, int what, int descriptor,
                                       const epoll_event* event) {
  constexpr std::uint32_t kPlainEvents =
      EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLERR | EPOLLHUP | EPOLLET;
  constexpr std::uintptr_t kFirstPage = 4096;
  if (what == EPOLL_CTL_ADD) watch_sets_.retire(descriptor);  // sets within sets
  Entry* entry = find(descriptor);
  if (entry == nullptr) return {};
  WatchSet* known = watch_sets_.find(set);
  const bool is_bad =
      what < EPOLL_CTL_ADD || what > EPOLL_CTL_MOD ||
      (what != EPOLL_CTL_DEL && (reinterpret_cast<std::uintptr_t>(event) < kFirstPage ||
                                 (event->events & ~kPlainEvents) != 0));
  const bool is_elsewhere =
      known == nullptr || (entry->watch.set.load() != 0 && !WatchSets::is_in(*known, entry->watch));
  if (is_bad || is_elsewhere || entry->watch.is_kernels.load()) {
    watch_sets_.make_loud(*entry, descriptor);
    watch_sets_.leave(*entry);
    return {};
  }
  const auto answer = watch_sets_.control(*known, set, *entry, descriptor, what, event);
  if (!answer) {
    watch_sets_.make_loud(*entry, descriptor);
    watch_sets_.leave(*entry);
    return {};
  }
  const bool is_leased = entry->state.load(std::memory_order_acquire) == State::kLeased;
  if (is_leased && entry->watch.slot.load() < 0) {
    watch_sets_.join(*entry, entry->end().slot(), descriptor);
  }
  return answer;
}

void Descriptors::await_input(int descriptor) {
  watch_sets_.retire(descriptor);
  if (Entry* entry = find(descriptor); entry != nullptr) watch_sets_.make_loud(*entry, descriptor);
}

// ── And out of it ───────────────────────────────────────────────────────────────────────────────

void Descriptors::release(int descriptor) {
  watch_sets_.retire(descriptor);
  Entry* entry = find(descriptor);
  if (entry == nullptr) return;
  const SignalsBlocked blocked;
  for (;;) {
    State state = entry->state.load();
    if (state == State::kUnknown) return;
    if (state == State::kPair && entry->state.compare_exchange_strong(state, State::kUnknown)) {
      return;
    }
    if (state == State::kLeased && entry->state.compare_exchange_strong(state, State::kMoving)) {
      break;
    }
    if (state == State::kMoving) ::sched_yield();
  }
  // Whoever is copying ends first, and sees kMoving when he comes again.
  const bool has_inward = entry->inward.lock();
  const bool has_outward = entry->outward.lock();
  watch_sets_.leave(*entry);
  kernel::control(descriptor, kGiveBack);
  entry->state.store(State::kUnknown);
  if (has_outward) entry->outward.unlock();
  if (has_inward) entry->inward.unlock();
}

void Descriptors::release_range(int first, int last) {
  watch_sets_.retire_range(first, last);
  for (int descriptor = std::max(first, 0); descriptor <= last; ++descriptor) {
    if (descriptor >= known_end_.load()) return;
    release(descriptor);
  }
}

// What the launcher has not ended it ends now, by the pair: only an end it could not see is told.
void Descriptors::forget(int descriptor) {
  watch_sets_.retire(descriptor);
  Entry* entry = find(descriptor);
  if (entry == nullptr) return;
  const bool is_leased = entry->state.load() == State::kLeased;
  if (is_leased && entry->end().is_cut()) return release(descriptor);
  const SignalsBlocked blocked;
  for (State state = entry->state.load(); state != State::kUnknown;) {
    if (state == State::kMoving) {
      ::sched_yield();
      state = entry->state.load();
    } else if (entry->state.compare_exchange_weak(state, State::kUnknown)) {
      break;
    }
  }
  const bool has_inward = entry->inward.lock();
  const bool has_outward = entry->outward.lock();
  watch_sets_.leave(*entry);
  if (has_outward) entry->outward.unlock();
  if (has_inward) entry->inward.unlock();
}

void Descriptors::forget_range(int first, int last) {
  watch_sets_.retire_range(first, last);
  for (int descriptor = std::max(first, 0); descriptor <= last; ++descriptor) {
    if (descriptor >= known_end_.load()) return;
    forget(descriptor);
  }
}

void Descriptors::start_anew() {
  for (int descriptor = 0; descriptor < known_end_.load(); ++descriptor) {
    entries_[descriptor].state.store(State::kUnknown);
    entries_[descriptor].in_kernel.store(0);  // those threads are the parent's
    entries_[descriptor].inward.unlock();
    entries_[descriptor].outward.unlock();
  }
  known_end_.store(0);
  gates_.store(0);
  room_lock_.unlock();
  room_ = nullptr;
  watch_sets_.start_anew();
}

}  // namespace strata::attach::client
