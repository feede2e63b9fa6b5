// SPDX-License-Identifier: Apache-2.0
#include "sim/queue/fq_codel.h"

#include <algorithm>
#include <utility>

#include "sim/queue/flow.h"
#include "strata/check.h"

namespace strata::sim {

FqCodel::FqCodel(const FqCodelConfig& config) : config_(config), key_{config.seed, config.flows} {
  // Without a quantum no flow would ever have its turn.
  STRATA_CHECK(config_.flows != 0 && config_.quantum != 0);
  flows_.reserve(config_.flows);
  for (std::size_t i = 0; i < config_.flows; ++i) flows_.emplace_back(config_.codel);
}

void FqCodel::List::push(Flow& flow) {
  flow.next = nullptr;
  (last == nullptr ? first : last->next) = &flow;
  last = &flow;
}

FqCodel::Flow& FqCodel::List::pop() {
  Flow& flow = *first;
  first = flow.next;
  if (first == nullptr) last = nullptr;
  return flow;
}

FqCodel::Flow& FqCodel::flow_of(const Packet& frame) {
  return flows_[flow_hash(frame, key_) % flows_.size()];
}

void FqCodel::enqueue(PacketPtr frame, Time now, Drops& drops) {
  Flow& flow = flow_of(*frame);
  ++packets_;
  bytes_ += frame->size();
  flow.queue.push(std::move(frame), now);
  if (!flow.is_listed) {
    flow.is_listed = true;
    flow.credits = config_.quantum;
    new_.push(flow);
  }
  if (packets_ > config_.codel.packets_max) shed(drops);
}

PacketPtr FqCodel::dequeue(Time now, Drops& drops) {
  while (new_.first != nullptr || old_.first != nullptr) {
    const bool is_new = new_.first != nullptr;
    List& list = is_new ? new_ : old_;
    Flow& flow = *list.first;
    if (flow.credits <= 0) {
      flow.credits += config_.quantum;
      old_.push(list.pop());
      continue;
    }
    PacketPtr frame = flow.law.dequeue(flow.queue, now, [&](PacketPtr late) -> PacketPtr {
      if (config_.codel.marks && mark_congestion(*late)) return late;
      give_up(std::move(late), drops);
      return nullptr;
    });
    if (frame != nullptr) {
      take_off(*frame);
      flow.credits -= static_cast<std::int64_t>(frame->size());
      return frame;
    }
    // RFC 8290 4.2: a new flow that is empty waits a round before it may be new again.
    list.pop();
    if (is_new && old_.first != nullptr) {
      old_.push(flow);
    } else {
      flow.is_listed = false;
    }
  }
  return nullptr;
}

std::size_t FqCodel::room() const {
  return std::max<std::size_t>(
      1, config_.codel.packets_max - std::min(packets_, config_.codel.packets_max));
}

void FqCodel::shed(Drops& drops) {
  constexpr std::size_t kAtOnceMax = 64;
  Flow& fattest =
      *std::ranges::max_element(flows_, {}, [](const Flow& flow) { return flow.queue.bytes(); });
  const std::size_t enough = fattest.queue.bytes() / 2;
  for (std::size_t i = 0; i < kAtOnceMax && fattest.queue.bytes() > enough; ++i) {
    give_up(fattest.queue.pop(), drops);
  }
}

void FqCodel::take_off(const Packet& frame) {
  --packets_;
  bytes_ -= frame.size();
}

void FqCodel::give_up(PacketPtr frame, Drops& drops) {
  take_off(*frame);
  drops.drop(std::move(frame));
}

std::unique_ptr<QueueDiscipline> make_fq_codel(const FqCodelConfig& config) {
  return std::make_unique<FqCodel>(config);
}

}  // namespace strata::sim
