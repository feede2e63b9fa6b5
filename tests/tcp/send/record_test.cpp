// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/record.h"

#include <gtest/gtest.h>

namespace strata::tcp::record_test {
namespace {

SequenceNumber at(std::uint32_t offset) { return SequenceNumber(0xffff'fc00U + offset); }

// A first segment that is shorter, as a partial acknowledgement leaves it.
Record cut_record() {
  Record record;
  record.begin = at(0);
  record.end = at(2300);
  record.first_size = 400;
  record.segment_size = 1000;
  return record;
}

TEST(Record, FindsTheEdgesOfSegments) {
  const Record record = cut_record();
  struct Row {
    std::uint32_t place, before, behind;
  };
  for (const Row& row : {Row{0, 0, 0}, Row{1, 0, 400}, Row{400, 400, 400}, Row{401, 400, 1400},
                         Row{1399, 400, 1400}, Row{1400, 1400, 1400}, Row{1401, 1400, 2300},
                         Row{2299, 1400, 2300}, Row{2300, 2300, 2300}}) {
    EXPECT_EQ(record.edge_before(at(row.place)), at(row.before)) << row.place;
    EXPECT_EQ(record.edge_behind(at(row.place)), at(row.behind)) << row.place;
  }
}

TEST(Record, CountsItsSegments) {
  Record record = cut_record();
  EXPECT_EQ(record.segments(), 3U);
  record.end = at(400);
  EXPECT_EQ(record.segments(), 1U);
  record.end = at(1);
  EXPECT_EQ(record.segments(), 1U);
}

TEST(Record, FinIsNoText) {
  Record record = cut_record();
  record.has_fin = true;
  EXPECT_EQ(record.text_end(), at(2299));
}

}  // namespace
}  // namespace strata::tcp::record_test
