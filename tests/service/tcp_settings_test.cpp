// SPDX-License-Identifier: Apache-2.0
// TCP as a user asks for it.
#include "service/tcp_settings.h"

#include <gtest/gtest.h>

namespace strata::service::tcp_settings_test {
namespace {

TEST(TcpSettings, EachKeySetsWhatItNames) {
  TcpConfig config;
  const auto done = apply_tcp_settings(
      config,
      "congestion=bbr,ecn=off,sack=off,timestamps=false,window_scaling=off,fast_open=off,"
      "syn_cookies=off,path_probing=always,super_segments=off,initial_window=4,"
      "send_buffer=65536,receive_buffer=8192,keepalive_idle=30");
  ASSERT_TRUE(done.has_value()) << done.error().text;
  EXPECT_EQ(config.congestion.view(), "bbr");
  EXPECT_EQ(config.ecn, TcpEcn::kOff);
  EXPECT_FALSE(config.sack || config.timestamps || config.window_scaling || config.syn_cookies);
  EXPECT_FALSE(config.fast_open_client || config.fast_open_server);
  EXPECT_EQ(config.path_probing, TcpPathProbing::kAlways);
  EXPECT_FALSE(config.super_segments);
  EXPECT_EQ(config.initial_window, 4);
  EXPECT_EQ(config.send_buffer_max, 65536U);
  EXPECT_EQ(config.receive_buffer_max, 8192U);
  EXPECT_EQ(config.receive_buffer_first, 8192U) << "no larger than it may become";
  EXPECT_EQ(config.keepalive_idle, std::chrono::seconds(30));
  EXPECT_TRUE(apply_tcp_setting(config, "sack", "on"));
  EXPECT_TRUE(config.sack);
}

TEST(TcpSettings, WhatIsWrongIsToldWithWhatWasExpected) {
  struct Row {
    const char* text;
    const char* failure;
  };
  for (const Row& row : {
           Row{"speed=9", "speed: unknown key, expected one of: congestion, ecn, sack"},
           Row{"ecn", "'ecn' is not KEY=VALUE, as in ecn=off"},
           Row{"ecn=maybe", "ecn: 'maybe' is not one of: off, accept, request"},
           Row{"congestion=vegas", "congestion: 'vegas' is not one of: reno, cubic, bbr, dctcp"},
           Row{"sack=1", "sack: '1' is not one of: on, off, true, false"},
           Row{"send_buffer=12", "send_buffer: 12 is not a size from 4096 to 1073741824 bytes"},
           Row{"initial_window=ten",
               "initial_window: 'ten' is not a number of segments from 1 to 64"},
           Row{"initial_window=0", "initial_window: 0 is not a number of segments from 1 to 64"},
       }) {
    TcpConfig config;
    const auto done = apply_tcp_settings(config, row.text);
    ASSERT_FALSE(done.has_value()) << row.text;
    EXPECT_TRUE(done.error().text.starts_with(row.failure)) << done.error().text;
  }
}

}  // namespace
}  // namespace strata::service::tcp_settings_test
