// SPDX-License-Identifier: Apache-2.0
// OwedAcks: their order, which are prompt, and what becomes of too many.
#include "tcp/receive/owed_acks.h"

#include <gtest/gtest.h>

namespace strata::tcp::owed_acks_test {
namespace {

OwedAck plain_ack(std::uint32_t ack) { return {.ack = SequenceNumber(ack)}; }
OwedAck duplicate_ack(std::uint32_t ack, std::uint16_t count = 1) {
  return {.ack = SequenceNumber(ack), .count = count, .is_prompt = true, .is_duplicate = true};
}

std::uint32_t pop_number(OwedAcks& owed) {
  const std::uint32_t ack = owed.front().ack.value();
  owed.pop();
  return ack;
}

TEST(OwedAcks, LeaveInTheOrderTheyWereOwed) {
  OwedAcks owed;
  owed.push(plain_ack(1000));
  owed.push(duplicate_ack(2000, 2));
  owed.push(plain_ack(3000));
  EXPECT_TRUE(owed.has_prompt());
  EXPECT_EQ(pop_number(owed), 1000U) << "the ACK that the duplicates repeat goes before them";
  EXPECT_EQ(pop_number(owed), 2000U);
  EXPECT_TRUE(owed.has_prompt());
  EXPECT_EQ(pop_number(owed), 2000U);
  EXPECT_FALSE(owed.has_prompt());
  EXPECT_EQ(pop_number(owed), 3000U);
  EXPECT_TRUE(owed.empty());
}

TEST(OwedAcks, ForgetPlainOnesOnlyWhereNoPromptOneStands) {
  OwedAcks owed;
  owed.push(plain_ack(1000));
  owed.push(duplicate_ack(1000));
  owed.drop_plain();
  EXPECT_EQ(owed.size(), 2U);
  (void)pop_number(owed);
  (void)pop_number(owed);
  owed.push(plain_ack(2000));
  owed.drop_plain();
  EXPECT_TRUE(owed.empty());
}

TEST(OwedAcks, CountEveryDuplicateHoweverManyThereAre) {
  OwedAcks owed;
  for (int i = 0; i < 1000; ++i) owed.push(duplicate_ack(7));
  EXPECT_EQ(owed.size(), OwedAcks::kEntriesMax);
  int count = 0;
  for (; !owed.empty(); ++count) EXPECT_EQ(pop_number(owed), 7U);
  EXPECT_EQ(count, 1000);
}

TEST(OwedAcks, LetTheLastPlainOneCoverMoreWhenFull) {
  OwedAcks owed;
  for (std::uint32_t i = 1; i <= 100; ++i) owed.push(plain_ack(i));
  std::uint32_t last = 0;
  int count = 0;
  for (; !owed.empty(); ++count) {
    const std::uint32_t ack = pop_number(owed);
    EXPECT_GT(ack, last);
    last = ack;
  }
  EXPECT_EQ(last, 100U);
  EXPECT_EQ(count, static_cast<int>(OwedAcks::kEntriesMax));
}

// RFC 2883 4 MUST: each duplicate segment is reported in at most one D-SACK block.
TEST(OwedAcks, ReportADuplicateOnce) {
  OwedAcks owed;
  OwedAck twice = duplicate_ack(5, 2);
  twice.duplicate = {SequenceNumber(1), SequenceNumber(3)};
  owed.push(twice);
  EXPECT_FALSE(owed.front().duplicate.empty());
  owed.pop();
  EXPECT_TRUE(owed.front().duplicate.empty());
}

}  // namespace
}  // namespace strata::tcp::owed_acks_test
