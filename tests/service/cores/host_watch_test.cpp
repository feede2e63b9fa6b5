// SPDX-License-Identifier: Apache-2.0
// A host of one core, and two stacks of one loop in the place of two cores. Threads and devices
// with queues are those of tests/interop/cores_api_test.py.
#include "service/cores/host_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "service/lab.h"
#include "strata/udp_socket.h"

namespace strata::service::host_watch_test {
namespace {

class HostWatchTest : public testing::Test {
 protected:
  void send_at_once(std::uint16_t port) {
    auto socket = UdpSocket::open(lab.theirs->stack());
    ASSERT_TRUE(socket);
    const Bytes bytes = std::as_bytes(std::span("text", 4));
    ASSERT_TRUE(socket->send_to(bytes, {*IpAddress::parse("10.77.0.2"), port}, lab_now));
    lab.settle();
  }
  void send_datagram(std::uint16_t port) {
    send_at_once(port);
    lab.run_for(std::chrono::milliseconds(5));
  }

  Lab lab;
  std::vector<WatchedFrame> seen;
  HostWatch watch{*lab.ours, nullptr, [this](const WatchedFrame& frame) { seen.push_back(frame); }};
};

TEST_F(HostWatchTest, TellsInTheTurnInWhichAFramePasses) {
  ASSERT_TRUE(watch.start(100));
  EXPECT_TRUE(watch.is_running());
  send_datagram(99);
  ASSERT_FALSE(seen.empty());
  bool is_told = false;
  for (const WatchedFrame& frame : seen) is_told = is_told || frame.dropped.has_value();
  EXPECT_TRUE(is_told);
  EXPECT_EQ(watch.missed(), 0U);
}

TEST_F(HostWatchTest, BeginsAgainWithAnotherWish) {
  ASSERT_TRUE(watch.start(100, [](Medium, Bytes, std::size_t) { return false; }));
  send_datagram(99);
  EXPECT_TRUE(seen.empty());
  ASSERT_TRUE(watch.start(100));
  send_datagram(99);
  EXPECT_FALSE(seen.empty());
  watch.stop();
  watch.stop();
  EXPECT_FALSE(watch.is_running());
  const std::size_t count = seen.size();
  send_datagram(99);
  EXPECT_EQ(seen.size(), count);
}

// Both ends of the link, as if they were cores of one host.
class HostWatchOfTwo : public HostWatchTest {
 protected:
  // They know each other: no frame is about anything else.
  void SetUp() override { send_datagram(99); }

  HostedStack* other = lab.theirs.get();
  HostWatch both{*lab.ours, std::span(&other, 1),
                 [this](const WatchedFrame& frame) { seen.push_back(frame); }};
};

TEST_F(HostWatchOfTwo, TellsInTheOrderOfTime) {
  ASSERT_TRUE(both.start(100));
  lab.settle();  // the other one begins in a turn of its own
  for (int i = 0; i < 10; ++i) send_datagram(99);
  EXPECT_FALSE(seen.empty()) << "what is old enough is told while it runs";
  both.stop();
  ASSERT_GE(seen.size(), 20U);
  EXPECT_TRUE(std::ranges::is_sorted(seen, {}, &WatchedFrame::time));
  EXPECT_EQ(std::ranges::count_if(seen, [](const auto& frame) { return frame.is_incoming; }),
            std::ranges::count_if(seen, [](const auto& frame) { return !frame.is_incoming; }))
      << "what leaves one comes to the other";
  EXPECT_EQ(both.missed(), 0U);
}

TEST_F(HostWatchOfTwo, CountsWhatFindsItsPartFull) {
  std::uint64_t passed = 0;
  const auto count = [&](const WatchedFrame&) { ++passed; };
  HostWatch ours(*lab.ours, nullptr, count);
  HostWatch theirs(*lab.theirs, nullptr, count);
  ASSERT_TRUE(ours.start(100));
  ASSERT_TRUE(theirs.start(100));
  ASSERT_TRUE(both.start(100));
  lab.settle();
  for (std::size_t i = 0; i < HostWatch::kFramesMax + 10; ++i) send_at_once(99);
  both.stop();
  EXPECT_EQ(seen.size(), 2 * HostWatch::kFramesMax);
  EXPECT_EQ(both.missed(), passed - seen.size());
  EXPECT_GE(both.missed(), 20U);
}

TEST_F(HostWatchOfTwo, GoesOnWithAnotherWishAndLosesNothing) {
  ASSERT_TRUE(both.start(100));
  lab.settle();
  send_at_once(99);
  ASSERT_TRUE(both.start(100, [](Medium, Bytes, std::size_t) { return false; }));
  lab.settle();
  send_at_once(99);
  both.stop();
  const auto leaving = [](const WatchedFrame& frame) { return !frame.is_incoming; };
  const auto coming = [](const WatchedFrame& frame) { return frame.is_incoming; };
  EXPECT_GE(std::ranges::count_if(seen, leaving), 1);
  EXPECT_EQ(std::ranges::count_if(seen, leaving), std::ranges::count_if(seen, coming));
  EXPECT_LE(seen.size(), 4U) << "the datagram and its answer, at either end";
}

TEST_F(HostWatchOfTwo, SaysThatACoreHadNoRoom) {
  std::vector<std::unique_ptr<FrameWatch>> others;
  do {
    others.push_back(std::make_unique<FrameWatch>(other->stack(), [](const WatchedFrame&) {}));
  } while (others.back()->start(100));
  ASSERT_TRUE(both.start(100));
  EXPECT_EQ(both.missed(), 0U);
  lab.settle();
  EXPECT_EQ(both.missed(), 1U);
}

}  // namespace
}  // namespace strata::service::host_watch_test
