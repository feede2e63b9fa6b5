// SPDX-License-Identifier: Apache-2.0
#include "tcp/connection/connection.h"

#include <algorithm>
#include <utility>

#include "base/probes.h"
#include "strata/check.h"

namespace strata::tcp {

Connection::Connection(const Flow& flow, SequenceNumber iss, OptionSetIndex options,
                       std::uint32_t mtu, Time now)
    : flow_(flow),
      path_mtu_(static_cast<std::uint16_t>(std::min<std::uint32_t>(mtu, UINT16_MAX))),
      sender_(iss + 1),
      heard_(now),
      opened_(now),
      options_(options) {}

void Connection::release(Shared& shared) {
  sender_.release(shared.send);
  receiver_.release(shared.receive);
  if (opening_ != kNoIndex) shared.openings.destroy(std::exchange(opening_, kNoIndex));
  shared.options.give_back(std::exchange(options_, kDefaultOptions));
}

void Connection::prefetch(const Shared& shared) const {
  sender_.prefetch(shared.send);
  receiver_.prefetch(shared.receive);
  if (hook != kNoIndex) shared.hooks.prefetch(hook);
}

void Connection::transition_to(Shared& shared, State to, Time now) {
  STRATA_CHECK(may_follow(state_, to));
  const State from = std::exchange(state_, to);
  probe_tcp_state(&flow_, static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to));
  if (shared.observer == nullptr) [[likely]]
    return;
  TcpEvent event;
  event.kind = TcpEventKind::kStateChanged;
  event.from = from;
  event.to = to;
  event.when = now;
  tell(shared, event);
}

void Connection::begin_in(State first) {
  probe_tcp_state(&flow_, static_cast<std::uint32_t>(state_), static_cast<std::uint32_t>(first));
  state_ = first;
}

void Connection::fail(Shared& shared, Error error, Time now) {
  error_ = error;
  flags_.news_error = true;
  end(shared, now);
}

// RFC 9293 3.10.7.4: "all segment queues should be flushed". What stands in order was acknowledged
// and so belongs to the program: it is kept until the program lets go.
void Connection::end(Shared& shared, Time now) {
  transition_to(shared, State::kClosed, now);
  end_halves(shared);
  if (opening_ != kNoIndex) shared.openings.destroy(std::exchange(opening_, kNoIndex));
  flags_.challenge_due = flags_.probe_due = flags_.fin_wanted = flags_.is_lingering = false;
  flags_.news_readable = flags_.news_writable = flags_.news_closed = true;
  ends_at_ = {};
}

void Connection::on_time_wait_taken(Shared& shared) { end_halves(shared); }

// What was counted stays, too, for those who ask.
void Connection::end_halves(Shared& shared) {
  if (flags_.is_orphan) {
    sender_.release(shared.send);
    receiver_.release(shared.receive);
  } else {
    sender_.end(shared.send);
  }
}

Readiness Connection::take_news() {
  const Readiness news{.readable = flags_.news_readable,
                       .writable = flags_.news_writable,
                       .error = flags_.news_error,
                       .closed = flags_.news_closed};
  flags_.news_readable = flags_.news_writable = flags_.news_error = flags_.news_closed = false;
  return news;
}

void Connection::tell(const Shared& shared, TcpEvent event) const {
  if (shared.observer == nullptr) [[likely]]
    return;
  const Handle handle = shared.connections->handle_of(timer.owner);
  event.socket = {handle.index, handle.generation};
  shared.observer->on_tcp_event(event);
}

}  // namespace strata::tcp
