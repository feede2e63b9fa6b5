// SPDX-License-Identifier: Apache-2.0
#include "service/lab/asking_flows.h"

#include <algorithm>
#include <utility>

#include "service/lab/stream_flows.h"
#include "sim/draws.h"

namespace strata::service {
namespace {

AskPlan plan_of(const LabTraffic& traffic) {
  return {.size = traffic.size,
          .answer = traffic.answer,
          .writes = traffic.writes,
          .pause = traffic.every};
}

AskPlan asked_once(AskPlan plan) {
  plan.times = 1;
  return plan;
}

}  // namespace

// ── What they share ────────────────────────────────────────────────────────────────────────────

AskingFlow::AskingFlow(const LabTraffic& traffic, const FlowEnds& ends, const AskPlan& plan)
    : traffic_(traffic), ends_(ends), plan_(plan), answerer_(ends.to, ends.any(), plan) {
  listen();
}

void AskingFlow::listen() {
  if (const auto listening = answerer_.listen(); !listening) fail("listen", listening.error());
}

void AskingFlow::start() {
  is_running_ = true;
  if (ends_.from.is_running()) begin();
}

void AskingFlow::stop() {
  is_running_ = false;
  for (Asker& asker : askers_) asker.close();
}

void AskingFlow::on_crash(const sim::Host& host) {
  if (&host == &ends_.to) answerer_.forget();
  if (&host != &ends_.from) return;
  for (Asker& asker : askers_) asker.forget();
}

void AskingFlow::on_restart(const sim::Host& host) {
  if (&host == &ends_.to) listen();
  if (&host == &ends_.from && is_running_) begin();
}

Asker& AskingFlow::add_asker() {
  return askers_.emplace_back(ends_.from, plan_, static_cast<Asker::Owner&>(*this));
}

bool AskingFlow::start(Asker& asker) {
  const auto started = asker.start(ends_.remote(), tcp_options_of(traffic_, ends_.from));
  if (!started) count_failure(started.error());
  return started.has_value();
}

void AskingFlow::count_failure(std::optional<Error> why) {
  if (!why) return;
  ++counts_.failed;
  fail("connection", *why);
}

void AskingFlow::sweep_later() {
  if (std::exchange(is_sweeping_, true)) return;
  ends_.from.executor().post([this] {
    is_sweeping_ = false;
    std::erase_if(askers_, [&](const Asker& asker) {
      if (!asker.is_over()) return false;
      counts_.bytes += asker.bytes();
      counts_.retransmits += asker.former().retransmits;
      for (std::size_t i = 0; i < kTcpLossCauses; ++i) {
        counts_.retransmits_by[i] += asker.former().retransmits_by[i];
      }
      return true;
    });
  });
}

void AskingFlow::after(Duration time, Task task) {
  Executor& executor = ends_.from.executor();
  executor.start_timer(executor.now() + time, std::move(task));
}

FlowCounts AskingFlow::counts() const {
  FlowCounts counts = counts_;
  counts.bytes += answerer_.bytes();
  for (const Asker& asker : askers_) {
    counts.bytes += asker.bytes();
    counts.retransmits += asker.former().retransmits;
    for (std::size_t i = 0; i < kTcpLossCauses; ++i) {
      counts.retransmits_by[i] += asker.former().retransmits_by[i];
    }
    const auto info = asker.is_over() ? std::nullopt : asker.info();
    if (info) counts.add_retransmits(*info);
  }
  return counts;
}

// ── Again and again ────────────────────────────────────────────────────────────────────────────

RequestFlow::RequestFlow(const LabTraffic& traffic, const FlowEnds& ends)
    : AskingFlow(traffic, ends, plan_of(traffic)) {
  const std::uint32_t clients = traffic.kind == LabTraffic::Kind::kRamp ? traffic.clients : 1;
  for (std::uint32_t i = 0; i < clients; ++i) add_asker();
}

// All clients, spread over the time they have; those that stand already go on.
void RequestFlow::begin() {
  std::int64_t number = 0;
  const auto count = static_cast<std::int64_t>(askers_.size());
  for (Asker& asker : askers_) {
    after(traffic_.over / count * number++, [this, &asker] {
      if (is_running() && ends_.from.is_running() && asker.is_over()) {
        if (!start(asker)) on_over(asker, std::nullopt);
      }
    });
  }
}

std::optional<TcpInfo> RequestFlow::info() const {
  return askers_.size() == 1 && !askers_.front().is_over() ? askers_.front().info() : std::nullopt;
}

FlowCounts RequestFlow::counts() const {
  FlowCounts counts = AskingFlow::counts();
  for (const Asker& asker : askers_) counts.sent += asker.asked();
  return counts;
}

void RequestFlow::on_answer(Asker&, Duration took) {
  ++counts_.exchanges;
  note_time(took);
}

void RequestFlow::on_over(Asker& asker, std::optional<Error> why) {
  count_failure(why);
  after(kRetryAfter, [this, &asker] {
    if (!is_running() || !ends_.from.is_running() || !asker.is_over()) return;
    if (!start(asker)) on_over(asker, std::nullopt);
  });
}

// ── A connection each ──────────────────────────────────────────────────────────────────────────

ShortFlows::ShortFlows(const LabTraffic& traffic, const FlowEnds& ends)
    : AskingFlow(traffic, ends, asked_once(plan_of(traffic))), rng_(ends.seed) {}

void ShortFlows::begin() {
  ++round_;
  open();
}

void ShortFlows::open() {
  const Duration pause = std::max(sim::draw_exponential(rng_, traffic_.every), Duration(1));
  after(pause, [this, round = round_] {
    if (!is_running() || round != round_ || !ends_.from.is_running()) return;
    Asker& asker = add_asker();
    ++counts_.sent;
    if (!start(asker)) sweep_later();
    open();
  });
}

void ShortFlows::on_answer(Asker&, Duration took) {
  ++counts_.exchanges;
  note_time(took);
}

void ShortFlows::on_over(Asker&, std::optional<Error> why) {
  count_failure(why);
  sweep_later();
}

// ── Pages ──────────────────────────────────────────────────────────────────────────────────────

PageFlow::PageFlow(const LabTraffic& traffic, const FlowEnds& ends)
    : AskingFlow(traffic, ends, plan_of(traffic)) {
  plan_.pause = {};
}

void PageFlow::begin() {
  ++round_;
  load();
}

void PageFlow::load() {
  ++counts_.sent;
  loading_since_ = ends_.from.executor().now();
  to_come_ = traffic_.objects;
  to_end_ = std::min(traffic_.connections, traffic_.objects);
  const std::uint32_t connections = to_end_;
  for (std::uint32_t i = 0; i < connections; ++i) {
    plan_.times = traffic_.objects / connections + (i < traffic_.objects % connections ? 1 : 0);
    Asker& asker = add_asker();
    if (!start(asker)) on_over(asker, std::nullopt);
  }
}

void PageFlow::on_answer(Asker&, Duration) { --to_come_; }

void PageFlow::on_over(Asker&, std::optional<Error> why) {
  count_failure(why);
  sweep_later();
  if (--to_end_ != 0) return;
  if (to_come_ == 0) {
    ++counts_.exchanges;
    note_time(ends_.from.executor().now() - loading_since_);
  }
  after(std::max(traffic_.every, Duration(1)), [this, round = round_] {
    if (is_running() && round == round_ && ends_.from.is_running()) load();
  });
}

}  // namespace strata::service
