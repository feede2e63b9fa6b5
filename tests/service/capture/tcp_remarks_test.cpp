// SPDX-License-Identifier: Apache-2.0
// What goes again, and what an ACK brings about, is in frame_watch_test.cpp: it takes connections.
#include "service/capture/tcp_remarks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/lab.h"

namespace strata::service::tcp_remarks_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class TcpRemarksTest : public testing::Test {
 protected:
  std::string say(const CapturedSegment& segment, bool is_incoming = true) {
    return remarks.of(segment, is_incoming, kNoInterface, lab_now);
  }
  static CapturedSegment ack(std::initializer_list<wire::TcpSackBlock> blocks,
                             std::uint32_t number = 1000) {
    CapturedSegment segment{
        .flags = wire::kTcpAck, .acknowledgment = number, .window = 500, .options = {}};
    for (const wire::TcpSackBlock& block : blocks) {
      EXPECT_TRUE(segment.options.sack.push_back(block));
    }
    return segment;
  }

  Lab lab;
  TcpRemarks remarks{lab.ours->stack()};
};

TEST_F(TcpRemarksTest, HasNothingToSayOfWhatIsUsual) { EXPECT_THAT(say(ack({})), IsEmpty()); }

TEST_F(TcpRemarksTest, TellsWhoMustWaitForAZeroWindow) {
  CapturedSegment closed = ack({});
  closed.window = 0;
  EXPECT_THAT(say(closed, true), HasSubstr("Zero window: the program over there"));
  EXPECT_THAT(say(closed, false), HasSubstr("Zero window: our program"));
  closed.flags = wire::kTcpRst;
  EXPECT_THAT(say(closed), IsEmpty()) << "a reset has no window";
}

TEST_F(TcpRemarksTest, CountsWhatIsMissing) {
  struct Case {
    std::initializer_list<wire::TcpSackBlock> blocks;
    const char* says;
  };
  const Case cases[] = {
      {{{2000, 3000}}, "misses 1000 bytes in 1 piece below"},
      {{{5000, 6000}, {2000, 3000}}, "misses 3000 bytes in 2 pieces below"},
      {{{2000, 3000}, {3000, 4000}}, "misses 1000 bytes in 1 piece below"},
  };
  for (const Case& each : cases) EXPECT_THAT(say(ack(each.blocks)), HasSubstr(each.says));
  // Around the end of the number space.
  EXPECT_THAT(say(ack({{100, 200}}, 0xffff'ff00)), HasSubstr("misses 356 bytes in 1 piece"));
}

TEST_F(TcpRemarksTest, TellsOfBytesThatCameTwice) {
  EXPECT_THAT(say(ack({{500, 900}})), HasSubstr("D-SACK"));
  EXPECT_THAT(say(ack({{2200, 2300}, {2000, 3000}})), HasSubstr("D-SACK"));
  EXPECT_THAT(say(ack({{2000, 3000}})), Not(HasSubstr("D-SACK")));
}

// Strangers may say anything.
TEST_F(TcpRemarksTest, TakesNonsenseForNothing) {
  EXPECT_THAT(say(ack({{3000, 2000}})), Not(HasSubstr("misses")));
  EXPECT_THAT(say(ack({{1000 + (1U << 31U), 1000 + (1U << 31U) + 5}})), Not(HasSubstr("misses")));
  const CapturedSegment circle =
      ack({{0, 0x6000'0000}, {0x5000'0000, 0xb000'0000}, {0xa000'0000, 0x1000'0000}, {7, 7}});
  EXPECT_LE(say(circle).size(), 1000U);
  CapturedSegment bare = ack({{2000, 3000}});
  bare.flags = {};
  EXPECT_THAT(say(bare), IsEmpty()) << "without ACK the number means nothing";
}

TEST_F(TcpRemarksTest, CanWatchNoMoreThanThereIsRoomFor) {
  std::vector<std::unique_ptr<TcpRemarks>> all;
  for (std::size_t i = 0; i < 8; ++i) {
    all.push_back(std::make_unique<TcpRemarks>(lab.ours->stack()));
    EXPECT_TRUE(all.back()->start());
  }
  EXPECT_FALSE(remarks.start());
  all.pop_back();
  EXPECT_TRUE(remarks.start());
}

}  // namespace
}  // namespace strata::service::tcp_remarks_test
