// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sim/middlebox/behind.h"

namespace strata::sim::middlebox_test::filter_test {
namespace {

TEST(Filter, WhatBeganInsidePassesBothWays) {
  for (const char* to : {"10.0.0.2", "fd00::2"}) {
    Behind behind(make_filter({}));
    behind.start(200'000, 100'000, to);
    EXPECT_TRUE(behind.run(60s));
    expect_whole(behind, 200'000, 100'000);
  }
}

TEST(Filter, WhatBeginsOutsideIsNotHeard) {
  Behind behind(make_filter({}));
  auto listener = TcpListener::listen(behind.client_host().stack(), {IpAddress::any_v6(), 99}, {});
  ASSERT_TRUE(listener.has_value());
  auto stream = TcpStream::connect(behind.server_host().stack(),
                                   {*IpAddress::parse("10.0.0.1"), 99}, {}, behind.world().now());
  ASSERT_TRUE(stream.has_value());
  behind.world().run_for(600s);
  EXPECT_EQ(stream->take_error().value(), Error::kTimedOut);
}

TEST(Filter, WithResetsWhoBeginsOutsideIsRefusedAtOnce) {
  Behind behind(make_filter({.resets = true}));
  auto stream = TcpStream::connect(behind.server_host().stack(),
                                   {*IpAddress::parse("10.0.0.1"), 99}, {}, behind.world().now());
  ASSERT_TRUE(stream.has_value());
  behind.world().run_for(1s);
  EXPECT_EQ(stream->take_error().value(), Error::kConnectionRefused);
}

// In silence: both ends try on, and give up.
TEST(Filter, ThatForgetsEndsAConnectionWithAnErrorAndNeverHangsIt) {
  Behind behind(make_filter({.forgets = {Time(50ms)}}), {.socket = asking()});
  behind.start(2'000'000, 2'000'000);
  EXPECT_TRUE(behind.run(3600s));
  EXPECT_TRUE(behind.client().failure().has_value());
  ASSERT_TRUE(behind.server().has_value());
  EXPECT_TRUE(behind.server()->failure().has_value());
  EXPECT_FALSE(behind.client().is_wrong());
  EXPECT_FALSE(behind.server()->is_wrong());
  behind.world().run_for(1200s);
  EXPECT_EQ(behind.world().leaked_packets(), 0U);
}

TEST(Filter, ThatForgetsAndResetsEndsItAtOnce) {
  Behind behind(make_filter({.forgets = {Time(50ms)}, .resets = true}));
  behind.start(2'000'000, 2'000'000);
  EXPECT_TRUE(behind.run(5s));
  EXPECT_EQ(behind.client().failure(), Error::kConnectionReset);
  EXPECT_EQ(behind.server()->failure(), Error::kConnectionReset);
}

// A flow that is silent for longer than the box remembers is lost to it; one that asks is not.
TEST(Filter, SilenceIsForgottenAndKeepaliveIsNoSilence) {
  for (const bool asks : {false, true}) {
    Behind behind(make_filter({.idle = 60s}), {.socket = asks ? asking() : TcpSocketOptions{}});
    auto stream =
        TcpStream::connect(behind.client_host().stack(), {*IpAddress::parse("10.0.0.2"), 80},
                           {.options = asks ? asking() : TcpSocketOptions{}}, behind.world().now());
    ASSERT_TRUE(stream.has_value());
    behind.world().run_for(200s);
    const std::byte byte{1};
    ASSERT_TRUE(stream->write(Bytes(&byte, 1), behind.world().now()));
    behind.world().run_for(1s);
    const auto info = stream->info(behind.world().now());
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->unacknowledged == 0, asks);
  }
}

TEST(Filter, TheLongestSilentGoesWhenThereAreTooMany) {
  Behind behind(make_filter({.flows_max = 1, .resets = true}));
  behind.start(5'000'000, 0);
  behind.world().run_for(100ms);
  // Another flow, and the first is a stranger.
  auto second = TcpStream::connect(behind.client_host().stack(),
                                   {*IpAddress::parse("10.0.0.2"), 81}, {}, behind.world().now());
  ASSERT_TRUE(second.has_value());
  EXPECT_TRUE(behind.run(10s));
  EXPECT_EQ(behind.client().failure(), Error::kClosed) << "the server has ended its direction";
}

}  // namespace
}  // namespace strata::sim::middlebox_test::filter_test
