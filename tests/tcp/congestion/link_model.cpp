// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/link_model.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tcp/congestion/fixed_point.h"

namespace strata::tcp::congestion {
namespace {

constexpr Duration kRtoMin = std::chrono::milliseconds(200);

double to_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

void LinkModel::add(const FlowOptions& options) {
  const StartEvent start{.now = options.start,
                         .mss = kMss,
                         .initial_window = 10 * kMss,
                         .srtt = options.rtt,
                         .seed = rng_.next()};
  auto flow = std::make_unique<Flow>(options, start);
  ASSERT_TRUE(flow->slot.try_start(*options.algorithm, flow->memory, start));
  flow->srtt = options.rtt;
  flow->min_rtt = options.rtt;
  flow->variance = options.rtt / 2;
  set_pacing(*flow);
  flows_.push_back(std::move(flow));
  push(options.start, flows_.size() - 1, Kind::kWake, 0);
}

void LinkModel::push(Time at, std::size_t flow, Kind kind, std::uint64_t number, bool is_marked) {
  events_.push({at, order_++, flow, kind, number, is_marked});
}

void LinkModel::run_until(Time end) {
  while (!events_.empty() && events_.top().at <= end) {
    const Event event = events_.top();
    events_.pop();
    now_ = event.at;
    handle(event);
  }
  now_ = end;
}

void LinkModel::handle(const Event& event) {
  Flow& flow = *flows_[event.flow];
  switch (event.kind) {
    case Kind::kAck: on_ack(event.flow, event.number, event.is_marked); break;
    case Kind::kTimer:
      if (event.number != flow.timer_generation) return;
      on_timer(event.flow);
      break;
    case Kind::kWake: flow.wake.reset(); break;
  }
  send_all(event.flow);
  flow.cwnd_min = std::min(flow.cwnd_min, flow.slot->cwnd());
}

bool LinkModel::application_allows(const Flow& flow) const {
  if (now_ >= flow.options.stop) return false;
  if (flow.options.application_rate == 0) return true;
  return flow.application_sent + kMss <=
         bytes_in(flow.options.application_rate, now_ - flow.options.start);
}

void LinkModel::wake_at(std::size_t index, Time at) {
  Flow& flow = *flows_[index];
  if (flow.wake && *flow.wake <= at) return;
  flow.wake = at;
  push(at, index, Kind::kWake, 0);
}

void LinkModel::send_all(std::size_t index) {
  Flow& flow = *flows_[index];
  while (flow.in_flight + kMss <= flow.slot->cwnd()) {
    if (!application_allows(flow)) {
      flow.rate.mark_app_limited(flow.in_flight);
      if (now_ < flow.options.stop) wake_at(index, now_ + std::chrono::milliseconds(1));
      return;
    }
    if (!flow.pacer.may_send(now_)) return wake_at(index, flow.pacer.next_send_time(now_));
    send_turn(index);
  }
  flow.is_cwnd_limited = true;
}

// As a sender with super-segments does: what one quantum holds, at one time.
void LinkModel::send_turn(std::size_t index) {
  Flow& flow = *flows_[index];
  const std::uint32_t quantum = flow.pacer.is_on() ? flow.pacer.quantum(kMss) : kMss;
  std::uint32_t bytes = 0;
  do {
    send_one(index);
    bytes += kMss;
  } while (bytes + kMss <= quantum && flow.in_flight + kMss <= flow.slot->cwnd() &&
           application_allows(flow));
  flow.pacer.on_sent(bytes, kMss, now_);
}

void LinkModel::send_one(std::size_t index) {
  Flow& flow = *flows_[index];
  if (flow.in_flight == 0 && flow.next() != 0) {
    flow.slot->on_idle_restart({.now = now_,
                                .idle = now_ - flow.last_sent,
                                .rto = std::max(kRtoMin, flow.srtt + 4 * flow.variance),
                                .restart_window = 10 * kMss,
                                .is_app_limited = flow.rate.is_app_limited(),
                                .is_paced = flow.pacer.is_on()});
    set_pacing(flow);
  }
  flow.records.push_back({flow.rate.on_sent(kMss, flow.in_flight, now_), now_});
  flow.in_flight += kMss;
  flow.prr_out += kMss;
  flow.sent += kMss;
  flow.application_sent += kMss;
  flow.in_flight_sum += flow.in_flight / double{kMss};
  ++flow.packets;
  flow.last_sent = now_;
  if (flow.in_flight == kMss) restart_timer(index);
  transmit(index, flow.next() - 1);
}

void LinkModel::transmit(std::size_t index, std::uint64_t number) {
  ++arrivals_;
  link_free_ = std::max(link_free_, now_);
  const std::uint64_t queue = bytes_in(link_.rate, link_free_ - now_);
  queue_sum_ += static_cast<double>(queue);
  ++queue_seen_;
  if (link_.loss_period != 0 && arrivals_ % link_.loss_period == 0) return;
  if (rng_.chance(link_.loss)) return;
  if (queue + kMss > link_.buffer) {
    ++dropped_;
    return;
  }
  link_free_ += time_for(kMss, link_.rate);
  // A little noise, so that flows do not march in step with the queue.
  Flow& flow = *flows_[index];
  const Duration noise(
      static_cast<std::int64_t>(rng_.below(nanoseconds(time_for(kMss, link_.rate)))));
  flow.last_ack = std::max(flow.last_ack, link_free_ + flow.options.rtt + noise);
  push(flow.last_ack, index, Kind::kAck, number, queue > link_.mark_above);
}

void LinkModel::restart_timer(std::size_t index) {
  Flow& flow = *flows_[index];
  ++flow.timer_generation;
  if (flow.in_flight == 0) return;
  const Duration rto = std::max(kRtoMin, flow.srtt + 4 * flow.variance);
  push(now_ + rto * (1 << std::min(flow.backoff, 6U)), index, Kind::kTimer, flow.timer_generation);
}

void LinkModel::on_ack(std::size_t index, std::uint64_t number, bool is_marked) {
  Flow& flow = *flows_[index];
  if (number < flow.first || !flow.records[number - flow.first].is_outstanding) return;
  CongestionControl& control = flow.slot.control();
  flow.in_flight_before = flow.in_flight;
  RateSample sample;
  Record& record = flow.records[number - flow.first];
  record.is_outstanding = false;
  flow.in_flight -= kMss;
  flow.delivered += kMss;
  flow.rate.on_delivered(sample, record.snapshot, kMss, number, record.sent_time, now_);
  const Duration rtt = now_ - record.sent_time;
  flow.min_rtt = std::min(flow.min_rtt, rtt);
  flow.variance += (std::chrono::abs(rtt - flow.srtt) - flow.variance) / 4;
  flow.srtt += (rtt - flow.srtt) / 8;
  flow.backoff = 0;
  find_losses(flow, number, sample);
  flow.rate.finish(sample, flow.min_rtt);

  if (is_marked && flow.reduction == Reduction::kNone) {
    begin_reduction(flow, CongestionCause::kEcn);
  }
  if (flow.reduction != Reduction::kNone && number >= flow.reduction_end) {
    control.on_recovery_exit(now_);
    flow.reduction = Reduction::kNone;
  }
  if (sample.round_started) flow.was_cwnd_limited = std::exchange(flow.is_cwnd_limited, false);
  control.on_ack({.now = now_,
                  .bytes_acked = kMss,
                  .ce_bytes = is_marked ? kMss : 0,
                  .in_flight_before = flow.in_flight_before,
                  .in_flight = flow.in_flight,
                  .rtt = rtt,
                  .min_rtt = flow.min_rtt,
                  .srtt = flow.srtt,
                  .sample = sample,
                  .is_cwnd_limited = flow.is_cwnd_limited || flow.was_cwnd_limited,
                  .is_paced = flow.pacer.is_on()});
  reduce_proportionally(flow, kMss);
  set_pacing(flow);
  restart_timer(index);
}

void LinkModel::find_losses(Flow& flow, std::uint64_t acked, RateSample& sample) {
  bool is_new = false;
  for (std::uint64_t number = flow.first; number + 3 <= acked; ++number) {
    Record& record = flow.records[number - flow.first];
    if (!record.is_outstanding) continue;
    record.is_outstanding = false;
    flow.in_flight -= kMss;
    flow.slot->on_loss(flow.rate.on_lost(sample, record.snapshot, kMss, now_));
    is_new = true;
  }
  while (!flow.records.empty() && !flow.records.front().is_outstanding) {
    flow.records.pop_front();
    ++flow.first;
  }
  if (is_new && flow.reduction == Reduction::kNone) begin_reduction(flow, CongestionCause::kLoss);
}

void LinkModel::begin_reduction(Flow& flow, CongestionCause cause) {
  flow.slot->on_congestion({.now = now_,
                            .cause = cause,
                            .flight_size = flow.in_flight_before,
                            .in_flight = flow.in_flight});
  flow.reduction = Reduction::kProportional;
  flow.reduction_end = flow.next();
  flow.prr_delivered = 0;
  flow.prr_out = 0;
  flow.prr_flight = std::max(flow.in_flight_before, kMss);
}

// RFC 6937 3.1, with the slow-start reduction bound.
void LinkModel::reduce_proportionally(Flow& flow, std::uint32_t delivered) {
  CongestionControl& control = flow.slot.control();
  if (flow.reduction != Reduction::kProportional || control.owns_recovery()) return;
  flow.prr_delivered += delivered;
  const std::uint64_t ssthresh = control.ssthresh();
  std::uint64_t may_send = 0;
  if (flow.in_flight > ssthresh) {
    const std::uint64_t due =
        (flow.prr_delivered * ssthresh + flow.prr_flight - 1) / flow.prr_flight;
    may_send = due > flow.prr_out ? due - flow.prr_out : 0;
  } else {
    const std::uint64_t owed =
        flow.prr_delivered > flow.prr_out ? flow.prr_delivered - flow.prr_out : 0;
    may_send = std::min(ssthresh - flow.in_flight, std::max<std::uint64_t>(owed, delivered) + kMss);
  }
  control.set_cwnd(std::max(flow.in_flight + static_cast<std::uint32_t>(may_send), kMss));
}

void LinkModel::on_timer(std::size_t index) {
  Flow& flow = *flows_[index];
  ++flow.timeouts;
  const std::uint32_t flight_size = flow.in_flight;
  for (Record& record : flow.records) {
    if (!record.is_outstanding) continue;
    record.is_outstanding = false;
    flow.in_flight -= kMss;
    flow.slot->on_loss(flow.rate.on_lost(record.snapshot, kMss, now_));
  }
  flow.first = flow.next();
  flow.records.clear();
  flow.slot->on_rto(
      {.now = now_, .flight_size = flight_size, .in_flight = 0, .is_first = flow.backoff == 0});
  ++flow.backoff;
  flow.reduction = Reduction::kTimeout;
  flow.reduction_end = flow.next();
  set_pacing(flow);
}

void LinkModel::set_pacing(Flow& flow) {
  const CongestionControl& control = flow.slot.control();
  std::uint64_t rate = control.pacing_rate();
  if (rate == 0 && flow.options.is_paced) {
    rate = window_pacing_rate(control.cwnd(), control.ssthresh(), flow.srtt);
  }
  flow.pacer.set_rate(rate);
}

void LinkModel::reset_figures() {
  figures_since_ = now_;
  queue_sum_ = 0;
  queue_seen_ = 0;
  dropped_ = 0;
  for (auto& flow : flows_) {
    flow->delivered = flow->sent = flow->packets = flow->timeouts = 0;
    flow->in_flight_sum = 0;
    flow->cwnd_min = UINT32_MAX;
  }
}

double LinkModel::rate(std::size_t flow) const {
  return static_cast<double>(delivered(flow)) / to_seconds(now_ - figures_since_);
}

double LinkModel::utilisation() const {
  double sum = 0;
  for (std::size_t flow = 0; flow < flows_.size(); ++flow) sum += rate(flow);
  return sum / static_cast<double>(link_.rate);
}

double LinkModel::mean_queue() const {
  return queue_seen_ == 0 ? 0 : queue_sum_ / static_cast<double>(queue_seen_);
}

double LinkModel::mean_in_flight(std::size_t flow) const {
  return flows_[flow]->in_flight_sum / static_cast<double>(flows_[flow]->packets);
}

double LinkModel::jain() const {
  double sum = 0;
  double squares = 0;
  for (std::size_t flow = 0; flow < flows_.size(); ++flow) {
    sum += rate(flow);
    squares += rate(flow) * rate(flow);
  }
  return sum * sum / (static_cast<double>(flows_.size()) * squares);
}

}  // namespace strata::tcp::congestion
