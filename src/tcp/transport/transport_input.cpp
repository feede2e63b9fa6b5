// SPDX-License-Identifier: Apache-2.0
// Which part of the transport a segment or an ICMP error is for.
#include <array>
#include <utility>

#include "tcp/transport.h"

namespace strata::tcp {

void Transport::prefetch(std::span<const Flow> flows) const {
  std::array<std::uint32_t, kFlowsMax> room;
  const std::span<std::uint32_t> hashes = std::span(room).first(flows.size());
  demux_.prepare(flows, hashes, [this](Index index) { connections_.prefetch(index); });
  // Meanwhile the first have come, and name what they keep elsewhere.
  for (const std::uint32_t hash : hashes) {
    const Index index = demux_.likely(hash);
    if (index != kNoIndex) connections_[index].prefetch(shared_);
  }
}

// Segments of one flow come in rows: the connection of the last one is tried before anything is
// hashed. A flow is known in one place only, so whoever has it is the right one.
DropReason Transport::on_segment(Segment&& segment, Time now) {
  shared_.counters.segments_in += segment.segments;
  Connection* const last = connections_.find(last_found_);
  if (last != nullptr && last->is_known && last->flow() == segment.flow) {
    return on_known(*last, std::move(segment), now);
  }
  const std::uint32_t hash = demux_.hash(segment.flow);
  const Demux::Found found = demux_.find(segment.flow, hash, flow_of());
  switch (found.kind) {
    case Demux::Kind::kConnection:
      last_found_ = found.index;
      return on_known(connections_[found.index], std::move(segment), now);
    case Demux::Kind::kHalfOpen: return on_half_open(found.index, std::move(segment), hash, now);
    case Demux::Kind::kTimeWait: return on_time_wait(found.index, std::move(segment), hash, now);
    case Demux::Kind::kNone: break;
  }
  return on_unknown(std::move(segment), hash, std::nullopt, now);
}

DropReason Transport::on_known(Connection& connection, Segment&& segment, Time now) {
  if (shared_.observer != nullptr) [[unlikely]] {
    return on_observed(connection, std::move(segment), now);
  }
  const DropReason reason = connection.on_segment(shared_, std::move(segment), now);
  settle(connection, now);
  return reason;
}

// The observer hears of the segment before what it causes; of a refusal, afterwards.
DropReason Transport::on_observed(Connection& connection, Segment&& segment, Time now) {
  TcpEvent event;
  event.kind = TcpEventKind::kSegmentReceived;
  event.flags = segment.flags;
  event.segments = segment.segments;
  event.sequence = segment.seq.value();
  event.acknowledgment = segment.ack.value();
  event.bytes = segment.payload_bytes;
  event.when = now;
  connection.tell(shared_, event);
  event.reason = connection.on_segment(shared_, std::move(segment), now);
  event.kind = TcpEventKind::kSegmentRefused;
  if (event.reason != DropReason::kNone) connection.tell(shared_, event);
  settle(connection, now);
  return event.reason;
}

// RFC 9293 3.10.7.1 and 3.10.7.2.
DropReason Transport::on_unknown(Segment&& segment, std::uint32_t hash,
                                 std::optional<SequenceNumber> iss, Time now) {
  Listener* const listener = listeners_.match(segment.flow, segment.interface);
  if (listener == nullptr) {
    std::optional<Outgoing> reset = reset_for(segment);
    if (reset && shared_.budgets.resets.take(now)) {
      ++shared_.counters.resets_out;
      shared_.reply(std::move(*reset));
    }
    return DropReason::kTcpNoSocket;
  }
  const std::uint32_t mtu = path_mtu_of_(segment.flow);
  return act(half_opens_.on_listen(*listener, segment, hash, mtu, iss, now), std::move(segment),
             hash, now);
}

DropReason Transport::on_half_open(Index index, Segment&& segment, std::uint32_t hash, Time now) {
  return act(half_opens_.on_segment(index, segment, now), std::move(segment), hash, now);
}

DropReason Transport::act(HalfOpens::Outcome outcome, Segment&& segment, std::uint32_t hash,
                          Time now) {
  if (outcome.reply) shared_.reply(std::move(*outcome.reply));
  if (!outcome.opened) return outcome.drop;
  return make_connection(*outcome.opened, std::move(segment), hash, now);
}

DropReason Transport::on_time_wait(Index index, Segment&& segment, std::uint32_t hash, Time now) {
  const bool is_heard =
      segment.flags.syn() && listeners_.match(segment.flow, segment.interface) != nullptr;
  TimeWaits::Outcome outcome =
      time_waits_.on_segment(index, segment, is_heard, shared_.budgets.challenge_acks, now);
  if (outcome.reply) shared_.reply(std::move(*outcome.reply));
  if (!outcome.verdict.reuse_with) return outcome.verdict.drop;
  time_waits_.erase(index);
  ports_.drop_use(segment.flow.local_port);
  ++shared_.counters.time_waits_reused;
  return on_unknown(std::move(segment), hash, outcome.verdict.reuse_with, now);
}

// A listener's peer has shown that it is where it says: from now on there is a connection. Until it
// stands in all tables nothing is taken, so that the peer's next segment can try again.
DropReason Transport::make_connection(const Opened& opened, Segment&& segment, std::uint32_t hash,
                                      Time now) {
  Listener& listener = listeners_[opened.listener];
  OptionSetIndex options = kDefaultOptions;
  if (!shared_.options.try_take(listener.options, options)) return DropReason::kTcpTableFull;
  Connection* const connection =
      enter(opened.flow, hash, opened.iss, options, path_mtu_of_(opened.flow), now);
  if (connection == nullptr) {
    shared_.options.give_back(options);
    return DropReason::kTcpTableFull;
  }
  const Handle handle = connections_.handle_of(connection->timer.owner);
  const bool is_fast = opened.handshake.has_value();
  const auto takes_syn = [&] {
    return !is_fast || connection->open_fast(shared_, opened, std::move(segment), now);
  };
  bool is_made = listener.accept_queue.try_push(handle);
  if (is_made && !takes_syn()) {
    (void)listener.accept_queue.remove(handle);
    is_made = false;
  }
  if (!is_made) {
    forget_flow(*connection);
    destroy(*connection);
    return DropReason::kTcpTableFull;
  }
  if (opened.half_open != kNoIndex) half_opens_.finish(opened.half_open);
  connection->listener = opened.listener;
  connection->is_pending = is_fast;
  if (is_fast) ++listener.fast_open_pending;
  ++shared_.counters.passive_opens;
  DropReason reason = DropReason::kNone;
  if (!is_fast) {
    connection->open_passively(shared_, opened, segment, now);
    reason = connection->on_segment(shared_, std::move(segment), now);
  }
  ready_.add(listener.ready, {.readable = true});
  settle(*connection, now);
  return reason;
}

DropReason Transport::on_icmp(const Flow& flow, const IcmpNews& news, Time now) {
  const std::uint32_t hash = demux_.hash(flow);
  const Demux::Found found = demux_.find(flow, hash, flow_of());
  switch (found.kind) {
    case Demux::Kind::kConnection: {
      Connection& connection = connections_[found.index];
      const DropReason reason = connection.on_icmp(shared_, news, now);
      settle(connection, now);
      return reason;
    }
    case Demux::Kind::kHalfOpen:
      // RFC 5927 4.1 here, too: only our SYN,ACK is on its way.
      if (half_opens_.handshake_of(found.index).iss() != news.sequence) {
        return DropReason::kTcpQuoteNotInFlight;
      }
      if (news.is_hard) half_opens_.erase(found.index);
      return DropReason::kNone;
    default: return DropReason::kIcmpQuoteUnknown;
  }
}

void Transport::on_path_mtu(const Flow& flow, std::uint32_t mtu, Time now) {
  const Demux::Found found = demux_.find(flow, demux_.hash(flow), flow_of());
  if (found.kind != Demux::Kind::kConnection) return;
  Connection& connection = connections_[found.index];
  connection.on_path_mtu(shared_, mtu, now);
  settle(connection, now);
}

void Transport::on_unreachable(const Flow& flow, Error error, Time now) {
  const Demux::Found found = demux_.find(flow, demux_.hash(flow), flow_of());
  if (found.kind == Demux::Kind::kConnection) {
    connections_[found.index].on_unreachable(shared_, error, now);
  }
}

void Transport::on_neighbor_silent(const Flow& flow, Time now) {
  const Demux::Found found = demux_.find(flow, demux_.hash(flow), flow_of());
  if (found.kind != Demux::Kind::kConnection) return;
  Connection& connection = connections_[found.index];
  connection.on_neighbor_silent(shared_, now);
  settle(connection, now);
}

}  // namespace strata::tcp
