// SPDX-License-Identifier: Apache-2.0
#include "strata/stack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/counted_heap.h"
#include "support/bench.h"
#include "support/matchers.h"
#include "support/udp_port.h"

namespace strata::stack::stack_test {
namespace {

using namespace support;
using testing::ElementsAre;
using testing::IsEmpty;

class CountedMemory final : public Memory {
 public:
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment) override {
    ++allocations;
    if (allocations > allocations_max) return nullptr;
    return heap.allocate(bytes, alignment);
  }
  void release(void* block, std::size_t bytes, std::size_t alignment) override {
    heap.release(block, bytes, alignment);
  }
  HeapMemory heap;
  std::size_t allocations = 0;
  std::size_t allocations_max = SIZE_MAX;
};

TEST(Stack, NeedsMemoryAndAPool) {
  HeapMemory memory;
  PacketPool pool(memory, {.small_buffers = 1, .large_buffers = 0, .extra_descriptors = 0});
  StackConfig config;
  EXPECT_EQ(Stack::create(config).error(), Error::kInvalidArgument);
  config.memory = &memory;
  EXPECT_EQ(Stack::create(config).error(), Error::kInvalidArgument);
  config.pool = &pool;
  EXPECT_TRUE(Stack::create(config));
}

TEST(Stack, MemoryThatRunsOutAtAnyMomentIsAnError) {
  for (std::size_t most = 0; most < 40; ++most) {
    CountedMemory memory;
    HeapMemory pool_memory;
    PacketPool pool(pool_memory,
                    {.small_buffers = 16, .large_buffers = 0, .extra_descriptors = 16});
    TestDevice device;
    {
      memory.allocations_max = most;
      StackConfig config;
      config.memory = &memory;
      config.pool = &pool;
      auto stack = Stack::create(config);
      if (!stack) {
        EXPECT_EQ(stack.error(), Error::kOutOfMemory);
        continue;
      }
      const auto added = stack->add_interface(device, {}, Time{});
      if (added) {
        (void)stack->add_address(*added, prefix("10.0.0.1/24"), Time{});
        (void)stack->add_address(*added, prefix("fd00::1/64"), Time{});
      } else {
        EXPECT_EQ(added.error(), Error::kOutOfMemory);
      }
      for (int second = 0; second < 10; ++second) {
        stack->poll(Time{} + std::chrono::seconds(second));
        stack->flush(Time{} + std::chrono::seconds(second));
      }
    }
    EXPECT_EQ(memory.heap.bytes_used(), 0U) << most;
    EXPECT_EQ(pool.descriptors_in_use(), 0U) << most;
  }
}

TEST(Stack, GivesAllItsMemoryBack) {
  HeapMemory memory;
  HeapMemory pool_memory;
  PacketPool pool(pool_memory, {.small_buffers = 64, .large_buffers = 0, .extra_descriptors = 64});
  StackConfig config;
  config.memory = &memory;
  config.pool = &pool;
  TestDevice device;
  for (int i = 0; i < 10'000; ++i) {
    auto stack = Stack::create(config);
    ASSERT_TRUE(stack);
    if (i % 10 != 0) continue;
    const auto id = stack->add_interface(device, {}, Time{});
    ASSERT_TRUE(id);
    ASSERT_TRUE(stack->add_address(*id, prefix("10.0.0.1/24"), Time{}));
    stack->flush(Time{});
    stack->flush(Time{} + 1s);
    device.push(ip_frame(kOurMac, kPeerMac,
                         echo_request(address("10.0.0.2"), address("10.0.0.1"), 1, 1, {})));
    stack->poll(Time{} + 2s);
  }
  EXPECT_EQ(memory.bytes_used(), 0U);
  EXPECT_EQ(pool.descriptors_in_use(), 0U);
}

TEST(Stack, AnEmptyOneIsSmall) {
  Bench bench;
  const std::size_t core = bench.memory.bytes_used();
  TestDevice device;
  bench.add(device, InterfaceConfig{});
  const std::size_t total = bench.memory.bytes_used();
  EXPECT_LE(total, std::size_t{24} * 1024)
      << "core and loopback " << core << ", interface " << total - core;
}

TEST(Stack, SeveralShareAPoolAndKnowNothingOfEachOther) {
  HeapMemory memory;
  HeapMemory pool_memory;
  PacketPool pool(pool_memory, {.small_buffers = 64, .large_buffers = 0, .extra_descriptors = 64});
  StackConfig config;
  config.memory = &memory;
  config.pool = &pool;
  auto a = Stack::create(config);
  auto b = Stack::create(config);
  ASSERT_TRUE(a && b);
  TestDevice devices[2];
  InterfaceConfig interface;
  interface.detect_duplicates = false;
  for (Stack* stack : {&*a, &*b}) {
    const auto id = stack->add_interface(devices[stack == &*b], interface, Time{});
    ASSERT_TRUE(id);
    // The same address in both: they are two machines.
    ASSERT_TRUE(stack->add_address(*id, prefix("10.0.0.1/24"), Time{}));
    ASSERT_TRUE(stack->add_neighbor(*id, address("10.0.0.2"), kPeerMac, Time{}));
  }
  devices[1].push(ip_frame(kOurMac, kPeerMac,
                           echo_request(address("10.0.0.2"), address("10.0.0.1"), 1, 1, {})));
  for (Stack* stack : {&*a, &*b}) {
    stack->poll(Time{});
    stack->flush(Time{});
  }
  EXPECT_EQ(a->counters().echo_replies_sent, 0U);
  EXPECT_EQ(b->counters().echo_replies_sent, 1U);
  // Moving a stack moves all of it.
  Stack moved = std::move(*b);
  EXPECT_EQ(moved.counters().echo_replies_sent, 1U);
}

// Packets on their way take nothing from Memory and nothing from the C++ heap.
TEST(Stack, PacketsAllocateNothing) {
  CountedMemory memory;
  HeapMemory pool_memory;
  PacketPool pool(pool_memory,
                  {.small_buffers = 256, .large_buffers = 4, .extra_descriptors = 256});
  StackConfig config;
  config.memory = &memory;
  config.pool = &pool;
  auto stack = Stack::create(config);
  ASSERT_TRUE(stack);
  TestDevice device;
  InterfaceConfig interface;
  interface.detect_duplicates = false;
  interface.accept_router_advertisements = false;
  Time now{};
  const auto id = stack->add_interface(device, interface, now);
  ASSERT_TRUE(id);
  for (const char* own : {"10.0.0.1/24", "fd00::1/64"}) {
    ASSERT_TRUE(stack->add_address(*id, prefix(own), now));
  }
  for (const char* peer : {"10.0.0.2", "fd00::2"}) {
    ASSERT_TRUE(stack->add_neighbor(*id, address(peer), kPeerMac, now));
  }
  Core& core = stack->core();
  const Handle handle = *core.udp.open(AddressFamily::kIpv6);
  udp::Socket& socket = *core.udp.find(handle);
  ASSERT_TRUE(core.udp.bind(socket, {IpAddress::any_v6(), 7}));
  for (int second = 0; second < 20; ++second) {
    stack->poll(now += 1s);
    stack->flush(now);
  }
  device.keeps = false;
  const Frame frames[] = {
      ip_frame(kOurMac, kPeerMac,
               udp_packet({address("10.0.0.2"), 9}, {address("10.0.0.1"), 7}, pattern(1000))),
      ip_frame(kOurMac, kPeerMac,
               udp_packet({address("fd00::2"), 9}, {address("fd00::1"), 7}, pattern(1000))),
      ip_frame(kOurMac, kPeerMac,
               echo_request(address("10.0.0.2"), address("10.0.0.1"), 1, 1, pattern(500)))};
  const Frame payload = pattern(1000);
  const Bytes part = payload.all();
  std::size_t of_memory = 0;
  std::size_t of_heap = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 30; ++i) device.push(frames[i % 3]);
    now += 1ms;
    // The test device itself uses the heap while frames are pushed, not when it hands them over.
    const std::size_t memory_before = memory.allocations;
    const std::size_t heap_before = heap_allocations();
    stack->poll(now);
    while (PacketPtr packet = socket.queue.pop()) {
    }
    for (const char* peer : {"10.0.0.2", "fd00::2"}) {
      SendChoices choices;
      choices.destination = Endpoint{*IpAddress::parse(peer), 9};
      EXPECT_TRUE(send_udp(core, socket, {&part, 1}, choices, now));
    }
    stack->flush(now);
    if (round == 0) continue;  // the first packets may make tables
    of_memory += memory.allocations - memory_before;
    of_heap += heap_allocations() - heap_before;
  }
  EXPECT_EQ(of_memory, 0U);
  EXPECT_EQ(of_heap, 0U);
  EXPECT_EQ(stack->counters().echo_replies_sent, 200U);
  EXPECT_EQ(stack->counters().udp_sent, 40U);
  core.udp.close(handle);
}

