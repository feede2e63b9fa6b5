// SPDX-License-Identifier: Apache-2.0
#include "attach/client/watch_sets.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <deque>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "attach/client/descriptors.h"
#include "attach/lease/lease.h"
#include "attach/pair.h"
#include "strata/rng.h"

namespace strata::attach::client::watch_sets_test {
namespace {

constexpr int kForever = 5000;  // milliseconds: whoever waits so long was not told

struct Connection {
  [[nodiscard]] int descriptor() const { return pair.theirs.get(); }
  [[nodiscard]] InwardLane& lane() const { return room->memory().slots[lease->slot()].inward; }
  // By the kernel: a token lies there.
  [[nodiscard]] bool is_readable() const {
    pollfd asked{descriptor(), POLLIN, 0};
    return ::poll(&asked, 1, 0) == 1 && (asked.revents & POLLIN) != 0;
  }
  void launcher_writes(std::string_view text) const {
    std::memcpy(lease->inward_room()[0].data(), text.data(), text.size());
    lease->publish(text.size(), pair.ours.get());
  }
  std::size_t program_reads() {
    std::byte byte{};
    const iovec part{&byte, 1};
    return end.read({&part, 1}, false);
  }

  Pair pair;
  std::shared_ptr<SharedRoom> room;
  std::unique_ptr<Lease> lease;
  StreamEnd end;
};

struct Lab {
  Lab() {
    all->open(1 << 20);
    all->watch_sets().use(room->memory());
    all->set_born(set.get());
  }

  // `wanted` 0: not watched.
  Connection& connect(std::uint32_t wanted) {
    Pair pair = *make_pair(SOCK_STREAM | SOCK_NONBLOCK);
    const int descriptor = pair.theirs.get();
    auto lease = *Lease::begin(room, pair.cookie, descriptor);
    const StreamEnd end(room->memory(), lease->slot(), descriptor);
    all->born(descriptor, true);
    if (wanted != 0) {
      EXPECT_EQ(control(EPOLL_CTL_ADD, descriptor, wanted), 0);
    }
    Entry& entry = *all->find(descriptor);
    new (entry.storage) StreamEnd(end);
    entry.state = State::kLeased;
    if (entry.wants_edges) entry.end().tell_every_arrival();
    all->watch_sets().join(entry, lease->slot(), descriptor);
    return connections.emplace_back(std::move(pair), room, std::move(lease), end);
  }
  long control(int what, int descriptor, std::uint32_t wanted) const {
    epoll_event event{.events = wanted, .data = {.fd = descriptor}};
    if ((wanted & EPOLLET) != 0) Descriptors::want_edges(*all->find(descriptor));
    const auto answer = all->watch(set.get(), what, descriptor, &event);
    return answer ? *answer : ::epoll_ctl(set.get(), what, descriptor, &event);
  }
  [[nodiscard]] int ask_kernel(int timeout) { return ::epoll_wait(set.get(), events, 8, timeout); }
  int wait(int timeout) {
    WatchSet* known = all->watch_sets().find(set.get());
    if (known == nullptr) return ask_kernel(timeout);
    return all->watch_sets().wait(*known, set.get(), events, 8, timeout != 0, [&](bool waits) {
      ++kernel_calls;
      return ask_kernel(waits ? timeout : 0);
    });
  }

