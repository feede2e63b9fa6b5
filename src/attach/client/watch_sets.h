// SPDX-License-Identifier: Apache-2.0
// WatchSets: the program's epoll sets, as far as they watch descriptors with a lease.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "attach/client/lane_lock.h"
#include "attach/client/room.h"

// docs/design/012-preload-lease.md, "No token for who is awake".
//
// 1. A lane of which no other waiter is known is quiet: the launcher sends no token as long as no
//    thread waits in the kernel at the set that watches it. Who is about to wait says so
//    (`sleepers`) and looks at the rings of the set once more.
// 2. A lane at which somebody waits in another way (a read, poll()) is quiet no more, for good.
// 3. What the program wants of a member (`wanted`) is told to the kernel before it is asked.
//    Edges are wanted of the kernel at once: each of its calls about them may be one.
// 4. A set that is shared, copied, nested or watched itself is the kernel's alone, for good.

namespace strata::attach::client {

struct Entry;

// Of a descriptor, under the lock of its set.
struct Watch {
  struct Interest {
    bool is_there = false;
    epoll_event event{};
  };

  std::atomic<std::uint64_t> set{0};   // its `id`; 0: in none that we know
  std::atomic<std::int32_t> slot{-1};  // of the lease; none: the kernel watches it alone
  std::atomic<bool> is_loud{false};    // it gets tokens
  std::atomic<bool> is_kernels{false};
  std::int32_t descriptor = -1;
  Interest wanted;
  Interest known;  // to the kernel
};

struct WatchSet {
  using Bits = std::array<std::uint64_t, kNewsWords>;

  std::atomic<std::int32_t> name{0};  // 1 + its descriptor; 0: there is none
  std::atomic<std::uint64_t> id{0};   // used once
  std::atomic<std::uint32_t> members_count{0};
  std::atomic<std::uint32_t> sleepers{0};
  std::atomic<std::uint32_t> deep{0};  // of these: who have looked for the last time
  std::atomic<std::uint32_t> waits{0};
  LaneLock lock;
  Bits members{};
  Bits writers{};           // of which EPOLLOUT is wanted
  Bits changed{};           // since the kernel was told
  std::uint32_t first = 0;  // to be looked at: who was answered last comes last
};

class WatchSets {
 public:
  void use(Room& room) { room_.store(&room); }

  // epoll_create() has made it.
  void born(int descriptor);
  // Null: it is the kernel's alone.
  [[nodiscard]] WatchSet* find(int descriptor);
  // The kernel's alone from here on.
  void retire(int descriptor);
  void retire_range(int first, int last);
  // All that are known are below.
  [[nodiscard]] int end() const;
  [[nodiscard]] static bool is_in(const WatchSet& set, const Watch& watch) {
    return watch.set.load() == set.id.load();
  }

  // epoll_ctl() of the set `number`, of a member that is in no other; minus an errno when it fails.
  // Nothing: the set is the kernel's alone meanwhile.
  [[nodiscard]] std::optional<long> control(WatchSet& set, int number, Entry& entry, int descriptor,
                                            int what, const epoll_event* event);
  // It has a lease now.
  void join(Entry& entry, std::uint32_t slot, int descriptor);
  // It has none any more, or is about to be closed: the kernel knows what is wanted of it.
  void leave(Entry& entry);
  // Somebody is about to wait for it otherwise.
  void make_loud(Entry& entry, int descriptor);

  // epoll_wait() of the set `number`. `kernel(waits)` asks the kernel, for as long as the program
  // wants or not at all.
  template <typename Kernel>
  [[nodiscard]] int wait(WatchSet& set, int number, epoll_event* into, int size, bool is_patient,
                         Kernel kernel);

  // In the child of a fork.
  void start_anew();

 private:
  // Now and then, so that what only the kernel knows of is told, too.
  static constexpr std::uint32_t kWaitsBetweenLooks = 8;

  class Sleeper {
   public:
    Sleeper(WatchSets& all, WatchSet& set);
    ~Sleeper();
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;
    // It looks no more: the kernel tells it of edges.
    void go_deep();

   private:
    WatchSets& all_;
    WatchSet& set_;
    std::atomic<std::uint32_t>* shared_ = nullptr;
    bool is_deep_ = false;
  };

  [[nodiscard]] WatchSet* set_of(const Watch& watch);
  [[nodiscard]] std::uint32_t number_of(const WatchSet& set) const {
    return static_cast<std::uint32_t>(&set - sets_.data());
  }
  void retire(WatchSet& set, bool tells);
  void settle(WatchSet& set);
  void settle_locked(WatchSet& set);
  static void tell_kernel(const WatchSet& set, Watch& watch, bool is_edge);
  void note_wanted(WatchSet& set, const Watch& watch);
  void remind(std::uint32_t slot, int descriptor);
  // How many events there are without asking the kernel.
  [[nodiscard]] int scan(WatchSet& set, int number, epoll_event* into, int size);
  [[nodiscard]] std::uint32_t look(std::uint32_t slot, const Watch& watch, bool takes_edges);

  std::atomic<Room*> room_{nullptr};
  std::atomic<std::uint64_t> ids_{0};
  std::array<WatchSet, kWatchSets> sets_{};
  std::array<std::atomic<Entry*>, kSlots> entries_{};
};

template <typename Kernel>
int WatchSets::wait(WatchSet& set, int number, epoll_event* into, int size, bool is_patient,
                    Kernel kernel) {
  if (set.members_count.load() != 0) {
    const bool asks = set.waits.fetch_add(1) % kWaitsBetweenLooks == 0;
    int found = asks ? 0 : scan(set, number, into, size);
    if (found != 0) return found;
    if (asks || !is_patient) {
      settle(set);
      found = kernel(/*waits=*/false);
      if (found == 0) found = scan(set, number, into, size);
      if (found != 0 || !is_patient) return found;
    }
  }
  Sleeper sleeper(*this, set);
  settle(set);
  const int found = scan(set, number, into, size);
  if (found != 0) return found;
  sleeper.go_deep();
  return kernel(/*waits=*/true);
}

}  // namespace strata::attach::client
