// SPDX-License-Identifier: Apache-2.0
// The deadlines of a connection: those of its halves, and those that are neither's.
#include <algorithm>
#include <utility>

#include "tcp/connection/connection.h"
#include "tcp/send/sender_asks.h"

namespace strata::tcp {
namespace {

// RFC 5482 3.1: what a peer may ask of us. RFC 1122 4.2.3.5 wants at least 100 seconds.
constexpr Duration kPeerUserTimeoutMin = std::chrono::seconds(100);
constexpr Duration kPeerUserTimeoutMax = std::chrono::minutes(10);

}  // namespace

std::optional<Time> Connection::next_deadline(const Shared& shared) const {
  if (state_ == State::kClosed || state_ == State::kTimeWait) return std::nullopt;
  Time next = kNever;
  const auto heed = [&next](const std::optional<Time>& at) {
    if (at && *at < next) next = *at;
  };
  if (is_opening()) heed(opening_deadline(shared));
  if (has_halves()) {
    heed(sender_.next_deadline(shared.send));
    heed(receiver_.next_deadline());
    if (flags_.keepalive) heed(keepalive_deadline(shared));
    if (ends_at_ != Time{}) heed(ends_at_);
  }
  return next == kNever ? std::nullopt : std::optional(next);
}

void Connection::on_deadline(Shared& shared, Time now) {
  if (is_opening()) on_opening_deadline(shared, now);
  if (state_ == State::kClosed || state_ == State::kTimeWait || !has_halves()) return;
  switch (sender_.on_deadline(shared.send, patience(shared), now)) {
    case DeadlineOutcome::kGaveUp:
      // An orphan's peer may be there still, behind its closed window: it shall hear of the end.
      flags_.reset_due = flags_.is_orphan;
      return fail(shared, soft_error_.value_or(Error::kTimedOut), now);
    case DeadlineOutcome::kSuspect:
      // RFC 9293 3.8.3 (a): "negative advice to the IP layer".
      (void)shared.suspects.try_push(flow_);
      break;
    case DeadlineOutcome::kNothing: break;
  }
  receiver_.on_deadline(now);
  if (flags_.keepalive) on_keepalive(shared, now);
  if (state_ == State::kClosed || ends_at_ == Time{} || ends_at_ > now) return;
  ends_at_ = {};
  if (flags_.fin_wanted) return start_closing(shared, now);
  if (flags_.is_lingering) {
    flags_.is_lingering = false;
    flags_.news_closed = true;
  } else if (state_ == State::kFinWait2) {
    // Nobody is left who could read, and the peer had its time.
    end(shared, now);
  } else if (flags_.program_waits) {
    tell_of_room();
  }
}

// RFC 9293 3.8.3 and RFC 5482 3.1: our program's word counts; without it, the peer's, in bounds.
Patience Connection::patience(const Shared& shared) const {
  const TcpSocketOptions& options = shared.options[options_];
  Patience patience{
      .retries = flags_.is_orphan ? shared.config.orphan_retries : shared.config.retries,
      .user_timeout = options.user_timeout,
      .is_orphan = flags_.is_orphan};
  if (options.user_timeout == Duration{} && peer_user_timeout_ != 0) {
    patience.user_timeout = std::clamp<Duration>(std::chrono::seconds(peer_user_timeout_),
                                                 kPeerUserTimeoutMin, kPeerUserTimeoutMax);
  }
  return patience;
}

// RFC 9293 3.8.4: only for a connection at rest; text under way has a timer of its own.
std::optional<Time> Connection::keepalive_deadline(const Shared& shared) const {
  if (sender_.has_outstanding() || is_opening()) return std::nullopt;
  const TcpSocketOptions& options = shared.options[options_];
  const Duration idle =
      options.keepalive_idle != Duration{} ? options.keepalive_idle : shared.config.keepalive_idle;
  return heard_ + idle + keepalive_interval(shared) * probes_;
}

Duration Connection::keepalive_interval(const Shared& shared) const {
  const TcpSocketOptions& options = shared.options[options_];
  return options.keepalive_interval != Duration{} ? options.keepalive_interval
                                                  : shared.config.keepalive_interval;
}

void Connection::on_keepalive(Shared& shared, Time now) {
  const std::optional<Time> deadline = keepalive_deadline(shared);
  if (!deadline || *deadline > now) return;
  const TcpSocketOptions& options = shared.options[options_];
  const std::uint8_t probes_max =
      options.keepalive_probes != 0 ? options.keepalive_probes : shared.config.keepalive_probes;
  const bool is_past_user_timeout =
      options.user_timeout != Duration{} && probes_ != 0 && now - heard_ >= options.user_timeout;
  const bool is_past_probes = options.user_timeout == Duration{} && probes_ >= probes_max;
  if (is_past_user_timeout || is_past_probes || probes_ == kProbesMost) {
    flags_.reset_due = true;
    return fail(shared, soft_error_.value_or(Error::kTimedOut), now);
  }
  ++probes_;
  flags_.probe_due = true;
}

// Only without a program: one that reads may wait as long as it likes.
void Connection::start_fin_wait_2(const Shared& shared, Time now) {
  if (!flags_.is_orphan) return;
  const Duration wait = shared.options[options_].fin_wait_2.value_or(shared.config.fin_wait_2);
  ends_at_ = now + std::max(wait, Duration{1});
}

}  // namespace strata::tcp
