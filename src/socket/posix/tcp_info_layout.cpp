// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/tcp_info_layout.h"

#include <algorithm>

namespace strata::posix {
namespace {

std::uint32_t usecs(Duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, UINT32_MAX));
}

std::uint32_t msecs(Duration duration) { return usecs(duration) / 1000; }

// Linux counts in segments what we count in bytes.
std::uint32_t whole_segments(std::uint32_t bytes, std::uint32_t mss) {
  return mss == 0 ? 0 : std::max(bytes / mss, 1U);
}

std::uint8_t options_of(const TcpInfo& info) {
  unsigned options = 0;
  if (info.has_timestamps) options |= TCPI_OPT_TIMESTAMPS;
  if (info.has_sack) options |= TCPI_OPT_SACK;
  if (info.has_window_scaling) options |= TCPI_OPT_WSCALE;
  if (info.has_ecn) options |= TCPI_OPT_ECN;
  if (info.congestion_marks_received != 0) options |= TCPI_OPT_ECN_SEEN;
  if (info.has_fast_open_data) options |= TCPI_OPT_SYN_DATA;
  return static_cast<std::uint8_t>(options);
}

// Retransmissions of text; probes of the window are none.
std::uint32_t retransmits(const TcpInfo& info) {
  std::uint32_t total = 0;
  for (const std::uint32_t count : info.retransmits) total += count;
  return total - info.retransmits_by(TcpLossCause::kWindowProbe);
}

void fill_counts(const TcpInfo& info, LinuxTcpInfo& out) {
  out.tcpi_total_retrans = retransmits(info);
  out.tcpi_bytes_acked = info.bytes_acknowledged;
  out.tcpi_bytes_received = info.bytes_received;
  out.tcpi_bytes_sent = info.bytes_sent;
  out.tcpi_bytes_retrans = info.bytes_retransmitted;
  out.tcpi_segs_out = static_cast<std::uint32_t>(info.segments_sent);
  out.tcpi_segs_in = static_cast<std::uint32_t>(info.segments_received);
  out.tcpi_data_segs_out = static_cast<std::uint32_t>(info.data_segments_sent);
  out.tcpi_data_segs_in = static_cast<std::uint32_t>(info.data_segments_received);
  out.tcpi_delivered = static_cast<std::uint32_t>(info.segments_delivered);
  out.tcpi_delivered_ce = info.delivered_ce;
  out.tcpi_dsack_dups = info.duplicates_reported;
  out.tcpi_rcv_ooopack = info.out_of_order_received;
  out.tcpi_notsent_bytes = info.not_sent;
}

void fill_times(const TcpInfo& info, tcp_info& out) {
  out.tcpi_ato = usecs(info.delayed_ack);
  out.tcpi_rto = usecs(info.retransmission_timeout);
  out.tcpi_rtt = usecs(info.smoothed_rtt);
  out.tcpi_rttvar = usecs(info.rtt_variation);
  out.tcpi_min_rtt = info.min_rtt ? usecs(*info.min_rtt) : UINT32_MAX;
  out.tcpi_rcv_rtt = usecs(info.receive_rtt.value_or(Duration{}));
  out.tcpi_last_data_sent = msecs(info.since_data_sent);
  out.tcpi_last_data_recv = msecs(info.since_data_received);
  out.tcpi_last_ack_recv = msecs(info.since_ack_received);
  out.tcpi_busy_time = usecs(info.busy);
  out.tcpi_rwnd_limited = usecs(info.limited_by_peer_window);
  out.tcpi_sndbuf_limited = usecs(info.limited_by_send_buffer);
}

}  // namespace

std::uint8_t state_number(TcpState state) {
  switch (state) {
    case TcpState::kEstablished: return 1;
    case TcpState::kSynSent: return 2;
    case TcpState::kSynReceived: return 3;
    case TcpState::kFinWait1: return 4;
    case TcpState::kFinWait2: return 5;
    case TcpState::kTimeWait: return 6;
    case TcpState::kClosed: return 7;
    case TcpState::kCloseWait: return 8;
    case TcpState::kLastAck: return 9;
    case TcpState::kListen: return 10;
    case TcpState::kClosing: return 11;
  }
  return 7;
}

LinuxTcpInfo to_linux(const TcpInfo& info) {
  LinuxTcpInfo out{};
  const std::uint32_t mss = info.send_mss;
  out.tcpi_state = state_number(info.state);
  out.tcpi_ca_state = static_cast<std::uint8_t>(info.recovery);
  out.tcpi_retransmits = info.backoffs;
  out.tcpi_probes = info.unanswered_probes;
  out.tcpi_backoff = info.backoffs;
  out.tcpi_options = options_of(info);
  out.tcpi_snd_wscale = info.send_window_scale & 0xfU;
  out.tcpi_rcv_wscale = info.receive_window_scale & 0xfU;
  out.tcpi_delivery_rate_app_limited = info.delivery_rate_is_application_limited ? 1 : 0;
  out.tcpi_snd_mss = mss;
  out.tcpi_rcv_mss = info.receive_mss;
  out.tcpi_pmtu = info.path_mtu;
  out.tcpi_advmss = info.offered_mss;
  out.tcpi_unacked = info.segments_unacknowledged;
  out.tcpi_sacked = info.segments_sacked;
  out.tcpi_lost = info.segments_lost;
  out.tcpi_retrans = info.segments_resent;
  out.tcpi_snd_cwnd = whole_segments(info.congestion_window, mss);
  constexpr std::uint32_t kNoThreshold = 0x7fff'ffff;
  out.tcpi_snd_ssthresh = info.slow_start_threshold >= kNoThreshold
                              ? kNoThreshold
                              : whole_segments(info.slow_start_threshold, mss);
  out.tcpi_rcv_ssthresh = info.receive_window;
  out.tcpi_rcv_space = info.receive_buffer;
  // Linux counts the late segment in, and begins with what duplicates are ignored anyway.
  constexpr std::uint32_t kReorderingFirst = 3;
  out.tcpi_reordering = std::max(info.reordering + 1, kReorderingFirst);
  out.tcpi_snd_wnd = info.peer_window;
  out.tcpi_rcv_wnd = info.receive_window;
  out.tcpi_total_rto = static_cast<std::uint16_t>(std::min<std::uint32_t>(info.timeouts, 0xffff));
  out.tcpi_pacing_rate = info.pacing_rate;
  out.tcpi_delivery_rate = info.delivery_rate;
  fill_times(info, out);
  fill_counts(info, out);
  return out;
}

}  // namespace strata::posix
