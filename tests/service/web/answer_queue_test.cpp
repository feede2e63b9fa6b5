// SPDX-License-Identifier: Apache-2.0
#include "service/web/answer_queue.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "service/lab.h"

namespace strata::service::answer_queue_test {
namespace {

using std::chrono::milliseconds;

class AnswerQueueTest : public testing::Test {
 protected:
  AnswerQueueTest() {
    queue.emplace(
        *lab.loop,
        [this](const FaceQuery& query) {
          made.push_back(query.window.offset);
          lab_now += takes;
          return FaceAnswer{.status = 200, .text = std::to_string(query.window.offset)};
        },
        [] { return lab_now; });
  }
  static FaceQuery query(std::size_t which) {
    return {.kind = FaceQuery::Kind::kList, .window = {.offset = which, .limit = 1}};
  }
  void ask(std::size_t which) {
    queue->ask(query(which), [this](const FaceAnswer& told) {
      told.status == 200 ? told_texts.push_back(told.text) : refusals.push_back(told.status);
    });
  }

  Lab lab;
  Duration takes = milliseconds(2);
  std::vector<std::size_t> made;
  std::vector<std::string> told_texts;
  std::vector<unsigned> refusals;
  std::optional<AnswerQueue> queue;
};

TEST_F(AnswerQueueTest, IsNotAnsweredInTheTurnThatAsks) {
  ask(1);
  EXPECT_TRUE(made.empty());
  lab.settle();
  EXPECT_EQ(told_texts, std::vector<std::string>{"1"});
}

TEST_F(AnswerQueueTest, MakesOnceWhatSeveralWaitFor) {
  for (const std::size_t which : {1U, 2U, 1U, 1U, 2U}) ask(which);
  lab.run_for(milliseconds(100));
  EXPECT_EQ(made, (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(told_texts, (std::vector<std::string>{"1", "1", "1", "2", "2"}));
  ask(1);
  lab.run_for(milliseconds(100));
  EXPECT_EQ(made.size(), 3U) << "nobody is told what was made before he asked";
}

TEST_F(AnswerQueueTest, RestsAsOftenAsItsAnswersAreCostly) {
  for (int i = 0; i < 10; ++i) ask(static_cast<std::size_t>(i));
  lab.run_for(milliseconds(63));
  const auto apart = static_cast<std::size_t>(AnswerQueue::kRest + 1) * 2;
  EXPECT_EQ(made.size(), 63 / apart + 1) << "one part in eight of the time";
  takes = Duration::zero();
  lab.run_for(milliseconds(20));
  EXPECT_EQ(told_texts.size(), 10U) << "what costs nothing need not wait";
}

TEST_F(AnswerQueueTest, RestsNoLongerThanAPersonNotices) {
  takes = std::chrono::seconds(3);
  ask(1);
  ask(2);
  lab.settle();
  lab.run_for(AnswerQueue::kRestMax - milliseconds(1));
  EXPECT_EQ(made.size(), 1U);
  lab.run_for(milliseconds(2));
  EXPECT_EQ(made.size(), 2U);
}

TEST_F(AnswerQueueTest, BoundsHowManyWait) {
  for (std::size_t i = 0; i < AnswerQueue::kWaitingMax + 3; ++i) ask(i);
  EXPECT_EQ(refusals, (std::vector<unsigned>{503, 503, 503}));
  ask(0);
  EXPECT_EQ(refusals.size(), 3U) << "who asks for what is coming may wait for it";
}

TEST_F(AnswerQueueTest, EndsWithWhoWaits) {
  ask(1);
  queue.reset();
  lab.run_for(milliseconds(100));
  EXPECT_TRUE(made.empty());
}

}  // namespace
}  // namespace strata::service::answer_queue_test
