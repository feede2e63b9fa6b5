// SPDX-License-Identifier: Apache-2.0
#include "attach/client/watch_sets.h"

#include <algorithm>
#include <bit>
#include <cerrno>

#include "attach/client/descriptors.h"
#include "attach/client/kernel.h"

namespace strata::attach::client {
namespace {

constexpr std::uint32_t kEdges = EPOLLET;

struct BitPlace {
  explicit BitPlace(std::uint32_t slot) : word(slot / 64), bit(std::uint64_t{1} << (slot % 64)) {}
  std::size_t word;
  std::uint64_t bit;
};

void put(WatchSet::Bits& bits, const BitPlace& place, bool is_in) {
  bits[place.word] = is_in ? bits[place.word] | place.bit : bits[place.word] & ~place.bit;
}

std::uint32_t bytes_in(const SharedRingIndices& indices) {
  return indices.tail.load(std::memory_order_acquire) -
         indices.head.load(std::memory_order_acquire);
}

bool wants(const Watch::Interest& interest, std::uint32_t events) {
  return interest.is_there && (interest.event.events & events) != 0;
}

bool are_same(const Watch::Interest& one, const Watch::Interest& other) {
  return one.is_there == other.is_there &&
         (!one.is_there ||
          (one.event.events == other.event.events && one.event.data.u64 == other.event.data.u64));
}

// As epoll_ctl() answers.
long change(Watch::Interest& interest, int what, const epoll_event* event) {
  if (what == EPOLL_CTL_ADD && interest.is_there) return -EEXIST;
  if (what != EPOLL_CTL_ADD && !interest.is_there) return -ENOENT;
  interest.is_there = what != EPOLL_CTL_DEL;
  if (interest.is_there) interest.event = *event;
  return 0;
}

long ask_kernel(const WatchSet& set, int what, int descriptor, const epoll_event* event) {
  return kernel::call(__NR_epoll_ctl, set.name.load() - 1, what, descriptor,
                      reinterpret_cast<long>(event));
}

class Locked {
 public:
  explicit Locked(WatchSet& set) : lock_(set.lock), is_mine_(lock_.lock()) {}
  ~Locked() {
    if (is_mine_) lock_.unlock();
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

  // False: by a signal, in the middle of another call of this thread.
  [[nodiscard]] bool is_mine() const { return is_mine_; }

 private:
  LaneLock& lock_;
  bool is_mine_;
};

}  // namespace

// ── Which there are ─────────────────────────────────────────────────────────────────────────────

void WatchSets::born(int descriptor) {
  // Closed behind our back: what was wanted there is not wanted here.
  if (WatchSet* former = find(descriptor); former != nullptr) retire(*former, /*tells=*/false);
  for (WatchSet& set : sets_) {
    std::int32_t none = 0;
    if (!set.name.compare_exchange_strong(none, descriptor + 1)) continue;
    const auto place = static_cast<std::size_t>(&set - sets_.data());
    set.id.store((ids_.fetch_add(1) + 1) * kWatchSets + place);
    return;
  }
}

WatchSet* WatchSets::find(int descriptor) {
  const auto found = std::ranges::find_if(sets_, [descriptor](const WatchSet& set) {
    return set.name.load(std::memory_order_relaxed) == descriptor + 1;
  });
  return descriptor < 0 || found == sets_.end() ? nullptr : &*found;
}

WatchSet* WatchSets::set_of(const Watch& watch) {
  const std::uint64_t id = watch.set.load();
  WatchSet& set = sets_[id % kWatchSets];
  return id != 0 && set.id.load() == id ? &set : nullptr;
}

void WatchSets::retire(int descriptor) {
  if (WatchSet* set = find(descriptor); set != nullptr) retire(*set, /*tells=*/true);
}

void WatchSets::retire_range(int first, int last) {
  for (WatchSet& set : sets_) {
    const int descriptor = set.name.load() - 1;
    if (descriptor >= std::max(first, 0) && descriptor <= last) retire(set, /*tells=*/true);
  }
}

int WatchSets::end() const {
  int last = 0;
  for (const WatchSet& set : sets_) last = std::max(last, set.name.load());
  return last;
}

void WatchSets::retire(WatchSet& set, bool tells) {
  const Locked locked(set);
  if (tells) settle_locked(set);
  for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
    const BitPlace place(slot);
    if ((set.members[place.word] & place.bit) == 0) continue;
    Entry& entry = *entries_[slot];
    make_loud(entry, entry.watch.descriptor);
    entry.watch.is_kernels.store(true);
    entry.watch.slot.store(-1);
    entry.watch.set.store(0);
  }
  set.members = set.writers = set.changed = {};
  set.members_count.store(0);
  set.id.store(0);
  set.name.store(0);
}

// ── Their members ───────────────────────────────────────────────────────────────────────────────

std::optional<long> WatchSets::control(WatchSet& set, int number, Entry& entry, int descriptor,
                                       int what, const epoll_event* event) {
  const Locked locked(set);
  if (!locked.is_mine()) return -ENOMEM;
  if (set.name.load() != number + 1) return {};
  Watch& watch = entry.watch;
  const std::int32_t slot = watch.slot.load();
  if (slot < 0) {
    const long answer = ask_kernel(set, what, descriptor, event);
    if (answer != 0) return answer;
    watch.set.store(set.id.load());
    watch.wanted.is_there = what != EPOLL_CTL_DEL;
    if (watch.wanted.is_there) watch.wanted.event = *event;
    watch.known = watch.wanted;
    return 0;
  }
  if (const long failed = change(watch.wanted, what, event); failed != 0) return failed;
  const BitPlace place(static_cast<std::uint32_t>(slot));
  note_wanted(set, watch);
  const bool is_edge = wants(watch.wanted, kEdges) || wants(watch.known, kEdges);
  if (is_edge) {
    room_.load()->arrivals[place.word].fetch_or(place.bit);
    tell_kernel(set, watch, /*is_edge=*/true);
  } else {
    put(set.changed, place, true);
  }
  order_before_look();
  if (set.sleepers.load() != 0) {
    settle_locked(set);
    if (wants(watch.wanted, EPOLLIN)) remind(static_cast<std::uint32_t>(slot), descriptor);
  }
  return 0;
}

void WatchSets::note_wanted(WatchSet& set, const Watch& watch) {
  const bool is_writer = wants(watch.wanted, EPOLLOUT) && !wants(watch.wanted, kEdges);
  put(set.writers, BitPlace(static_cast<std::uint32_t>(watch.slot.load())), is_writer);
}

void WatchSets::join(Entry& entry, std::uint32_t slot, int descriptor) {
  Watch& watch = entry.watch;
  WatchSet* set = set_of(watch);
  if (set == nullptr) return;
  const Locked locked(*set);
  // Whoever ends the lease changes its state first.
  const bool is_leased = entry.state.load() == State::kLeased && watch.slot.load() < 0;
  if (!locked.is_mine() || !is_leased || set_of(watch) != set || watch.is_kernels.load()) return;
  entries_[slot].store(&entry);
  watch.descriptor = descriptor;
  watch.slot.store(static_cast<std::int32_t>(slot));
  const BitPlace place(slot);
  put(set->members, place, true);
  put(set->changed, place, false);
  note_wanted(*set, watch);
  set->members_count.fetch_add(1);
  Room& room = *room_.load();
  room.arrivals[place.word].fetch_or(place.bit);
  room.slots[slot].inward.watch_set.store(number_of(*set) + 1);
  order_before_look();
  // Who waits already has not said so where the launcher looks, perhaps.
  if (set->sleepers.load() != 0 || watch.is_loud.load()) make_loud(entry, descriptor);
}

void WatchSets::leave(Entry& entry) {
  Watch& watch = entry.watch;
  if (WatchSet* set = set_of(watch); set != nullptr) {
    const Locked locked(*set);
    const std::int32_t slot = watch.slot.exchange(-1);
    if (slot >= 0 && set_of(watch) == set) {
      tell_kernel(*set, watch, /*is_edge=*/false);
      const BitPlace place(static_cast<std::uint32_t>(slot));
      for (WatchSet::Bits* bits : {&set->members, &set->writers, &set->changed}) {
        put(*bits, place, false);
      }
      set->members_count.fetch_sub(1);
    }
    watch.wanted.is_there = false;
    watch.set.store(0);
  }
  watch.is_kernels.store(true);
}

void WatchSets::make_loud(Entry& entry, int descriptor) {
  entry.watch.is_loud.store(true);
  order_before_look();
  const std::int32_t leased = entry.watch.slot.load();
  if (leased < 0) return;
  const auto slot = static_cast<std::uint32_t>(leased);
  room_.load()->slots[slot].inward.watch_set.store(0);
  remind(slot, descriptor);
}

void WatchSets::remind(std::uint32_t slot, int descriptor) {
  const InwardLane& lane = room_.load()->slots[slot].inward;
  order_before_look();
  if (bytes_in(lane.indices) == 0) return;
  if (lane.token.load() != 0 && lane.every_arrival.load() == 0) return;
  while (kernel::control(descriptor, kTell) == -EINTR) {
  }
}

// ── What the kernel knows ───────────────────────────────────────────────────────────────────────

void WatchSets::tell_kernel(const WatchSet& set, Watch& watch, bool is_edge) {
  if (!is_edge && are_same(watch.wanted, watch.known)) return;
  const int what = !watch.wanted.is_there ? EPOLL_CTL_DEL
                   : watch.known.is_there ? EPOLL_CTL_MOD
                                          : EPOLL_CTL_ADD;
  if (!watch.wanted.is_there && !watch.known.is_there) return;
  ask_kernel(set, what, watch.descriptor, &watch.wanted.event);
  watch.known = watch.wanted;
}

void WatchSets::settle(WatchSet& set) {
  const Locked locked(set);
  if (locked.is_mine()) settle_locked(set);
}

void WatchSets::settle_locked(WatchSet& set) {
  for (std::size_t word = 0; word < kNewsWords; ++word) {
    for (std::uint64_t bits = set.changed[word]; bits != 0; bits &= bits - 1) {
      const std::size_t slot = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      tell_kernel(set, entries_[slot].load()->watch, /*is_edge=*/false);
    }
    set.changed[word] = 0;
  }
}

// ── Waiting ─────────────────────────────────────────────────────────────────────────────────────

WatchSets::Sleeper::Sleeper(WatchSets& all, WatchSet& set) : all_(all), set_(set) {
  set_.sleepers.fetch_add(1);
  order_before_look();
  if (Room* room = all.room_.load(); room != nullptr) {
    shared_ = &room->sleepers[all.number_of(set)];
    shared_->fetch_add(1);
  }
  order_before_look();
}

WatchSets::Sleeper::~Sleeper() {
  if (is_deep_) set_.deep.fetch_sub(1);
  // In the child of a fork that a signal's handler made there is no room any more.
  if (shared_ != nullptr && all_.room_.load() != nullptr) shared_->fetch_sub(1);
  set_.sleepers.fetch_sub(1);
}

void WatchSets::Sleeper::go_deep() {
  is_deep_ = true;
  set_.deep.fetch_add(1);
}

int WatchSets::scan(WatchSet& set, int number, epoll_event* into, int size) {
  const Locked locked(set);
  Room* room = room_.load();
  if (!locked.is_mine() || room == nullptr || set.members_count.load() == 0) return 0;
  if (set.name.load() != number + 1) return 0;
  // Where others wait in the kernel, each edge is told to one of them, by the kernel. Who is only
  // about to wait there looks itself: the launcher may have seen nobody.
  const bool takes_edges = set.deep.load() == 0;
  const std::uint32_t start = set.first / 64;
  const std::uint64_t from_first = ~std::uint64_t{0} << (set.first % 64);
  int found = 0;
  for (std::uint32_t i = 0; i <= kNewsWords; ++i) {
    const std::uint32_t word = (start + i) % kNewsWords;
    std::uint64_t bits = set.members[word] & (room->arrivals[word].load() | set.writers[word]);
    if (i == 0) bits &= from_first;
    if (i == kNewsWords) bits &= ~from_first;
    for (; bits != 0 && found < size; bits &= bits - 1) {
      const std::uint32_t slot = word * 64 + static_cast<std::uint32_t>(std::countr_zero(bits));
      const Watch& watch = entries_[slot].load()->watch;
      const std::uint32_t events = look(slot, watch, takes_edges);
      if (events == 0) continue;
      into[found++] = {.events = events, .data = watch.wanted.event.data};
      set.first = (slot + 1) % kSlots;
    }
  }
  return found;
}

std::uint32_t WatchSets::look(std::uint32_t slot, const Watch& watch, bool takes_edges) {
  if (!watch.wanted.is_there) return 0;
  Room& room = *room_.load();
  const Slot& memory = room.slots[slot];
  const BitPlace place(slot);
  std::atomic<std::uint64_t>& arrivals = room.arrivals[place.word];
  const std::uint32_t wanted = watch.wanted.event.events;
  const bool is_edge = (wanted & kEdges) != 0;
  if (is_edge && (!takes_edges || (arrivals.fetch_and(~place.bit) & place.bit) == 0)) return 0;
  order_before_look();
  bool has_bytes = bytes_in(memory.inward.indices) != 0;
  if (!is_edge && !has_bytes && (arrivals.load() & place.bit) != 0) {
    arrivals.fetch_and(~place.bit);
    order_before_look();
    has_bytes = bytes_in(memory.inward.indices) != 0;
    if (has_bytes) arrivals.fetch_or(place.bit);
  }
  // With less room a plug may lie in the pair: the kernel knows.
  const bool has_room = bytes_in(memory.outward.indices) <= kLaneBytes / 2 &&
                        memory.inward.is_cut.load(std::memory_order_relaxed) == 0;
  const std::uint32_t events = wanted & ((has_bytes ? std::uint32_t{EPOLLIN} : 0U) |
                                         (has_room ? std::uint32_t{EPOLLOUT} : 0U));
  return is_edge && (events & EPOLLIN) == 0 ? 0 : events;
}

void WatchSets::start_anew() {
  for (WatchSet& set : sets_) {
    set.id.store(0);
    set.name.store(0);
    set.members_count.store(0);
    set.sleepers.store(0);
    set.deep.store(0);
    set.members = set.writers = set.changed = {};
    set.lock.unlock();
  }
  room_.store(nullptr);
}

}  // namespace strata::attach::client
