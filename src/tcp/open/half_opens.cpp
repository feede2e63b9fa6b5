// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/half_opens.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "strata/check.h"
#include "tcp/isn.h"
#include "tcp/open/syn_cookies.h"

namespace strata::tcp {
namespace {

// For this long after the last one was sent, an ACK may bring a SYN cookie.
constexpr Duration kCookieLife = std::chrono::seconds(128);

HalfOpens::Outcome refuse(DropReason reason) { return {.drop = reason}; }

}  // namespace

HalfOpens::HalfOpens(Memory& memory, const TcpConfig& config, const Secrets& secrets,
                     Listeners& listeners, ReplyBudgets& budgets)
    : config_(config),
      secrets_(secrets),
      listeners_(listeners),
      budgets_(budgets),
      cookies_(secrets.fast_open),
      entries_(memory, std::min(config.half_open_max, BucketIndex::kIndicesMax)),
      index_(memory, entries_.capacity_max()) {}

Index HalfOpens::find(const Flow& flow, std::uint32_t hash) const {
  return index_.find(hash, [&](Index index) { return entries_[index].flow == flow; });
}

HalfOpens::Outcome HalfOpens::on_listen(Listener& listener, const Segment& segment,
                                        std::uint32_t hash, std::uint32_t mtu,
                                        std::optional<SequenceNumber> iss, Time now) {
  // RFC 9293 3.10.7.2, first: check for RST.
  if (segment.flags.rst()) return refuse(DropReason::kTcpResetRefused);
  // Second: check for ACK.
  if (segment.flags.ack()) return on_ack(listener, segment, mtu, now);
  // Third: check for SYN. Fourth: there is nothing else to listen for.
  if (!segment.flags.syn()) return refuse(DropReason::kTcpUnacceptable);
  if (!iss) iss = initial_sequence_number(secrets_.isn, segment.flow, now);
  return on_syn(listener, segment, hash, mtu, *iss, now);
}

HalfOpens::Outcome HalfOpens::on_syn(Listener& listener, const Segment& syn, std::uint32_t hash,
                                     std::uint32_t mtu, SequenceNumber iss, Time now) {
  if (listener.is_accept_queue_full()) {
    ++counters_.accept_overflows;
    return refuse(DropReason::kTcpAcceptQueueFull);
  }
  const Handshake::Context context = context_of(listener, syn.flow, mtu);
  if (is_fast_open(listener, syn, now)) {
    Handshake handshake = Handshake::passive(context, syn, iss);
    handshake.take_syn_text(syn.payload_bytes);
    promise_cookie(handshake, listener, syn, now);
    return {.opened = Opened{.flow = syn.flow,
                             .listener = listener.index,
                             .iss = iss,
                             .irs = syn.seq,
                             .negotiated = handshake.negotiated(context),
                             .handshake = handshake}};
  }
  if ((listener.is_backlog_full() || entries_.full()) && config_.syn_cookies) {
    listener.overflowed_at = now;
    ++counters_.cookies_out;
    return {.reply = cookie_reply_to(syn, context, now)};
  }
  if (listener.is_backlog_full()) return refuse(DropReason::kTcpBacklogFull);
  if (entries_.full() && !shed_oldest()) return refuse(DropReason::kTcpTableFull);
  Handshake handshake = Handshake::passive(context, syn, iss);
  promise_cookie(handshake, listener, syn, now);
  return refuse(enter(listener, handshake, syn.flow, hash));
}

DropReason HalfOpens::enter(Listener& listener, const Handshake& handshake, const Flow& flow,
                            std::uint32_t hash) {
  const Index index = entries_.try_create();
  if (index == kNoIndex) return DropReason::kTcpTableFull;
  Entry& entry = entries_[index];
  entry.handshake = handshake;
  entry.listener = listener.index;
  entry.flow = flow;
  const auto hash_of_entry = [this](Index other) {
    return hash_of(secrets_.flows, entries_[other].flow);
  };
  if (!index_.insert(hash, index, hash_of_entry)) {
    entries_.destroy(index);
    return DropReason::kTcpTableFull;
  }
  to_send_.push_back(entries_, index);
  ++listener.half_open;
  return DropReason::kNone;
}

HalfOpens::Outcome HalfOpens::on_ack(Listener& listener, const Segment& ack, std::uint32_t mtu,
                                     Time now) {
  // RFC 4987 3.6: only a listener that gave cookies away not long ago looks for them.
  const bool may_be_cookie = config_.syn_cookies && !ack.flags.syn() &&
                             listener.overflowed_at != Time::min() &&
                             now - listener.overflowed_at <= kCookieLife;
  const auto opening =
      may_be_cookie ? open_cookie(ack, context_of(listener, ack.flow, mtu), now) : std::nullopt;
  if (!opening) {
    Outcome outcome = refuse(DropReason::kTcpNoSocket);
    if (budgets_.resets.take(now)) outcome.reply = reset_for(ack);
    return outcome;
  }
  if (listener.is_accept_queue_full()) {
    ++counters_.accept_overflows;
    return refuse(DropReason::kTcpAcceptQueueFull);
  }
  ++counters_.cookies_in;
  return {.opened = Opened{.flow = ack.flow,
                           .listener = listener.index,
                           .iss = opening->iss,
                           .irs = opening->irs,
                           .negotiated = opening->negotiated}};
}

HalfOpens::Outcome HalfOpens::on_segment(Index index, const Segment& segment, Time now) {
  Entry& entry = entries_[index];
  const Handshake::Context context = context_of(listeners_[entry.listener], entry.flow);
  List& list = list_of(entry);
  const Handshake::Outcome judged = entry.handshake.on_segment(segment, context);
  if (judged.event == Handshake::Event::kRefused) {
    erase(index);
    return {};
  }
  if (judged.event == Handshake::Event::kEstablished) return on_established(index, segment, now);
  if (&list != &list_of(entry)) {
    list.erase(entries_, index);
    list_of(entry).push_back(entries_, index);
  }
  Outcome outcome = refuse(judged.drop);
  if (judged.reply != Handshake::ReplyKind::kNone) {
    ReplyBudget& budget =
        judged.reply == Handshake::ReplyKind::kReset ? budgets_.resets : budgets_.challenge_acks;
    if (budget.take(now)) {
      outcome.reply = entry.handshake.reply_to(segment, judged.reply, context, now);
    }
  }
  return outcome;
}

HalfOpens::Outcome HalfOpens::on_established(Index index, const Segment& segment, Time now) {
  Entry& entry = entries_[index];
  const Listener& listener = listeners_[entry.listener];
  if (is_deferred(entry, segment)) {
    entry.handshake.set_acknowledged();
    return refuse(DropReason::kNone);
  }
  // Our SYN-ACK goes out again until there is room; the peer's answer opens the connection then.
  if (listener.is_accept_queue_full()) {
    ++counters_.accept_overflows;
    return refuse(DropReason::kTcpAcceptQueueFull);
  }
  const Handshake::Context context = context_of(listener, entry.flow);
  return {.opened = Opened{.flow = entry.flow,
                           .listener = entry.listener,
                           .half_open = index,
                           .iss = entry.handshake.iss(),
                           .irs = entry.handshake.irs(),
                           .negotiated = entry.handshake.negotiated(context),
                           .round_trip = entry.handshake.round_trip(context, now)}};
}

bool HalfOpens::is_fast_open(const Listener& listener, const Segment& syn, Time now) const {
  if (!takes_fast_open(listener) || syn.payload_bytes > UINT16_MAX) return false;
  const auto& cookie = syn.options.fast_open;
  const bool is_trusted = config_.fast_open_server_cookieless && syn.payload_bytes != 0;
  if (!cookie && !is_trusted) return false;
  // RFC 7413 5.1: a bound on connections that answer before they know who asked.
  if (listener.fast_open_pending >= std::max<std::uint32_t>(listener.backlog, 1)) return false;
  return is_trusted || cookies_.accepts(syn.flow, keys_of(listener), *cookie, now);
}

// RFC 7413 4.2.2: to who asks for a cookie, or has none that is good for long.
void HalfOpens::promise_cookie(Handshake& handshake, const Listener& listener, const Segment& syn,
                               Time now) const {
  const auto& cookie = syn.options.fast_open;
  if (!takes_fast_open(listener) || !cookie) return;
  const FastOpenCookies::Keys keys = keys_of(listener);
  const bool is_good = cookies_.accepts(syn.flow, keys, *cookie, now) &&
                       !cookies_.is_stale(syn.flow, keys, *cookie, now);
  if (!is_good) handshake.promise_cookie(cookie->experimental());
}

// A bare ACK opens nothing while the listener waits for text.
bool HalfOpens::is_deferred(const Entry& entry, const Segment& segment) const {
  if (segment.payload_bytes != 0 || segment.flags.fin()) return false;
  return entry.handshake.retries() < deferred_retries(listeners_[entry.listener]);
}

// How many retries pass in the time that accepting may be deferred.
unsigned HalfOpens::deferred_retries(const Listener& listener) const {
  unsigned retries = 0;
  for (Duration left = listener.options.defer_accept;
       left > Duration{} && retries < config_.syn_ack_retries; ++retries) {
    left -= Handshake::retry_wait(config_, retries);
  }
  return retries;
}

HalfOpens::List& HalfOpens::list_of(const Entry& entry) {
  if (entry.handshake.wants_to_send()) return to_send_;
  return waiting_[std::min<std::size_t>(entry.handshake.retries(), kLists - 1)];
}

void HalfOpens::erase(Index index) {
  const Entry& entry = entries_[index];
  STRATA_CHECK(index_.erase(hash_of(secrets_.flows, entry.flow), index));
  list_of(entry).erase(entries_, index);
  --listeners_[entry.listener].half_open;
  entries_.destroy(index);
}

bool HalfOpens::shed_oldest() {
  for (std::size_t i = kLists; i-- > 0;) {
    if (waiting_[i].empty()) continue;
    erase(waiting_[i].front());
    ++counters_.shed;
    return true;
  }
  return false;
}

void HalfOpens::close_listener(Index listener) {
  if (listeners_[listener].half_open == 0) return;
  for (Index i = entries_.next_used(0); i != kNoIndex; i = entries_.next_used(i + 1)) {
    if (entries_[i].listener == listener) erase(i);
  }
}

std::optional<Outgoing> HalfOpens::next_outgoing(Time now) {
  if (to_send_.empty()) return std::nullopt;
  const Index index = to_send_.front();
  Entry& entry = entries_[index];
  to_send_.erase(entries_, index);
  std::optional<wire::TcpFastOpenCookie> cookie;
  if (entry.handshake.gives_cookie()) {
    cookie = cookies_.cookie_for(entry.flow, keys_of(listeners_[entry.listener]),
                                 entry.handshake.cookie_is_experimental(), now);
  }
  const Handshake::Context context = context_of(listeners_[entry.listener], entry.flow);
  std::optional<Outgoing> out = entry.handshake.next_outgoing(context, now, {}, cookie);
  list_of(entry).push_back(entries_, index);
  return out;
}

std::optional<Time> HalfOpens::next_deadline() const {
  if (entries_.empty()) return std::nullopt;
  std::optional<Time> next;
  for (const List& list : waiting_) {
    if (!list.empty()) next = earlier(next, entries_[list.front()].handshake.next_deadline());
  }
  return next;
}

void HalfOpens::on_deadline(Time now) {
  unsigned expired = 0;
  for (List& list : waiting_) {
    while (!list.empty() && expired < kExpiredPerCall) {
      const auto deadline = entries_[list.front()].handshake.next_deadline();
      if (!deadline || *deadline > now) break;
      on_retry(list.front(), now);
      ++expired;
    }
  }
}

void HalfOpens::on_retry(Index index, Time now) {
  Entry& entry = entries_[index];
  const Listener& listener = listeners_[entry.listener];
  const Handshake::Context context = context_of(listener, entry.flow);
  list_of(entry).erase(entries_, index);
  const Handshake::Event event = entry.handshake.on_deadline(context, now);
  if (event != Handshake::Event::kTimedOut && entry.handshake.is_acknowledged() &&
      entry.handshake.retries() < deferred_retries(listener)) {
    entry.handshake.postpone(context, now);
  }
  list_of(entry).push_back(entries_, index);
  if (event == Handshake::Event::kTimedOut) {
    ++counters_.timed_out;
    erase(index);
  } else if (entry.handshake.wants_to_send()) {
    ++counters_.retransmitted;
  }
}

}  // namespace strata::tcp
