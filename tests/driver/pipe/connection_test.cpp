// SPDX-License-Identifier: Apache-2.0
#include "driver/pipe/connection.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <optional>

#include "driver/pipe/own_pipe.h"

namespace strata::driver::pipe::connection_test {
namespace {

// Readable within half a second: long enough for the second end to call again.
bool becomes_readable(const Connection& connection, int patience_ms = 500) {
  pollfd one{.fd = connection.descriptor(), .events = POLLIN, .revents = 0};
  return ::poll(&one, 1, patience_ms) == 1;
}

void tend_until_both_have_memory(Connection& first, Connection& second) {
  for (int i = 0; i < 50 && (first.memory() == nullptr || second.memory() == nullptr); ++i) {
    (void)becomes_readable(first, 20);
    first.tend();
    second.tend();
  }
}

class Connections : public testing::Test {
 protected:
  Connections() { open(first_), open(second_); }

  void open(std::optional<Connection>& end) {
    auto made = Connection::open(pipe_.name());
    ASSERT_TRUE(made.has_value()) << made.error().text;
    end.emplace(std::move(*made));
  }

  OwnPipe pipe_;
  std::optional<Connection> first_, second_;
};

TEST_F(Connections, ShareOneMemory) {
  EXPECT_TRUE(first_->is_first());
  EXPECT_EQ(first_->memory(), nullptr);
  tend_until_both_have_memory(*first_, *second_);
  ASSERT_TRUE(first_->memory() != nullptr && second_->memory() != nullptr);
  first_->memory()->data(0).front() = std::byte{9};
  EXPECT_EQ(second_->memory()->data(0).front(), std::byte{9});
}

TEST_F(Connections, HearTheBellOnceAndThenSleep) {
  tend_until_both_have_memory(*first_, *second_);
  EXPECT_FALSE(becomes_readable(*second_, 0));
  first_->ring();
  EXPECT_TRUE(becomes_readable(*second_));
  second_->tend();
  EXPECT_FALSE(becomes_readable(*second_, 0));
  for (int i = 0; i < 100'000; ++i) second_->ring();  // more than a socket holds
  EXPECT_TRUE(becomes_readable(*first_));
}

TEST_F(Connections, SurviveTheDeathOfEitherEnd) {
  for (int round = 0; round < 4; ++round) {
    tend_until_both_have_memory(*first_, *second_);
    ASSERT_TRUE(first_->memory() != nullptr && second_->memory() != nullptr) << round;
    auto& dies = round % 2 == 0 ? first_ : second_;
    auto& stays = round % 2 == 0 ? second_ : first_;
    dies.reset();
    ASSERT_TRUE(becomes_readable(*stays));
    stays->tend();
    EXPECT_TRUE(stays->is_other_gone());
    EXPECT_NE(stays->memory(), nullptr) << "until what was sent has been read";
    stays->let_go();
    open(dies);
  }
}

TEST_F(Connections, TurnAThirdAway) {
  tend_until_both_have_memory(*first_, *second_);
  const auto third = Connection::open(pipe_.name());
  EXPECT_FALSE(third.has_value());
  EXPECT_FALSE(first_->is_other_gone());
}

}  // namespace
}  // namespace strata::driver::pipe::connection_test
