// SPDX-License-Identifier: Apache-2.0
#include "tcp/transport.h"

#include <algorithm>
#include <utility>

#include "strata/check.h"

namespace strata::tcp {
namespace {

// A timer that asks for "now" again gets the next tick: nothing turns in circles.
constexpr Duration kTick = std::chrono::microseconds(1);

}  // namespace

Transport::Transport(Memory& memory, PacketPool& pool, const TcpConfig& config, const SipKey& key,
                     Rng rng, ReadyList& ready, PathMtuOf path_mtu_of)
    : shared_(memory, pool, config, key, rng),
      connections_(memory, config.connections_max),
      listeners_(memory, config.listeners_max, shared_.secrets.flows),
      half_opens_(memory, shared_.config, shared_.secrets, listeners_, shared_.budgets),
      time_waits_(memory, shared_.config, shared_.secrets),
      demux_(memory, config.connections_max, shared_.secrets, half_opens_, time_waits_),
      ports_(memory, config.listeners_max + config.connections_max, shared_.secrets.ports),
      held_(memory),
      ready_(ready),
      path_mtu_of_(std::move(path_mtu_of)) {
  shared_.connections = &connections_;
}

Transport::~Transport() {
  for (Index i = connections_.next_used(0); i != kNoIndex; i = connections_.next_used(i + 1)) {
    Connection& connection = connections_[i];
    forget_dirty(connection);
    wheel_.cancel(connection.timer);
    if (connection.hook != kNoIndex) ready_.remove(shared_.hooks[connection.hook]);
    connection.release(shared_);
  }
  connections_.clear();
  for (Index i = listeners_.next_used(0); i != kNoIndex; i = listeners_.next_used(i + 1)) {
    ready_.remove(listeners_[i].ready);
  }
}

// ── After something happened ────────────────────────────────────────────────────────────────

void Transport::settle(Connection& connection, Time now) {
  if (connection.state() == State::kTimeWait && connection.is_known) hand_over(connection, now);
  if (connection.state() == State::kClosed && connection.is_known) {
    forget_flow(connection);
  }
  if (connection.is_pending && (!connection.is_opening() || !connection.is_known)) {
    end_pending(connection);
  }
  tell_program(connection);
  // Once nothing more is to be sent, its deadline is filed, too: once for all that happens in a
  // turn. Only one without a timer, or that is held up, does not wait for that.
  mark_dirty(connection);
  if (!connection.timer.is_scheduled() || connection.held_at != kNoInterface) {
    file_deadline(connection);
  }
}

void Transport::tell_program(Connection& connection) {
  if (connection.hook == kNoIndex || !connection.has_news()) return;
  ready_.add(shared_.hooks[connection.hook], connection.take_news());
}

void Transport::mark_dirty(Connection& connection) {
  if (!connection.dirty.is_linked()) dirty_.push_back(connection);
}

void Transport::file_deadline(Connection& connection) {
  const std::optional<Time> deadline = connection.next_deadline(shared_);
  if (!deadline) {
    if (!connection.is_known) wheel_.cancel(connection.timer);
    return;
  }
  // Later ones are found when the timer fires: that is once a timeout, and not once a segment.
  if (connection.timer.is_scheduled() && connection.timer.deadline() <= *deadline) return;
  wheel_.schedule(connection.timer, *deadline);
}

// The connection ends here, and TimeWaits remember it. What it owes the peer leaves as a reply.
void Transport::hand_over(Connection& connection, Time now) {
  while (auto outgoing = connection.next_outgoing(shared_, {}, now)) {
    shared_.reply(std::move(*outgoing));
  }
  const Receiver& receiver = connection.receiver();
  TimeWait rest;
  rest.flow = connection.flow();
  rest.snd_nxt = connection.sender().nxt();
  rest.rcv_nxt = receiver.next();
  if (connection.has_timestamps()) rest.ts_recent = connection.ts_recent();
  rest.window = static_cast<std::uint16_t>(
      std::min<std::uint32_t>(receiver.window() >> receiver.window_shift(), UINT16_MAX));
  const std::uint32_t hash = demux_.hash(rest.flow);
  forget_flow(connection, hash, true);
  const std::optional<std::uint16_t> shed = time_waits_.next_shed();
  const bool is_kept = time_waits_.add(rest, hash, now);
  if (shed) ports_.drop_use(*shed);
  if (!is_kept) ports_.drop_use(rest.flow.local_port);
  connection.on_time_wait_taken(shared_);
}

void Transport::forget_flow(Connection& connection, std::uint32_t hash, bool keeps_port) {
  STRATA_CHECK(demux_.erase(hash, connection.timer.owner));
  connection.is_known = false;
  wheel_.cancel(connection.timer);
  if (!keeps_port) ports_.drop_use(connection.flow().local_port);
}

void Transport::end_pending(Connection& connection) {
  connection.is_pending = false;
  --listeners_[connection.listener].fast_open_pending;
  if (connection.is_accepted) connection.listener = kNoIndex;
}

void Transport::reap(Connection& connection) {
  const bool is_handed_over = connection.state() == State::kTimeWait && !connection.is_known;
  if (connection.is_over() || (connection.is_orphan() && is_handed_over)) destroy(connection);
}

void Transport::destroy(Connection& connection) {
  if (connection.is_orphan()) --orphans_;
  forget_dirty(connection);
  wheel_.cancel(connection.timer);
  if (connection.hook != kNoIndex) {
    ready_.remove(shared_.hooks[connection.hook]);
    shared_.hooks.destroy(connection.hook);
  }
  connection.release(shared_);
  (void)connections_.destroy(connections_.handle_of(connection.timer.owner));
}

// ── What goes out ───────────────────────────────────────────────────────────────────────────

std::optional<Outgoing> Transport::next_outgoing(Time now, const Limits& limits) {
  if (!shared_.replies.empty()) return shared_.replies.pop();
  if (half_opens_.has_outgoing()) {
    if (auto answer = half_opens_.next_outgoing(now)) return answer;
  }
  while (Connection* const connection = dirty_.front()) {
    if (limits.obstacle != nullptr && is_held_up(*connection, limits)) continue;
    auto outgoing = connection->next_outgoing(shared_, limits, now);
    if (outgoing && connection->has_outgoing(shared_)) {
      dirty_.move_to_back(*connection);
      return outgoing;
    }
    dirty_.erase(*connection);
    file_deadline(*connection);
    reap(*connection);
    if (outgoing) return outgoing;
  }
  return std::nullopt;
}

void Transport::forget_dirty(Connection& connection) {
  if (!connection.dirty.is_linked()) return;
  (connection.held_at == kNoInterface ? dirty_ : held_[connection.held_at]).erase(connection);
}

bool Transport::holds_any() const {
  return std::ranges::any_of(held_, [](const auto& held) { return !held.empty(); });
}

// Without memory for the list nobody is held, and what finds no room is lost.
bool Transport::is_held_up(Connection& connection, const Limits& limits) {
  const InterfaceId bound = shared_.options[connection.options()].bound_interface;
  const InterfaceId at = limits.obstacle(limits.context, connection.flow(), bound);
  if (at == kNoInterface || at > Connection::kHeldAtMax) return false;
  while (held_.size() <= at) {
    if (!held_.try_push_back({})) return false;
  }
  dirty_.erase(connection);
  held_[at].push_back(connection);
  connection.held_at = at & Connection::kHeldAtMax;
  file_deadline(connection);
  return true;
}

void Transport::release_held(InterfaceId at, std::size_t connections_max) {
  for (std::size_t left = connections_max; left != 0; --left) {
    Connection* const connection = held_[at].pop_front();
    if (connection == nullptr) return;
    connection->held_at = kNoInterface;
    dirty_.push_back(*connection);
  }
}

// ── Time ────────────────────────────────────────────────────────────────────────────────────

std::optional<Time> Transport::next_deadline() const {
  return earlier(earlier(wheel_.next_deadline(), shared_.send.next_fold()),
                 earlier(half_opens_.next_deadline(), time_waits_.next_deadline()));
}

void Transport::on_deadline(Time now) {
  Sender::on_fold(shared_.send, now);
  half_opens_.on_deadline(now);
  time_waits_.on_deadline(now, [this](std::uint16_t port) { ports_.drop_use(port); });
  while (TimerEntry* const timer = wheel_.pop_expired(now)) {
    Connection& connection = connections_[timer->owner];
    const std::optional<Time> deadline = connection.next_deadline(shared_);
    if (!deadline) continue;
    if (*deadline > now) {
      wheel_.schedule(*timer, *deadline);
      continue;
    }
    connection.on_deadline(shared_, now);
    settle(connection, now);
    if (timer->is_scheduled() && timer->deadline() <= now) wheel_.schedule(*timer, now + kTick);
  }
}

// ── Those who watch ─────────────────────────────────────────────────────────────────────────

bool Transport::add_observer(TcpObserver& observer) {
  const bool is_added = observers_.add(observer);
  if (is_added) shared_.observer = &observers_;
  return is_added;
}

void Transport::remove_observer(TcpObserver& observer) {
  observers_.remove(observer);
  if (observers_.empty()) shared_.observer = nullptr;
}

Handle Transport::handle_of(const Flow& flow) const {
  const Demux::Found found = demux_.find(flow, demux_.hash(flow), flow_of());
  if (found.kind != Demux::Kind::kConnection) return {};
  return connections_[found.index].is_orphan() ? Handle{} : connections_.handle_of(found.index);
}

TransportCounters Transport::counters() const {
  TransportCounters counters = shared_.counters;
  const HalfOpens::Counters& half_open = half_opens_.counters();
  counters.cookies_out = half_open.cookies_out;
  counters.cookies_in = half_open.cookies_in;
  counters.accept_overflows = half_open.accept_overflows;
  counters.segments_retransmitted += half_open.retransmitted;
  counters.failed_opens += half_open.timed_out;
  return counters;
}

}  // namespace strata::tcp
