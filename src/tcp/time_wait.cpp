// SPDX-License-Identifier: Apache-2.0
#include "tcp/time_wait.h"

#include <algorithm>
#include <chrono>

#include "strata/check.h"
#include "tcp/isn.h"

namespace strata::tcp {
namespace {

// Farther ahead than any window reaches: no old segment, nor its ACK, fits the new connection.
constexpr std::uint32_t kBeyondOldWindow = 65535U + 2U;

}  // namespace

TimeWaits::TimeWaits(Memory& memory, const TcpConfig& config, const Secrets& secrets)
    : config_(config),
      secrets_(secrets),
      locals_(memory, secrets.flows),
      entries_(memory, std::min(config.time_waits_max, BucketIndex::kIndicesMax)),
      index_(memory, entries_.capacity_max()) {}

Time TimeWaits::deadline_of(const Entry& entry) {
  return Time(Duration(static_cast<std::int64_t>(entry.deadline_high) << 32U | entry.deadline_low));
}

void TimeWaits::set_deadline(Entry& entry, Time deadline) {
  const auto bits = static_cast<std::uint64_t>(deadline.time_since_epoch().count());
  entry.deadline_high = static_cast<std::uint32_t>(bits >> 32U) & 0x7fff'ffffU;
  entry.deadline_low = static_cast<std::uint32_t>(bits);
}

Flow TimeWaits::flow_of(const Entry& entry) const {
  const LocalAddresses::Place& local = locals_[entry.local];
  return {.local_address = local.address,
          .remote_address = entry.remote_address,
          .local_port = entry.local_port,
          .remote_port = entry.remote_port,
          .interface = local.interface};
}

bool TimeWaits::add(const TimeWait& time_wait, std::uint32_t hash, Time now) {
  if (entries_.full() && !order_.empty()) erase(order_.front());
  return insert(time_wait, hash, now + config_.time_wait);
}

std::optional<std::uint16_t> TimeWaits::next_shed() const {
  if (!entries_.full() || order_.empty()) return std::nullopt;
  return entries_[order_.front()].local_port;
}

bool TimeWaits::insert(const TimeWait& time_wait, std::uint32_t hash, Time deadline) {
  const Flow& flow = time_wait.flow;
  const auto local = locals_.acquire(flow.local_address, flow.interface);
  if (!local) return false;
  const Index index = entries_.try_create();
  if (index == kNoIndex) {
    locals_.release(*local);
    return false;
  }
  Entry& entry = entries_[index];
  entry.remote_address = flow.remote_address;
  entry.local = *local;
  entry.local_port = flow.local_port;
  entry.remote_port = flow.remote_port;
  entry.window = time_wait.window;
  entry.snd_nxt = time_wait.snd_nxt;
  entry.rcv_nxt = time_wait.rcv_nxt;
  entry.ts_recent = time_wait.ts_recent.value_or(0);
  entry.has_timestamps = time_wait.ts_recent.has_value() ? 1 : 0;
  set_deadline(entry, deadline);
  if (!index_.insert(hash, index, [this](Index other) { return hash_of_entry(other); })) {
    entries_.destroy(index);
    locals_.release(*local);
    return false;
  }
  order_.push_back(entries_, index);
  return true;
}

Index TimeWaits::find(const Flow& flow, std::uint32_t hash) const {
  return index_.find(hash, [&](Index index) {
    const Entry& entry = entries_[index];
    return entry.remote_address == flow.remote_address && entry.remote_port == flow.remote_port &&
           entry.local_port == flow.local_port && flow_of(entry) == flow;
  });
}

TimeWait TimeWaits::operator[](Index index) const {
  const Entry& entry = entries_[index];
  TimeWait time_wait{.flow = flow_of(entry),
                     .snd_nxt = entry.snd_nxt,
                     .rcv_nxt = entry.rcv_nxt,
                     .window = entry.window};
  if (entry.has_timestamps != 0) time_wait.ts_recent = entry.ts_recent;
  return time_wait;
}

void TimeWaits::erase(Index index) {
  STRATA_CHECK(index_.erase(hash_of_entry(index), index));
  order_.erase(entries_, index);
  locals_.release(entries_[index].local);
  entries_.destroy(index);
}

TimeWaits::Verdict TimeWaits::judge(Index index, const Segment& segment) const {
  const Entry& entry = entries_[index];
  // RFC 1337 3, F1: RST is ignored in TIME-WAIT.
  if (segment.flags.rst()) return {.drop = DropReason::kTcpResetRefused};
  const auto& theirs = segment.options.timestamps;
  // RFC 7323 5.3 R1, before anything else of the segment counts.
  const bool is_old = entry.has_timestamps != 0 && theirs &&
                      SequenceNumber(theirs->value) < SequenceNumber(entry.ts_recent);
  if (is_old) return {.drop = DropReason::kTcpOldTimestamp, .answers = true};
  if (segment.flags.syn() && !segment.flags.ack()) return judge_syn(entry, segment);
  // RFC 9293 3.10.7.4, eighth: the one thing that can come is the peer's FIN again. Only where it
  // ends exactly at RCV.NXT it is that FIN and not a stranger's.
  if (segment.flags.fin() && segment.end() == entry.rcv_nxt) {
    return {
        .drop = DropReason::kTcpUnacceptable, .answers = true, .is_owed = true, .restarts = true};
  }
  // What stands in the window without text needs no answer; whatever else claims to know the
  // connection is told where it ended.
  const bool is_silent = segment.length() == 0 && segment.seq == entry.rcv_nxt;
  return {.drop = DropReason::kTcpUnacceptable, .answers = !is_silent && segment.flags.ack()};
}

// RFC 6191 2. RFC 9293 3.10.7.4, fourth: what does not pass is answered by a challenge ACK.
TimeWaits::Verdict TimeWaits::judge_syn(const Entry& entry, const Segment& syn) const {
  const bool is_ahead = syn.seq > entry.rcv_nxt;
  const bool has_timestamp = syn.options.timestamps.has_value();
  bool is_new = is_ahead;
  if (config_.time_wait_reuse && has_timestamp) {
    // Without timestamps before, any timestamp tells that this is another incarnation.
    is_new = entry.has_timestamps == 0 || is_ahead ||
             SequenceNumber(syn.options.timestamps->value) > SequenceNumber(entry.ts_recent);
  }
  if (!is_new) return {.drop = DropReason::kTcpSynRefused, .answers = true};
  return {.reuse_with = entry.snd_nxt + kBeyondOldWindow};
}

Outgoing TimeWaits::reply_to(Index index, Time now) const {
  const Entry& entry = entries_[index];
  Outgoing out;
  out.flow = flow_of(entry);
  out.bound_interface = out.flow.interface;
  out.header.sequence_number = entry.snd_nxt.value();
  out.header.acknowledgment_number = entry.rcv_nxt.value();
  out.header.flags = wire::kTcpAck;
  out.header.window = entry.window;
  wire::TcpOptions options;
  if (entry.has_timestamps != 0) {
    const std::uint32_t offset = secrets_.timestamp_offsets.of(out.flow);
    options.timestamps = wire::TcpTimestamps{timestamp_clock(now) + offset, entry.ts_recent};
  }
  const auto size = write(options, std::span(out.option_bytes));
  out.header.header_length =
      static_cast<std::uint8_t>(wire::TcpLayout::kSize + size.value_or(std::size_t{0}));
  return out;
}

void TimeWaits::restart(Index index, Time now) {
  set_deadline(entries_[index], now + config_.time_wait);
  order_.erase(entries_, index);
  order_.push_back(entries_, index);
}

TimeWaits::Outcome TimeWaits::on_segment(Index index, const Segment& segment, bool is_heard,
                                         ReplyBudget& budget, Time now) {
  Outcome outcome{.verdict = judge(index, segment)};
  if (outcome.verdict.reuse_with && !is_heard) {
    outcome.verdict = {.drop = DropReason::kTcpSynRefused, .answers = true};
  }
  if (outcome.verdict.restarts) restart(index, now);
  if (outcome.verdict.answers && (outcome.verdict.is_owed || budget.take(now))) {
    outcome.reply = reply_to(index, now);
  }
  return outcome;
}

std::optional<SequenceNumber> TimeWaits::reusable_with(Index index, Time now) const {
  const Entry& entry = entries_[index];
  if (!config_.time_wait_reuse || entry.has_timestamps == 0 || !config_.timestamps) {
    return std::nullopt;
  }
  // The peer must see a timestamp above our last one, so the clock has to have moved on
  // (RFC 7323 appendix B.2); some ticks more serve peers whose own clock is coarse.
  const Time began = deadline_of(entry) - config_.time_wait;
  if (now < began + std::chrono::milliseconds(10)) return std::nullopt;
  return entry.snd_nxt + kBeyondOldWindow;
}

std::optional<Time> TimeWaits::next_deadline() const {
  if (order_.empty()) return std::nullopt;
  return deadline_of(entries_[order_.front()]);
}

std::size_t TimeWaits::bytes_used() const {
  return entries_.bytes_used() + index_.bytes_used() + locals_.bytes_used();
}

TimeWaitSnapshot TimeWaits::snapshot(Index index, Time now) const {
  return {.time_wait = (*this)[index],
          .left = std::max(deadline_of(entries_[index]) - now, Duration{})};
}

bool TimeWaits::restore(const TimeWaitSnapshot& snapshot, Time now) {
  if (snapshot.version != TimeWaitSnapshot::kVersion) return false;
  const std::uint32_t hash = hash_of(secrets_.flows, snapshot.time_wait.flow);
  if (find(snapshot.time_wait.flow, hash) != kNoIndex) return false;
  const Duration left = std::clamp(snapshot.left, Duration{}, config_.time_wait);
  const Time deadline =
      order_.empty() ? now + left : std::max(now + left, deadline_of(entries_[order_.back()]));
  return insert(snapshot.time_wait, hash, deadline);
}

}  // namespace strata::tcp