  Descriptor file;
  std::shared_ptr<SharedRoom> room = SharedRoom::make(::getpid(), file);
  std::unique_ptr<Descriptors> all = std::make_unique<Descriptors>();
  Descriptor set{::epoll_create1(EPOLL_CLOEXEC)};
  std::deque<Connection> connections;
  epoll_event events[8]{};
  int kernel_calls = 0;
};

TEST(WatchSets, WhoIsAwakeGetsNoTokenAndAsksNobody) {
  Lab lab;
  Connection& one = lab.connect(EPOLLIN);
  EXPECT_EQ(lab.wait(0), 0);
  lab.kernel_calls = 0;
  one.launcher_writes("ab");
  EXPECT_FALSE(one.is_readable());
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(lab.wait(kForever), 1);
    EXPECT_EQ(lab.events[0].data.fd, one.descriptor());
    EXPECT_EQ(lab.events[0].events, EPOLLIN);
    EXPECT_EQ(one.program_reads(), 1U);
  }
  EXPECT_EQ(lab.kernel_calls, 0);
  EXPECT_EQ(lab.wait(0), 0);
}

TEST(WatchSets, WhatOnlyTheKernelKnowsIsToldThoughBytesNeverEnd) {
  Lab lab;
  lab.connect(EPOLLIN).launcher_writes("unread");
  const Pair other = *make_pair(SOCK_STREAM | SOCK_NONBLOCK);
  ASSERT_EQ(lab.control(EPOLL_CTL_ADD, other.theirs.get(), EPOLLIN), 0);
  ASSERT_EQ(::send(other.ours.get(), "x", 1, 0), 1);
  int found = 0;
  for (int i = 0; i < 16; ++i) {
    ASSERT_GT(lab.wait(kForever), 0);
    found += lab.events[0].data.fd == other.theirs.get() ? 1 : 0;
  }
  EXPECT_GT(found, 0);
}

TEST(WatchSets, ManyAreAnsweredInTurn) {
  Lab lab;
  for (int i = 0; i < 20; ++i) lab.connect(EPOLLIN).launcher_writes("x");
  std::vector<int> times(1024);
  for (int i = 0; i < 40; ++i) {
    const int count = lab.wait(kForever);
    for (int each = 0; each < count; ++each)
      ++times[static_cast<std::size_t>(lab.events[each].data.fd)];
  }
  for (const Connection& each : lab.connections) {
    EXPECT_GT(times[static_cast<std::size_t>(each.descriptor())], 3);
  }
}

TEST(WatchSets, WhatIsWantedIsKeptFromTheKernelUntilItIsAsked) {
  Lab lab;
  Connection& one = lab.connect(EPOLLIN);
  EXPECT_EQ(lab.control(EPOLL_CTL_ADD, one.descriptor(), EPOLLIN), -EEXIST);
  EXPECT_EQ(lab.control(EPOLL_CTL_DEL, one.descriptor(), 0), 0);
  EXPECT_EQ(lab.control(EPOLL_CTL_DEL, one.descriptor(), 0), -ENOENT);
  EXPECT_EQ(lab.control(EPOLL_CTL_MOD, one.descriptor(), EPOLLOUT), -ENOENT);
  one.launcher_writes("x");
  EXPECT_EQ(lab.wait(0), 0) << "nothing is wanted";
  EXPECT_EQ(lab.ask_kernel(0), 0);
  EXPECT_EQ(lab.control(EPOLL_CTL_ADD, one.descriptor(), EPOLLOUT), 0);
  ASSERT_EQ(lab.wait(0), 1);
  EXPECT_EQ(lab.events[0].events, EPOLLOUT);
  EXPECT_EQ(lab.control(EPOLL_CTL_MOD, one.descriptor(), EPOLLIN | EPOLLOUT), 0);
  for (int i = 0; i < 8; ++i) {
    ASSERT_EQ(lab.wait(0), 1);
    if (lab.events[0].events == (EPOLLIN | EPOLLOUT)) break;
  }
  EXPECT_EQ(lab.events[0].events, EPOLLIN | EPOLLOUT);
  EXPECT_EQ(lab.control(EPOLL_CTL_DEL, one.descriptor(), 0), 0);
  EXPECT_EQ(lab.wait(0), 0);
  EXPECT_EQ(lab.ask_kernel(0), 0) << "it was told";
}

TEST(WatchSets, AnArrivalIsOneEdge) {
  Lab lab;
  Connection& one = lab.connect(EPOLLIN | EPOLLET);
  static_cast<void>(lab.wait(0));
  for (int i = 0; i < 20; ++i) {
    one.launcher_writes("xy");
    EXPECT_FALSE(one.is_readable());
    ASSERT_EQ(lab.wait(0), 1) << i;
    EXPECT_EQ(lab.wait(0), 0) << i;
    EXPECT_EQ(one.program_reads(), 1U);
  }
  EXPECT_EQ(lab.control(EPOLL_CTL_MOD, one.descriptor(), EPOLLIN | EPOLLET), 0);
  EXPECT_EQ(lab.wait(0), 1) << "armed again, and there are bytes";
}

TEST(WatchSets, WithoutRoomTheKernelSaysWhenThereIsSome) {
  Lab lab;
  Connection& one = lab.connect(EPOLLOUT);
  ASSERT_EQ(lab.wait(0), 1);
  const std::vector<std::byte> much(2 * std::size_t{kLaneBytes});
  const iovec part{const_cast<std::byte*>(much.data()), much.size()};
  EXPECT_EQ(one.end.write({&part, 1}), kLaneBytes);
  EXPECT_EQ(lab.wait(0), 0);
}

TEST(WatchSets, WhoWaitsOtherwiseGetsTokens) {
  Lab lab;
  Connection& polled = lab.connect(EPOLLIN);
  Connection& unwatched = lab.connect(0);
  lab.all->await_input(polled.descriptor());
  Connection& odd = lab.connect(EPOLLIN | EPOLLONESHOT);
  Connection& shared = lab.connect(EPOLLIN);
  const Descriptor second(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{.events = EPOLLIN, .data = {}};
  EXPECT_EQ(lab.all->watch(second.get(), EPOLL_CTL_ADD, shared.descriptor(), &event), std::nullopt);
  for (Connection* each : {&polled, &unwatched, &odd, &shared}) {
    each->launcher_writes("x");
    EXPECT_TRUE(each->is_readable());
    EXPECT_EQ(each->program_reads(), 1U);
    EXPECT_FALSE(each->is_readable());
  }
}

TEST(WatchSets, ASetThatIsSharedIsTheKernels) {
  Lab lab;
  Connection& one = lab.connect(EPOLLIN);
  EXPECT_EQ(lab.control(EPOLL_CTL_MOD, one.descriptor(), EPOLLIN | EPOLLOUT), 0);
  lab.all->release(lab.set.get());  // as before dup()
  EXPECT_EQ(lab.all->watch_sets().find(lab.set.get()), nullptr);
  ASSERT_EQ(lab.ask_kernel(0), 1);
  EXPECT_EQ(lab.events[0].events, EPOLLOUT) << "told before";
  one.launcher_writes("x");
  EXPECT_TRUE(one.is_readable());
}

TEST(WatchSets, AChildOfAForkKnowsNone) {
  Lab lab;
  lab.connect(EPOLLIN);
  lab.all->start_anew();
  EXPECT_EQ(lab.all->watch_sets().find(lab.set.get()), nullptr);
}

// ── Races ───────────────────────────────────────────────────────────────────────────────────────

// The launcher writes when everything has been read, a little later: as the reader looks a last
// time, says that it sleeps, or sleeps.
void hammer(std::uint32_t wanted, int readers) {
  constexpr int kRounds = 5'000;
  Lab lab;
  Connection& one = lab.connect(wanted);
  std::atomic<int> read{0};
  std::atomic<bool> is_lost{false};
  std::jthread launcher([&] {
    Rng rng(1);
    for (int round = 0; round < kRounds && !is_lost; ++round) {
      while (read != round && !is_lost) std::this_thread::yield();
      for (std::uint64_t spins = rng.below(2000); spins != 0; --spins)
        asm volatile("" ::: "memory");
      one.launcher_writes("x");
    }
  });
  const auto look = [&] {
    epoll_event got[4];
    WatchSet& set = *lab.all->watch_sets().find(lab.set.get());
    while (read < kRounds && !is_lost) {
      const int before = read;
      const int count = lab.all->watch_sets().wait(
          set, lab.set.get(), got, 4, true,
          [&](bool waits) { return ::epoll_wait(lab.set.get(), got, 4, waits ? kForever : 0); });
      if (count == 0 && read == before) is_lost = true;
      Entry& entry = *lab.all->find(one.descriptor());
      const bool has_turn = count > 0 && entry.inward.lock();
      const std::size_t bytes = has_turn ? one.program_reads() : 0;
      if (has_turn) entry.inward.unlock();
      read += static_cast<int>(bytes);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < readers; ++i) threads.emplace_back(look);
    // Those that wait when the last byte has been read.
    while (read < kRounds && !is_lost) std::this_thread::yield();
    launcher.join();
    one.launcher_writes("x");
  }
  EXPECT_FALSE(is_lost);
}

TEST(WatchSetsRace, NoArrivalIsLostToAReaderWhoFallsAsleep) { hammer(EPOLLIN, 1); }
TEST(WatchSetsRace, NorAnEdge) { hammer(EPOLLIN | EPOLLET, 1); }
TEST(WatchSetsRace, NorAmongSeveralReaders) { hammer(EPOLLIN, 3); }
TEST(WatchSetsRace, NorAnEdgeAmongThem) { hammer(EPOLLIN | EPOLLET, 3); }

}  // namespace
}  // namespace strata::attach::client::watch_sets_test
