// SPDX-License-Identifier: Apache-2.0
#include "ring/null_ring.h"

#include <gtest/gtest.h>
#include <poll.h>

namespace strata::ring::null_ring_test {
namespace {

bool is_readable(int descriptor) {
  pollfd one{.fd = descriptor, .events = POLLIN, .revents = 0};
  return ::poll(&one, 1, 0) == 1;
}

TEST(NullRing, FindsItsFrameSoManyTimes) {
  auto port = Port::open("null:x,frame=01020304,count=100").make();
  ASSERT_TRUE(port.has_value());
  EXPECT_TRUE(is_readable(port->rx().descriptor()));
  std::size_t received = 0;
  for (auto batch = port->rx().batch(32); !batch.empty(); batch = port->rx().batch(32)) {
    for (Frame& frame : batch) {
      ASSERT_EQ(frame.size(), 4U);
      ASSERT_EQ(frame.bytes()[3], std::byte{4}) << "whatever was done to the last one";
      frame.bytes()[3] = std::byte{9};
      ++received;
    }
  }
  EXPECT_EQ(received, 100U);
  EXPECT_FALSE(is_readable(port->rx().descriptor()));
  EXPECT_FALSE(port->rx().wait({}));
}

TEST(NullRing, HasNothingWithoutAFrame) {
  auto port = Port::open("null:x").make();
  ASSERT_TRUE(port.has_value());
  EXPECT_TRUE(port->rx().batch(64).empty());
  EXPECT_FALSE(is_readable(port->rx().descriptor()));
}

TEST(NullRing, TakesWhateverIsSent) {
  auto port = Port::open("null:x").make();
  ASSERT_TRUE(port.has_value());
  for (int i = 0; i < 100; ++i) {
    const auto frames = port->tx().reserve(64);
    ASSERT_EQ(frames.size(), 64U);
    for (Frame& frame : frames) frame.bytes().back() = std::byte{1};
    port->tx().commit(64);
  }
  EXPECT_EQ(port->tx().frames(), 6400U);
}

TEST(NullRing, KeepsAFrameThatIsHeld) {
  auto port = Port::open("null:x,frame=0102").frames(8).make();
  ASSERT_TRUE(port.has_value());
  Frame kept = std::move(port->rx().batch(1)[0]);
  kept.bytes()[0] = std::byte{7};
  std::size_t received = 0;
  for (int i = 0; i < 10; ++i) received += port->rx().batch(8).size();
  EXPECT_EQ(received, 7U);
  EXPECT_EQ(kept.bytes()[0], std::byte{7});
}

}  // namespace
}  // namespace strata::ring::null_ring_test
