// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/answer.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace strata::posix::answer_test {
namespace {

TEST(Answer, EveryErrorHasAnErrno) {
  for (int error = 0; error <= static_cast<int>(Error::kCorrupted); ++error) {
    EXPECT_GT(errno_of(static_cast<Error>(error)), 0) << error;
  }
  EXPECT_EQ(errno_of(Error::kPortUnreachable), ECONNREFUSED);
  EXPECT_EQ(answer_of(Result<std::size_t>(5)), 5);
  EXPECT_EQ(answer_of(Result<void>()), 0);
  EXPECT_EQ(answer_of(Result<void>(std::unexpected(Error::kWouldBlock))), -EAGAIN);
}

}  // namespace
}  // namespace strata::posix::answer_test
