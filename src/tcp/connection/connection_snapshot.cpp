// SPDX-License-Identifier: Apache-2.0
#include "tcp/connection/connection_snapshot.h"

#include <algorithm>

#include "tcp/connection/connection.h"

namespace strata::tcp {

std::optional<ConnectionSnapshot> Connection::snapshot(const Shared& shared, Time now) const {
  if (is_opening() || state_ == State::kClosed || state_ == State::kTimeWait) return std::nullopt;
  ConnectionSnapshot s;
  s.flow = flow_;
  s.state = state_;
  s.options = shared.options[options_];
  s.sender = sender_.snapshot(shared.send);
  s.receiver = receiver_.snapshot(shared.receive);
  s.path_mtu = path_mtu_;
  s.peer_mss = peer_mss_;
  s.peer_user_timeout = peer_user_timeout_;
  s.send_scale = send_scale_;
  s.timestamps = flags_.timestamps;
  s.sack = flags_.sack;
  s.window_scaling = flags_.window_scaling;
  s.ecn = flags_.ecn;
  s.fast_open = flags_.fast_open;
  s.may_fragment = flags_.may_fragment;
  s.is_orphan = flags_.is_orphan;
  s.fin_wanted = flags_.fin_wanted;
  s.timestamp = clock(now);
  s.ts_recent = ts_recent_;
  s.silent = now - heard_;
  s.age = now - opened_;
  if (ends_at_ != Time{} && state_ == State::kFinWait2) {
    s.ends_in = std::max(ends_at_ - now, Duration{1});
  }
  return s;
}

void Connection::copy_text(const Shared& shared, MutableBytes unread, MutableBytes queued) const {
  (void)receiver_.peek(shared.receive, 0, unread);
  sender_.copy_text(shared.send, 0, queued);
}

bool Connection::restore(Shared& shared, const ConnectionSnapshot& s, Bytes unread, Bytes queued,
                         Time now) {
  const bool is_synchronized = s.state >= State::kEstablished && s.state <= State::kLastAck;
  if (s.version != ConnectionSnapshot::kVersion || !is_synchronized) return false;
  if (queued.size() != s.sender.queued) return false;
  const Algorithm* const chosen = shared.algorithms.find(s.options.congestion);
  const Algorithm* const control =
      chosen != nullptr ? chosen : shared.algorithms.find(shared.config.congestion);
  flags_.has_halves = true;
  if (!sender_.restore(shared.send, s.sender, control, now)) return false;
  if (sender_.write(shared.send, queued, now) != queued.size()) return false;
  if (!sender_.finish_restore(shared.send, s.sender, now)) return false;
  if (!receiver_.restore(shared.receive, s.receiver, unread)) return false;
  state_ = s.state;
  peer_mss_ = s.peer_mss;
  peer_user_timeout_ = s.peer_user_timeout;
  send_scale_ = s.send_scale & 0xfU;
  flags_.timestamps = s.timestamps;
  flags_.sack = s.sack;
  flags_.window_scaling = s.window_scaling;
  flags_.ecn = s.ecn;
  flags_.fast_open = s.fast_open;
  flags_.may_fragment = s.may_fragment;
  flags_.is_orphan = s.is_orphan;
  flags_.keepalive = s.options.keepalive;
  ts_offset_ = s.timestamp - timestamp_clock(now);
  ts_recent_ = s.ts_recent;
  heard_ = now - s.silent;
  opened_ = now - s.age;
  if (s.ends_in != Duration{}) ends_at_ = now + s.ends_in;
  if (s.fin_wanted) start_closing(shared, now);
  return true;
}

}  // namespace strata::tcp
