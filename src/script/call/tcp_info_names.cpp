// SPDX-License-Identifier: Apache-2.0
#include "script/call/tcp_info_names.h"

#include <netinet/in.h>

#include <algorithm>
#include <iterator>

#include "socket/posix/tcp_info_layout.h"

namespace strata::script {
namespace {

using posix::LinuxTcpInfo;

template <auto kField>
std::int64_t read(const LinuxTcpInfo& info) {
  return static_cast<std::int64_t>(info.*kField);
}

struct Row {
  std::string_view name;
  std::int64_t (*read)(const LinuxTcpInfo& info);
};

constexpr Row kRows[] = {
    {"tcpi_state", read<&tcp_info::tcpi_state>},
    {"tcpi_ca_state", read<&tcp_info::tcpi_ca_state>},
    {"tcpi_retransmits", read<&tcp_info::tcpi_retransmits>},
    {"tcpi_probes", read<&tcp_info::tcpi_probes>},
    {"tcpi_backoff", read<&tcp_info::tcpi_backoff>},
    {"tcpi_options", read<&tcp_info::tcpi_options>},
    {"tcpi_rto", read<&tcp_info::tcpi_rto>},
    {"tcpi_ato", read<&tcp_info::tcpi_ato>},
    {"tcpi_snd_mss", read<&tcp_info::tcpi_snd_mss>},
    {"tcpi_rcv_mss", read<&tcp_info::tcpi_rcv_mss>},
    {"tcpi_unacked", read<&tcp_info::tcpi_unacked>},
    {"tcpi_sacked", read<&tcp_info::tcpi_sacked>},
    {"tcpi_lost", read<&tcp_info::tcpi_lost>},
    {"tcpi_retrans", read<&tcp_info::tcpi_retrans>},
    {"tcpi_fackets", read<&tcp_info::tcpi_fackets>},
    {"tcpi_last_data_sent", read<&tcp_info::tcpi_last_data_sent>},
    {"tcpi_last_ack_sent", read<&tcp_info::tcpi_last_ack_sent>},
    {"tcpi_last_data_recv", read<&tcp_info::tcpi_last_data_recv>},
    {"tcpi_last_ack_recv", read<&tcp_info::tcpi_last_ack_recv>},
    {"tcpi_pmtu", read<&tcp_info::tcpi_pmtu>},
    {"tcpi_rcv_ssthresh", read<&tcp_info::tcpi_rcv_ssthresh>},
    {"tcpi_rtt", read<&tcp_info::tcpi_rtt>},
    {"tcpi_rttvar", read<&tcp_info::tcpi_rttvar>},
    {"tcpi_snd_ssthresh", read<&tcp_info::tcpi_snd_ssthresh>},
    {"tcpi_snd_cwnd", read<&tcp_info::tcpi_snd_cwnd>},
    {"tcpi_advmss", read<&tcp_info::tcpi_advmss>},
    {"tcpi_reordering", read<&tcp_info::tcpi_reordering>},
    {"tcpi_rcv_rtt", read<&tcp_info::tcpi_rcv_rtt>},
    {"tcpi_rcv_space", read<&tcp_info::tcpi_rcv_space>},
    {"tcpi_total_retrans", read<&tcp_info::tcpi_total_retrans>},
    {"tcpi_pacing_rate", read<&tcp_info::tcpi_pacing_rate>},
    {"tcpi_max_pacing_rate", read<&tcp_info::tcpi_max_pacing_rate>},
    {"tcpi_bytes_acked", read<&tcp_info::tcpi_bytes_acked>},
    {"tcpi_bytes_received", read<&tcp_info::tcpi_bytes_received>},
    {"tcpi_segs_out", read<&tcp_info::tcpi_segs_out>},
    {"tcpi_segs_in", read<&tcp_info::tcpi_segs_in>},
    {"tcpi_notsent_bytes", read<&tcp_info::tcpi_notsent_bytes>},
    {"tcpi_min_rtt", read<&tcp_info::tcpi_min_rtt>},
    {"tcpi_data_segs_in", read<&tcp_info::tcpi_data_segs_in>},
    {"tcpi_data_segs_out", read<&tcp_info::tcpi_data_segs_out>},
    {"tcpi_delivery_rate", read<&tcp_info::tcpi_delivery_rate>},
    {"tcpi_busy_time", read<&tcp_info::tcpi_busy_time>},
    {"tcpi_rwnd_limited", read<&tcp_info::tcpi_rwnd_limited>},
    {"tcpi_sndbuf_limited", read<&tcp_info::tcpi_sndbuf_limited>},
    {"tcpi_delivered", read<&tcp_info::tcpi_delivered>},
    {"tcpi_delivered_ce", read<&tcp_info::tcpi_delivered_ce>},
    {"tcpi_bytes_sent", read<&tcp_info::tcpi_bytes_sent>},
    {"tcpi_bytes_retrans", read<&tcp_info::tcpi_bytes_retrans>},
    {"tcpi_dsack_dups", read<&tcp_info::tcpi_dsack_dups>},
    {"tcpi_reord_seen", read<&tcp_info::tcpi_reord_seen>},
    {"tcpi_rcv_ooopack", read<&tcp_info::tcpi_rcv_ooopack>},
    {"tcpi_snd_wnd", read<&tcp_info::tcpi_snd_wnd>},
    {"tcpi_rcv_wnd", read<&LinuxTcpInfo::tcpi_rcv_wnd>},
    {"tcpi_total_rto", read<&LinuxTcpInfo::tcpi_total_rto>},
    // Bits have no address.
    {"tcpi_snd_wscale",
     [](const LinuxTcpInfo& info) -> std::int64_t { return info.tcpi_snd_wscale; }},
    {"tcpi_rcv_wscale",
     [](const LinuxTcpInfo& info) -> std::int64_t { return info.tcpi_rcv_wscale; }},
    {"tcpi_delivery_rate_app_limited",
     [](const LinuxTcpInfo& info) -> std::int64_t { return info.tcpi_delivery_rate_app_limited; }},
    {"tcpi_fastopen_client_fail",
     [](const LinuxTcpInfo& info) -> std::int64_t { return info.tcpi_fastopen_client_fail; }},
};

}  // namespace

std::optional<std::int64_t> tcp_info_field(const posix::Calls& calls, int fd, std::string_view name,
                                           Time now) {
  const auto* row = std::ranges::find(kRows, name, &Row::name);
  if (row == std::end(kRows)) return std::nullopt;
  LinuxTcpInfo info{};
  socklen_t size = sizeof(info);
  if (calls.getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size, now) != 0) return std::nullopt;
  return row->read(info);
}

}  // namespace strata::script
