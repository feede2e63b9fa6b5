// SPDX-License-Identifier: Apache-2.0
// What a task costs: one allocation, and how large it is.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include <optional>

#include "socket/coro/lab.h"

// Counts what this program takes from the heap while somebody counts.
namespace {
bool is_counting = false;
std::size_t allocations = 0;
std::size_t largest = 0;

struct Counting {
  Counting() {
    is_counting = true;
    allocations = 0;
    largest = 0;
  }
  ~Counting() { is_counting = false; }
};
}  // namespace

void* operator new(std::size_t size) {
  if (is_counting) {
    ++allocations;
    largest = std::max(largest, size);
  }
  void* block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t /*size*/) noexcept { std::free(block); }

namespace strata::coro::frame_test {
namespace {

Task<> echo_small(TcpStream& stream) {
  std::array<std::byte, 64> buffer;
  while (auto count = co_await stream.read(buffer)) {
    if (!co_await stream.write_all(Bytes(buffer).first(*count))) co_return;
  }
}

// An echo between a native client and whoever serves the other end.
struct Echo : Lab {
  Echo() {
    auto listener = strata::TcpListener::listen(server_host.stack(), {kServer, 7}, {});
    client.emplace(*strata::TcpStream::connect(client_host.stack(), {kServer, 7}, {}, world.now()));
    world.run_for(1s);
    server.emplace(*listener->accept(world.now()));
  }
  void ask() {
    std::array<std::byte, 64> message{};
    EXPECT_EQ(client->write(message, world.now()), message.size());
    world.run_for(1s);
    EXPECT_EQ(client->read(message, world.now()), message.size());
  }
  // What the heap gives for ten questions, once all queues have grown.
  std::size_t allocations_of_ten() {
    for (int i = 0; i < 20; ++i) ask();
    const Counting counting;
    for (int i = 0; i < 10; ++i) ask();
    return allocations;
  }
  std::optional<strata::TcpStream> client;
  std::optional<strata::TcpStream> server;
};

TEST(Frame, ATaskIsOneAllocationAndItsOperationsAreNone) {
  Echo native;
  std::array<std::byte, 64> buffer;
  (void)native.server->on_ready([&](Readiness) {
    while (auto count = native.server->read(buffer, native.world.now())) {
      (void)native.server->write(Bytes(buffer).first(*count), native.world.now());
    }
  });
  const std::size_t without = native.allocations_of_ten();

  Echo lab;
  TcpStream served(*std::move(lab.server), lab.server_host.executor());
  TaskGroup tasks;
  {
    const Counting counting;
    tasks.spawn(echo_small(served));
  }
  EXPECT_EQ(allocations, 1);
  // The buffer's 64, the promise, an operation of each kind, and what the compiler keeps.
  EXPECT_LE(largest, 640);
  RecordProperty("frame_bytes", static_cast<int>(largest));
  EXPECT_EQ(lab.allocations_of_ten(), without);
}

}  // namespace
}  // namespace strata::coro::frame_test
