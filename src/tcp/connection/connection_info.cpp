// SPDX-License-Identifier: Apache-2.0
// What can be seen of a connection, and what its observer is told.
#include <algorithm>

#include "tcp/connection/connection.h"

namespace strata::tcp {

TcpInfo Connection::info(const Shared& shared, Time now) const {
  TcpInfo info;
  info.local = flow_.local();
  info.remote = flow_.remote();
  info.state = state_;
  info.has_timestamps = flags_.timestamps;
  info.has_sack = flags_.sack;
  info.has_window_scaling = flags_.window_scaling;
  info.has_ecn = flags_.ecn;
  info.has_fast_open_data = flags_.fast_open;
  info.send_window_scale = send_scale_;
  info.receive_window_scale = receiver_.window_shift();
  info.path_mtu = path_mtu_;
  info.age = now - opened_;
  info.since_ack_received = now - heard_;
  info.unanswered_probes = static_cast<std::uint8_t>(std::min<unsigned>(probes_, UINT8_MAX));
  info.segments_sent = segments_sent_;
  info.segments_received = segments_received_;
  info.data_segments_received = data_segments_received_;
  info.out_of_order_received = out_of_order_received_;
  info.delivered_ce = delivered_ce_;
  info.soft_error = soft_error_;
  if (is_opening()) info.backoffs = shared.openings[opening_].retries();
  info.not_sent = sender_.unsent(shared.send);
  if (!has_halves()) return info;
  sender_.fill(shared.send, info, now);
  // What was under way at the end has been given up.
  if (state_ == State::kClosed) info.unacknowledged = 0;
  if (!is_opening()) ++info.segments_delivered;
  info.offered_mss = mss_for(path_mtu_, flow_.is_v4());
  const std::uint16_t mss_max = shared.options[options_].mss_max;
  if (mss_max != 0) info.offered_mss = std::min<std::uint32_t>(info.offered_mss, mss_max);
  info.delayed_ack = receiver_.ack_delay(shared.config);
  info.receive_window = receiver_.window();
  info.receive_mss = receiver_.segment_size();
  info.receive_buffer = receiver_.buffer_limit();
  info.receive_queue = static_cast<std::uint32_t>(receiver_.readable(shared.receive));
  info.out_of_order_queue =
      static_cast<std::uint32_t>(receiver_.out_of_order_bytes(shared.receive));
  info.receive_rtt = receiver_.rtt();
  info.since_data_received = receiver_.since_text(now).value_or(info.age);
  info.bytes_received = receiver_.bytes_received();
  info.congestion_marks_received = receiver_.ce_segments();
  return info;
}

// Of an acknowledgement, only what an observer could not see in the segment itself.
void Connection::tell_ack(const Shared& shared, const AckOutcome& outcome, Time now) const {
  TcpInfo info;
  sender_.fill(shared.send, info, now);
  TcpEvent event;
  event.when = now;
  event.congestion_window = info.congestion_window;
  event.slow_start_threshold = info.slow_start_threshold;
  event.cause = outcome.cause;
  const auto say = [&](TcpEventKind kind) {
    event.kind = kind;
    tell(shared, event);
  };
  if (outcome.recovery_entered) say(TcpEventKind::kRecoveryEntered);
  if (outcome.recovery_undone) say(TcpEventKind::kRecoveryUndone);
  if (outcome.recovery_left) say(TcpEventKind::kRecoveryLeft);
  if (outcome.bytes_acked != 0) say(TcpEventKind::kWindowChanged);
}

}  // namespace strata::tcp