TEST(Stack, DeadlinesAreKeptAndEnd) {
  Bench bench;
  EXPECT_FALSE(bench.stack.next_deadline());
  TestDevice device;
  const InterfaceId id = bench.add(device);
  ASSERT_TRUE(bench.stack.add_address(id, prefix("10.0.0.1/24"), bench.now));
  EXPECT_TRUE(bench.stack.next_deadline());
  bench.run_for(60s);
  // Nobody asks for anything: the stack may sleep for long.
  const auto deadline = bench.stack.next_deadline();
  EXPECT_TRUE(!deadline || *deadline > bench.now + 60s);
}

TEST(Stack, UnknownInterfacesAreErrors) {
  Bench bench;
  TestDevice device;
  const InterfaceId none = 77;
  EXPECT_EQ(bench.stack.add_address(none, prefix("10.0.0.1/24"), bench.now).error(),
            Error::kNotFound);
  EXPECT_EQ(bench.stack.remove_address(none, address("10.0.0.1"), bench.now).error(),
            Error::kNotFound);
  EXPECT_EQ(bench.stack.add_vlan(none, {}, {}, bench.now).error(), Error::kNotFound);
  EXPECT_EQ(bench.stack.remove_interface(none, bench.now).error(), Error::kNotFound);
  EXPECT_EQ(bench.stack.set_interface_up(none, true, bench.now).error(), Error::kNotFound);
  EXPECT_EQ(bench.stack.replace_device(none, device, bench.now).error(), Error::kNotFound);
  EXPECT_EQ(bench.stack.add_neighbor(none, address("10.0.0.2"), kPeerMac, bench.now).error(),
            Error::kNotFound);
  EXPECT_EQ(bench.stack.remove_neighbor(none, address("10.0.0.2")).error(), Error::kNotFound);
  EXPECT_EQ(bench.stack.find_interface("eth9").error(), Error::kNotFound);
  EXPECT_EQ(bench.stack.find_interface("lo").value(), kLoopbackId);
}

