// SPDX-License-Identifier: Apache-2.0
#include "stack/long_replies.h"

#include <gtest/gtest.h>

namespace strata::stack::long_replies_test {
namespace {

IpAddress host(unsigned number) { return IpAddress::v6(0xfd00'0000'0000'0000, number); }

TEST(LongReplies, AreThoseThatALinkNeedNotCarry) {
  LongReplies replies;
  replies.on_reply(host(1), 1280);
  EXPECT_FALSE(replies.were_sent_to(host(1)));
  replies.on_reply(host(1), 1281);
  EXPECT_TRUE(replies.were_sent_to(host(1)));
  EXPECT_FALSE(replies.were_sent_to(host(2)));
}

TEST(LongReplies, TheOldestIsForgotten) {
  LongReplies replies;
  for (unsigned number = 1; number <= 17; ++number) {
    replies.on_reply(host(number), 1500);
    replies.on_reply(host(number), 1500);
  }
  EXPECT_FALSE(replies.were_sent_to(host(1)));
  for (unsigned number = 2; number <= 17; ++number) EXPECT_TRUE(replies.were_sent_to(host(number)));
}

}  // namespace
}  // namespace strata::stack::long_replies_test
