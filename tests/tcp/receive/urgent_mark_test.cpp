// SPDX-License-Identifier: Apache-2.0
// UrgentMark: which pointers are news, and the life of the urgent byte.
#include "tcp/receive/urgent_mark.h"

#include <gtest/gtest.h>

namespace strata::tcp::urgent_mark_test {
namespace {

TEST(UrgentMark, NamesTheByteInFrontOfThePointer) {
  UrgentMark mark;
  EXPECT_FALSE(mark.is_set());
  EXPECT_TRUE(mark.on_pointer(10, 0));
  EXPECT_EQ(mark.place(), 9U);
  EXPECT_EQ(mark.state(), UrgentMark::State::kAwaited);
  EXPECT_FALSE(mark.take().has_value());
}

TEST(UrgentMark, BelievesOnlyPointersAheadOfItAndOfTheReader) {
  UrgentMark mark;
  EXPECT_FALSE(mark.on_pointer(0, 0));
  EXPECT_FALSE(mark.on_pointer(10, 10)) << "all of it has been read";
  EXPECT_TRUE(mark.on_pointer(11, 10));
  EXPECT_FALSE(mark.on_pointer(11, 10)) << "the same again";
  EXPECT_FALSE(mark.on_pointer(11, 5));
  EXPECT_TRUE(mark.on_pointer(12, 10));
}

TEST(UrgentMark, GivesItsByteOnce) {
  UrgentMark mark;
  mark.on_pointer(10, 0);
  mark.on_byte(std::byte{7});
  EXPECT_EQ(mark.take(), std::byte{7});
  EXPECT_FALSE(mark.take().has_value());
  EXPECT_TRUE(mark.is_set()) << "readers still stop there";
  mark.on_read(9);
  EXPECT_TRUE(mark.is_set());
  mark.on_read(10);
  EXPECT_FALSE(mark.is_set());
}

}  // namespace
}  // namespace strata::tcp::urgent_mark_test
