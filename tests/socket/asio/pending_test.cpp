// SPDX-License-Identifier: Apache-2.0
#include "strata/asio/pending.h"

#include <gtest/gtest.h>

#include <string>

namespace strata::asio::pending_test {
namespace {

// Writes into a log what happens to it, and is answered once it was tried often enough.
class Fake final : public Pending {
 public:
  Fake(std::string& log, char name, int tries) : log_(log), name_(name), tries_(tries) {}
  bool attempt() override { return --tries_ <= 0; }
  void fail(Error error) override { log_ += error == Error::kCancelled ? '!' : '?'; }
  void finish(How how) override {
    log_ += name_;
    log_ += how == How::kPost ? 'p' : 'd';
    delete this;
  }

 private:
  std::string& log_;
  char name_;
  int tries_;
};

TEST(Pending, TheFirstThatIsNotAnsweredHoldsUpTheRest) {
  std::string log;
  PendingQueue queue;
  queue.push(*new Fake(log, 'a', 1));
  queue.push(*new Fake(log, 'b', 2));
  queue.push(*new Fake(log, 'c', 1));
  Pending* answered = queue.try_all();
  ASSERT_NE(answered, nullptr);
  EXPECT_EQ(log, "");
  answered->finish(Pending::How::kDispatch);
  EXPECT_EQ(log, "ad");
  answered = queue.try_all();
  EXPECT_EQ(log, "adbp");  // posted, for another comes behind it
  answered->finish(Pending::How::kDispatch);
  EXPECT_EQ(log, "adbpcd");
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.try_all(), nullptr);
}

TEST(Pending, OneOfManyIsCancelled) {
  std::string log;
  PendingQueue queue;
  queue.push(*new Fake(log, 'a', 9));
  Fake& second = *new Fake(log, 'b', 9);
  queue.push(second);
  queue.push(*new Fake(log, 'c', 9));
  EXPECT_EQ(queue.size(), 3U);
  second.cancel();
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(log, "!bp");
  queue.cancel_all();
  EXPECT_EQ(log, "!bp!!apcp");
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.size(), 0U);
}

TEST(Pending, AQueueThatEndsCancelsWhoWaits) {
  std::string log;
  {
    PendingQueue queue;
    queue.push(*new Fake(log, 'a', 9));
  }
  EXPECT_EQ(log, "!ap");
}

TEST(Pending, NewsReachTheSideTheyAreAbout) {
  std::string log;
  PendingSides sides;
  const auto fill = [&] {
    sides.readers.push(*new Fake(log, 'r', 1));
    sides.writers.push(*new Fake(log, 'w', 1));
  };
  fill();
  sides.on_news({.readable = true});
  EXPECT_EQ(log, "rd");
  sides.on_news({.writable = true});
  EXPECT_EQ(log, "rdwd");
  log.clear();
  fill();
  sides.on_news({.closed = true});
  EXPECT_EQ(log, "wprd");  // at most one handler runs inside, at the end
}

TEST(Pending, BothSidesFailBeforeAnybodyIsTold) {
  std::string log;
  PendingSides sides;
  sides.readers.push(*new Fake(log, 'r', 9));
  sides.writers.push(*new Fake(log, 'w', 9));
  sides.cancel_all();
  EXPECT_EQ(log, "!!rpwp");
}

}  // namespace
}  // namespace strata::asio::pending_test
