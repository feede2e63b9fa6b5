// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/tcp_info_layout.h"

#include <gtest/gtest.h>

namespace strata::posix::tcp_info_layout_test {
namespace {

TEST(TcpInfoLayout, CountsInSegmentsAndMicrosecondsAsLinux) {
  TcpInfo info;
  info.state = TcpState::kCloseWait;
  info.recovery = TcpRecoveryState::kLoss;
  info.send_mss = 1000;
  info.congestion_window = 10'000;
  info.slow_start_threshold = 7'500;
  info.segments_unacknowledged = 3;
  info.segments_sacked = 2;
  info.segments_lost = info.segments_resent = 1;
  info.segments_delivered = 12;
  info.offered_mss = 1460;
  info.reordering = 4;
  info.smoothed_rtt = std::chrono::milliseconds(20);
  info.since_data_received = std::chrono::milliseconds(990);
  info.busy = std::chrono::milliseconds(3);
  info.has_sack = info.has_timestamps = info.has_fast_open_data = true;
  info.retransmits[static_cast<std::size_t>(TcpLossCause::kTimeout)] = 2;
  info.retransmits[static_cast<std::size_t>(TcpLossCause::kProbe)] = 1;
  info.retransmits[static_cast<std::size_t>(TcpLossCause::kWindowProbe)] = 9;
  const LinuxTcpInfo out = to_linux(info);
  EXPECT_EQ(out.tcpi_state, 8);
  EXPECT_EQ(out.tcpi_ca_state, 4);
  EXPECT_EQ(out.tcpi_snd_cwnd, 10U);
  EXPECT_EQ(out.tcpi_snd_ssthresh, 7U);
  EXPECT_EQ(out.tcpi_unacked, 3U);
  EXPECT_EQ(out.tcpi_sacked, 2U);
  EXPECT_EQ(out.tcpi_lost, 1U);
  EXPECT_EQ(out.tcpi_retrans, 1U);
  EXPECT_EQ(out.tcpi_delivered, 12U);
  EXPECT_EQ(out.tcpi_advmss, 1460U);
  EXPECT_EQ(out.tcpi_reordering, 5U);
  EXPECT_EQ(out.tcpi_rtt, 20'000U);
  EXPECT_EQ(out.tcpi_last_data_recv, 990U);
  EXPECT_EQ(out.tcpi_busy_time, 3'000U);
  EXPECT_EQ(out.tcpi_options, TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_SYN_DATA);
  EXPECT_EQ(out.tcpi_total_retrans, 3U);
  EXPECT_EQ(out.tcpi_min_rtt, UINT32_MAX);
}

TEST(TcpInfoLayout, AConnectionWithoutThresholdHasNone) {
  EXPECT_EQ(to_linux({}).tcpi_snd_ssthresh, 0x7fff'ffffU);
  EXPECT_EQ(to_linux({}).tcpi_state, 7);
}

}  // namespace
}  // namespace strata::posix::tcp_info_layout_test
