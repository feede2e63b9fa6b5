// SPDX-License-Identifier: Apache-2.0
#include "sim/queue/fq_codel.h"

#include <map>

#include "sim/queue/queue_lab.h"
#include "strata/rng.h"

namespace strata::sim::fq_codel_test {
namespace {

using FqCodelTest = QueueTest;

// RFC 8290 5.2.4: turns are of bytes, whatever the size of packets.
TEST_F(FqCodelTest, FlowsShareBytesEvenly) {
  FqCodel queue({});
  std::map<std::uint16_t, std::size_t> bytes;
  for (int i = 0; i < 300; ++i) {
    put(queue, 1, 1500);
    for (int k = 0; k < 5; ++k) put(queue, 2, 300);
  }
  for (int i = 0; i < 600; ++i) {
    const PacketPtr packet = take(queue);
    ASSERT_NE(packet, nullptr);
    bytes[flow_in(*packet)] += packet->size();
  }
  const double share = static_cast<double>(bytes[1]) / static_cast<double>(bytes[1] + bytes[2]);
  EXPECT_NEAR(share, 0.5, 0.01);
}

// RFC 8290 5.1: a packet of a flow that sends little goes before all that wait.
TEST_F(FqCodelTest, ASparseFlowWaitsForNobody) {
  FqCodel queue({});
  for (std::uint16_t flow = 1; flow <= 4; ++flow) {
    for (int i = 0; i < 50; ++i) put(queue, flow);
  }
  for (int i = 0; i < 20; ++i) ASSERT_NE(take(queue), nullptr);
  for (int i = 0; i < 10; ++i) {
    put(queue, 99, 100);
    EXPECT_EQ(flow_in(*take(queue)), 99);
    for (int k = 0; k < 8; ++k) ASSERT_NE(take(queue), nullptr);
  }
}

// RFC 8290 4.2: or a flow could stay new for ever by coming back as soon as it is empty.
TEST_F(FqCodelTest, AFlowThatComesBackAtOnceIsNotNewAgain) {
  FqCodel queue({});
  for (int i = 0; i < 200; ++i) put(queue, 1);
  std::map<std::uint16_t, int> served;
  for (int i = 0; i < 100; ++i) {
    put(queue, 2);
    put(queue, 2);
    ++served[flow_in(*take(queue))];
    ++served[flow_in(*take(queue))];
  }
  EXPECT_GT(served[1], 80);
}

TEST_F(FqCodelTest, PacketsOfAFlowKeepTheirOrder) {
  FqCodel queue({.flows = 4});
  Rng rng{5};
  std::map<std::uint16_t, std::size_t> last;
  std::map<std::uint16_t, std::size_t> sent;
  for (int i = 0; i < 2000; ++i) {
    const auto flow = static_cast<std::uint16_t>(1 + rng.below(10));
    if (rng.below(2) == 0 && sent[flow] < 1400) {
      put(queue, flow, kHeaderBytes + ++sent[flow]);  // its size is its number
    } else if (const PacketPtr packet = take(queue)) {
      EXPECT_GT(packet->size(), last[flow_in(*packet)]);
      last[flow_in(*packet)] = packet->size();
    }
  }
}

// RFC 8290 4.1: who fills the queue pays, and not who comes.
TEST_F(FqCodelTest, TheFattestFlowPaysWhenAllIsFull) {
  FqCodel queue({.codel = {.packets_max = 100}});
  for (int i = 0; i < 90; ++i) put(queue, 1);
  for (std::uint16_t flow = 2; flow < 20; ++flow) put(queue, flow, 100);
  EXPECT_LE(queue.packets(), 100U);
  ASSERT_FALSE(dropped.empty());
  EXPECT_LE(dropped.size(), 64U);
  for (const auto& [when, flow] : dropped) EXPECT_EQ(flow, 1);
}

TEST_F(FqCodelTest, EachFlowHasItsOwnLaw) {
  FqCodel queue({});
  for (int i = 0; i < 300; ++i) put(queue, 1);
  for (int i = 0; i < 1500; ++i, now += 1ms) {
    put(queue, 1);
    if (i % 10 == 0) put(queue, 2, 200);
    static_cast<void>(take(queue));
  }
  ASSERT_FALSE(dropped.empty());
  for (const auto& [when, flow] : dropped) EXPECT_EQ(flow, 1);
}

TEST_F(FqCodelTest, WithoutFlowsOrAQuantumThereIsNone) {
  EXPECT_DEATH(static_cast<void>(make_fq_codel({.flows = 0})), "");
  EXPECT_DEATH(static_cast<void>(make_fq_codel({.quantum = 0})), "");
}

TEST_F(FqCodelTest, CountsAndGivesBackEverything) {
  Rng rng{3};
  {
    FqCodel queue({.codel = {.packets_max = 200, .marks = true}, .flows = 8});
    std::size_t in = 0, out = 0;
    for (int i = 0; i < 5000; ++i, now += 500us) {
      put(queue, static_cast<std::uint16_t>(rng.below(30)), 60 + rng.below(1400),
          static_cast<std::uint8_t>(rng.below(4)));
      ++in;
      if (rng.below(3) != 0 && take(queue) != nullptr) ++out;
      ASSERT_EQ(in, out + dropped.size() + queue.packets());
    }
    while (const PacketPtr packet = take(queue)) {
    }
    EXPECT_EQ(queue.packets(), 0U);
    EXPECT_EQ(queue.bytes(), 0U);
    for (int i = 0; i < 50; ++i) put(queue, 1);
  }
  EXPECT_EQ(pool.descriptors_in_use(), 0U) << "what waits goes with the queue";
}

}  // namespace
}  // namespace strata::sim::fq_codel_test
