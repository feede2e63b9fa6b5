// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "strata/coro/task.h"
#include "strata/coro/task_group.h"
#include "strata/loop.h"
#include "strata/ring.h"

namespace strata::ring::ready_test {
namespace {

struct World {
  World() {
    for (Port* port : {&near, &far}) {
      port->rx().attach(*loop);
      port->tx().attach(*loop);
    }
  }
  void run() {
    for (int turn = 0; turn < 100'000 && !tasks.empty(); ++turn) {
      loop->run_once(std::chrono::seconds(1));
    }
    ASSERT_TRUE(tasks.empty());
  }

  std::unique_ptr<Loop> loop = *Loop::create({.policy = LoopPolicy::kSleep});
  std::pair<Port, Port> ends = *Port::pipe();
  Port& near = ends.first;
  Port& far = ends.second;
  coro::TaskGroup tasks;
};

coro::Task<> receive(RxRing& rx, std::size_t wanted, std::size_t& received) {
  while (received < wanted) {
    // A statement of its own: g++ 12 awaits what stands behind && in any case.
    const auto ready = co_await rx.ready();
    if (!ready) co_return;
    for (auto batch = rx.batch(64); !batch.empty(); batch = rx.batch(64)) received += batch.size();
  }
}

// Fills the ring each time before it waits.
coro::Task<> send(TxRing& tx, std::size_t wanted) {
  const std::vector<std::byte> frame(1500);
  for (std::size_t sent = 0; sent < wanted;) {
    if (tx.send(frame)) {
      ++sent;
      continue;
    }
    const auto ready = co_await tx.ready();
    if (!ready) co_return;
  }
}

coro::Task<> wait(RxRing& rx, coro::Until until, std::optional<Error>& why) {
  const auto ready = co_await rx.ready(until);
  if (!ready) why = ready.error();
}

TEST(Ready, BringsFramesAndRoomToWhoAwaitsThem) {
  World world;
  constexpr std::size_t kFrames = 20'000;
  std::size_t there = 0, back = 0;
  // Both rings of both ends are awaited at once.
  world.tasks.spawn(receive(world.far.rx(), kFrames, there));
  world.tasks.spawn(receive(world.near.rx(), kFrames, back));
  world.tasks.spawn(send(world.near.tx(), kFrames));
  world.tasks.spawn(send(world.far.tx(), kFrames));
  world.run();
  EXPECT_EQ(there, kFrames);
  EXPECT_EQ(back, kFrames);
}

TEST(Ready, EndsAtItsDeadline) {
  World world;
  std::optional<Error> why;
  world.loop->run_once({});
  const Time soon = world.loop->now() + std::chrono::milliseconds(1);
  world.tasks.spawn(wait(world.near.rx(), {.deadline = soon}, why));
  world.run();
  EXPECT_EQ(why, Error::kTimedOut);
}

TEST(Ready, EndsWhenItIsCancelledOrItsTaskDestroyed) {
  World world;
  coro::Cancellation cancellation;
  std::optional<Error> why, other;
  world.tasks.spawn(wait(world.near.rx(), {.cancellation = &cancellation}, why));
  {
    coro::TaskGroup shorter;
    shorter.spawn(wait(world.far.rx(), {}, other));
  }
  cancellation.cancel();
  world.run();
  EXPECT_EQ(why, Error::kCancelled);
  EXPECT_FALSE(other.has_value());
}

}  // namespace
}  // namespace strata::ring::ready_test
