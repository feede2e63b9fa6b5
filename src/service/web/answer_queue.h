// SPDX-License-Identifier: Apache-2.0
// AnswerQueue: what is costly to tell is told at a pace that leaves the core to its packets.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "service/web/face_query.h"
#include "strata/loop.h"
#include "strata/real_clock.h"

//   ask() ─> waiting ─> a turn each ─> make() ─> everyone who asked the same ─> told()
//               ^                        │
//               └──── a rest of kRest times what it took
//
// 1. At most one answer is made a turn, and one part in kRest + 1 of the core's time goes into
//    them, however many ask and however often.
// 2. First come, first served: a connection has one question at a time, so who asks without end
//    waits behind whoever else asks.
// 3. Who asks what somebody waits for already shares the answer, which is made later than both
//    asked.

namespace strata::service {

class AnswerQueue {
 public:
  static constexpr std::size_t kWaitingMax = 1024;
  static constexpr std::size_t kSharingMax = 1024;
  static constexpr int kRest = 7;
  // A core that others hold up may seem to take long.
  static constexpr Duration kRestMax = std::chrono::milliseconds(500);
  using Make = std::function<FaceAnswer(const FaceQuery&)>;

  // `clock` tells how long an answer took. The loop outlives the queue.
  AnswerQueue(Loop& loop, Make make, Time (*clock)() = real_now);
  ~AnswerQueue();
  AnswerQueue(const AnswerQueue&) = delete;
  AnswerQueue& operator=(const AnswerQueue&) = delete;

  // told() comes later, or at once with a refusal.
  void ask(const FaceQuery& query, FaceTold told);

 private:
  struct Waiting {
    FaceQuery query;
    std::vector<FaceTold> asked;
  };
  void go_on_later();
  void answer_next();

  Loop& loop_;
  Make make_;
  Time (*clock_)();
  std::deque<Waiting> waiting_;
  Time rested_{};  // not before then
  std::optional<TimerId> timer_;
};

}  // namespace strata::service
