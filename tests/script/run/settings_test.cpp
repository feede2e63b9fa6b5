// SPDX-License-Identifier: Apache-2.0
#include "script/run/settings.h"

#include <gtest/gtest.h>

namespace strata::script::settings_test {
namespace {

TEST(Settings, ReachTheStack) {
  Settings settings = usual_settings();
  ASSERT_TRUE(apply_setting(settings, "net.ipv4.tcp_timestamps", "0"));
  ASSERT_TRUE(apply_setting(settings, "net.ipv4.tcp_rmem", "4096 540000 15728640"));
  ASSERT_TRUE(apply_setting(settings, "net.ipv4.tcp_syn_retries", "3"));
  ASSERT_TRUE(apply_setting(settings, "net.ipv4.tcp_ecn", "1"));
  ASSERT_TRUE(apply_setting(settings, "net.ipv4.tcp_congestion_control", "reno"));
  ASSERT_TRUE(apply_setting(settings, "net.ipv4.tcp_fin_timeout", "7"));
  ASSERT_TRUE(apply_setting(settings, "net.ipv4.ip_default_ttl", "9"));
  ASSERT_TRUE(apply_setting(settings, "net.ipv4.tcp_rto_max_ms", "1000"));
  ASSERT_TRUE(apply_setting(settings, "net.ipv4.tcp_rto_min_us", "5000"));
  EXPECT_EQ(settings.tcp.rto_max, std::chrono::seconds(1));
  EXPECT_EQ(settings.tcp.rto_min, std::chrono::milliseconds(5));
  EXPECT_FALSE(settings.tcp.timestamps);
  EXPECT_EQ(settings.tcp.receive_buffer_first, 540'000U);
  EXPECT_EQ(settings.tcp.receive_buffer_max, 15'728'640U);
  EXPECT_EQ(settings.tcp.syn_retries, 3);
  EXPECT_EQ(settings.tcp.ecn, TcpEcn::kRequest);
  EXPECT_EQ(settings.tcp.congestion.view(), "reno");
  EXPECT_EQ(settings.tcp.fin_wait_2, std::chrono::seconds(7));
  EXPECT_EQ(settings.stack.hop_limit, 9);
}

TEST(Settings, ZeroOrphanRetriesAreTheDefault) {
  Settings settings = usual_settings();
  ASSERT_TRUE(apply_setting(settings, "net.ipv4.tcp_orphan_retries", "3"));
  EXPECT_EQ(settings.tcp.orphan_retries, 3);
  ASSERT_TRUE(apply_setting(settings, "net.ipv4.tcp_orphan_retries", "0"));
  EXPECT_EQ(settings.tcp.orphan_retries, TcpConfig{}.orphan_retries);
}

TEST(Settings, KeysOfFastOpenAreWordsOfFourBytes) {
  Settings settings = usual_settings();
  ASSERT_TRUE(apply_setting(settings, "net.ipv4.tcp_fastopen_key",
                            "00010203-04050607-08090a0b-0c0d0e0f,1-2-3-4"));
  ASSERT_TRUE(settings.tcp.fast_open_key && settings.tcp.fast_open_key_before);
  EXPECT_EQ((*settings.tcp.fast_open_key)[0], std::byte{3});
  EXPECT_EQ((*settings.tcp.fast_open_key)[15], std::byte{0x0c});
  EXPECT_EQ((*settings.tcp.fast_open_key_before)[4], std::byte{2});
}

TEST(Settings, RefuseWhatCannotBeHad) {
  struct Row {
    std::string_view name, value;
  };
  const Row rows[] = {{"net.ipv4.nonsense", "1"},
                      {"net.ipv4.tcp_reordering", "10"},
                      {"net.ipv4.tcp_dsack", "0"},
                      {"net.ipv4.tcp_rmem", "4096"},
                      {"net.ipv4.tcp_rmem", "1 9 3"},
                      {"net.ipv4.tcp_syn_retries", "300"},
                      {"net.ipv4.tcp_timestamps", "yes"},
                      {"net.ipv4.ip_default_ttl", "0"},
                      {"net.ipv4.tcp_ecn", "9"},
                      {"net.ipv4.tcp_rto_max_ms", "999"},
                      {"net.ipv4.tcp_rto_min_us", "0"},
                      {"net.ipv4.tcp_fastopen_key", "1-2-3"},
                      {"net.ipv4.tcp_fastopen_key", "1-2-3-4,5"},
                      {"net.ipv4.tcp_notsent_lowat", "-2"},
                      {"net.ipv4.tcp_congestion_control", "far_too_long_a_name"}};
  for (const Row& row : rows) {
    Settings settings = usual_settings();
    EXPECT_FALSE(apply_setting(settings, row.name, row.value)) << row.name << "=" << row.value;
  }
}

}  // namespace
}  // namespace strata::script::settings_test
