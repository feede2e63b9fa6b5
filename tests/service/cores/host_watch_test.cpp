// SPDX-License-Identifier: Apache-2.0
// A host of one core. Several cores need threads and devices with queues: those of
// tests/interop/cores_api_test.py.
#include "service/cores/host_watch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "service/lab.h"
#include "strata/udp_socket.h"

namespace strata::service::host_watch_test {
namespace {

class HostWatchTest : public testing::Test {
 protected:
  void send_datagram(std::uint16_t port) {
    auto socket = UdpSocket::open(lab.theirs->stack());
    ASSERT_TRUE(socket);
    const Bytes bytes = std::as_bytes(std::span("text", 4));
    ASSERT_TRUE(socket->send_to(bytes, {*IpAddress::parse("10.77.0.2"), port}, lab_now));
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

}  // namespace
}  // namespace strata::service::host_watch_test
