// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/operation.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace strata::posix::operation_test {
namespace {

constexpr Time kNow{std::chrono::seconds(1)};

TEST(Operation, IsTriedAtOnceAndThenWhenResumed) {
  int tries = 0;
  Operation operation(
      [&](Time, bool) -> std::optional<Answer> {
        if (++tries < 3) return std::nullopt;
        return 42;
      },
      std::nullopt, kNow);
  EXPECT_EQ(tries, 1);
  operation.resume(kNow);
  EXPECT_FALSE(operation.is_done());
  operation.resume(kNow);
  EXPECT_EQ(operation.answer(), 42);
  operation.resume(kNow);
  EXPECT_EQ(tries, 3);
}

TEST(Operation, KnowsItsLastChance) {
  const Time deadline = kNow + std::chrono::milliseconds(10);
  Operation operation(
      [](Time, bool is_last) -> std::optional<Answer> {
        return is_last ? std::optional<Answer>(-EAGAIN) : std::nullopt;
      },
      deadline, kNow);
  operation.resume(deadline - std::chrono::nanoseconds(1));
  EXPECT_FALSE(operation.is_done());
  operation.resume(deadline);
  EXPECT_EQ(operation.answer(), -EAGAIN);
}

}  // namespace
}  // namespace strata::posix::operation_test
