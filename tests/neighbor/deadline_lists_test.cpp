// SPDX-License-Identifier: Apache-2.0
#include "neighbor/deadline_lists.h"

#include <gtest/gtest.h>

namespace strata::neighbor::deadline_lists_test {
namespace {

using std::chrono::seconds;

TEST(DeadlineLists, GiveEntriesWhenTheyAreDueAndNotBefore) {
  DeadlineLists lists;
  Entry early, late;
  lists.schedule(late, DeadlineLists::delay_list(), Time(seconds(5)));
  lists.schedule(early, DeadlineLists::retransmit_list(true, 0), Time(seconds(1)));
  EXPECT_EQ(lists.next_deadline(), Time(seconds(1)));
  EXPECT_EQ(lists.pop_expired(Time(seconds(1)) - Duration(1)), nullptr);
  EXPECT_EQ(lists.pop_expired(Time(seconds(1))), &early);
  EXPECT_EQ(lists.next_deadline(), Time(seconds(5)));
  lists.cancel(late);
  lists.cancel(late);
  EXPECT_EQ(lists.next_deadline(), std::nullopt);
}

TEST(DeadlineLists, MoveAnEntryThatIsScheduledAgain) {
  DeadlineLists lists;
  Entry entry;
  lists.schedule(entry, DeadlineLists::retransmit_list(false, 5), Time(seconds(60)));
  lists.schedule(entry, DeadlineLists::retransmit_list(false, 0), Time(seconds(2)));
  EXPECT_EQ(lists.next_deadline(), Time(seconds(2)));
  EXPECT_EQ(lists.pop_expired(Time(seconds(60))), &entry);
  EXPECT_EQ(lists.pop_expired(Time(seconds(60))), nullptr);
}

TEST(DeadlineLists, BringForwardWhatWaitsWhenTheWaitBecomesShorter) {
  DeadlineLists lists;
  Entry first, second;
  const std::uint8_t list = DeadlineLists::retransmit_list(false, 0);
  lists.schedule(first, list, Time(seconds(1)));
  lists.schedule(second, list, Time(seconds(50)));
  lists.clamp(list, Time(seconds(3)));
  EXPECT_EQ(lists.pop_expired(Time(seconds(1))), &first);
  EXPECT_EQ(lists.next_deadline(), Time(seconds(3)));
  lists.cancel(second);
}

}  // namespace
}  // namespace strata::neighbor::deadline_lists_test