TEST(Stack, FramesOfAnyEthertypeCanBeSent) {
  Host host;
  PacketPtr packet = host.pool.allocate();
  copy_bytes(text("own").all(), packet->append(3));
  ASSERT_TRUE(host.stack.send_frame(host.eth0, kPeerMac, 0x88b5, std::move(packet)));
  host.settle();
  EXPECT_THAT(host.device.take_sent(), ElementsAre(HasEthertype(0x88b5)));
  EXPECT_EQ(host.stack.send_frame(kLoopbackId, kPeerMac, 0x88b5, host.pool.allocate()).error(),
            Error::kNotSupported);
  PacketPtr large = host.pool.allocate();
  (void)large->append(1501);
  EXPECT_EQ(host.stack.send_frame(host.eth0, kPeerMac, 0x88b5, std::move(large)).error(),
            Error::kMessageTooLong);
}

TEST(Stack, ADeviceCanBeExchangedForAnother) {
  Host host;
  TestDevice other({.mac = kOtherMac});
  TestDevice tunnel({.medium = Medium::kIp});
  EXPECT_EQ(host.stack.replace_device(host.eth0, tunnel, host.now).error(),
            Error::kInvalidArgument);
  ASSERT_TRUE(host.stack.replace_device(host.eth0, other, host.now));
  host.run_for(5s);
  (void)other.take_sent();
  other.push(ip_frame(kOtherMac, kPeerMac, echo_request(host.peer4, host.own4, 1, 1, {})));
  host.run_for(5s);
  EXPECT_THAT(host.device.take_sent(), IsEmpty());
  EXPECT_THAT(other.take_sent(),
              testing::Contains(IsIpv4(Carries(IsIcmp(wire::Icmpv4Type::kEchoReply, 0)))));
}

}  // namespace
}  // namespace strata::stack::stack_test
