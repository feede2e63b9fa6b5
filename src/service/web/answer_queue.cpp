// SPDX-License-Identifier: Apache-2.0
#include "service/web/answer_queue.h"

#include <algorithm>
#include <utility>

namespace strata::service {
namespace {

bool asks_the_same(const FaceQuery& a, const FaceQuery& b) {
  return a.kind == b.kind && a.stack == b.stack && a.parts == b.parts && a.list == b.list &&
         a.window == b.window;
}

}  // namespace

AnswerQueue::AnswerQueue(Loop& loop, Make make, Time (*clock)())
    : loop_(loop), make_(std::move(make)), clock_(clock) {}

AnswerQueue::~AnswerQueue() {
  if (timer_) loop_.cancel_timer(*timer_);
}

void AnswerQueue::ask(const FaceQuery& query, FaceTold told) {
  auto place = std::ranges::find_if(waiting_, [&](const Waiting& one) {
    return one.asked.size() < kSharingMax && asks_the_same(one.query, query);
  });
  if (place == waiting_.end()) {
    if (waiting_.size() == kWaitingMax) {
      return told(face_refusal(503, "too many ask at once"));
    }
    place = waiting_.insert(place, Waiting{query, {}});
  }
  place->asked.push_back(std::move(told));
  go_on_later();
}

void AnswerQueue::go_on_later() {
  if (timer_ || waiting_.empty()) return;
  timer_ = loop_.start_timer(std::max(rested_, loop_.now()), [this] {
    timer_.reset();
    answer_next();
  });
}

void AnswerQueue::answer_next() {
  const Waiting next = std::move(waiting_.front());
  waiting_.pop_front();
  const Time began = clock_();
  const FaceAnswer answer = make_(next.query);
  // The loop tells when this turn began, which is before the answer did.
  const Duration took = clock_() - began;
  rested_ = loop_.now() + took + std::min(kRest * took, kRestMax);
  go_on_later();
  for (const FaceTold& told : next.asked) told(answer);
}

}  // namespace strata::service
