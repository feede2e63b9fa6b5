// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/tail_probe.h"

#include <gtest/gtest.h>

namespace strata::tcp::tail_probe_test {
namespace {

using namespace std::chrono_literals;

SequenceNumber at(std::uint32_t offset) { return SequenceNumber(0xffff'ff00U + offset); }

// RFC 8985 7.2 SHOULD: PTO = 2 SRTT, and what a peer may delay its ACK when one segment is out.
TEST(TailProbe, TimeoutIsTwoRoundTrips) {
  Rtt rtt;
  EXPECT_EQ(TailProbe::timeout(rtt, false, 1s), 1s);
  rtt.on_sample(50ms, 1);
  EXPECT_EQ(TailProbe::timeout(rtt, false, 1s), 102ms);
  EXPECT_EQ(TailProbe::timeout(rtt, true, 1s), 300ms);
}

// RFC 8985 7.3 MUST: one probe at a time, and a round trip sample between two.
TEST(TailProbe, ProbesOnceUntilARoundTripWasMeasured) {
  TailProbe tail;
  EXPECT_TRUE(tail.may_probe());
  tail.on_sent(at(500), true);
  EXPECT_FALSE(tail.may_probe());
  EXPECT_FALSE(tail.repaired_loss({.ack = at(500), .dsacks_probe = true}));
  EXPECT_FALSE(tail.may_probe());
  tail.on_rtt_sample();
  EXPECT_TRUE(tail.may_probe());
}

// RFC 8985 7.4.2 MUST: the cases of TLP_process_ack().
TEST(TailProbe, TellsARepairFromADuplicate) {
  struct Row {
    const char* name;
    bool is_retransmission;
    TailProbe::Ack ack;
    bool repaired;
    bool still_out;
  };
  const Row rows[] = {
      {"below the probe", true, {.ack = at(499)}, false, true},
      {"new text arrived", false, {.ack = at(600)}, false, false},
      {"both copies, by D-SACK", true, {.ack = at(600), .dsacks_probe = true}, false, false},
      {"beyond the probe", true, {.ack = at(501)}, true, false},
      {"the probe, once", true, {.ack = at(500)}, false, true},
      {"the probe, twice", true, {.ack = at(500), .is_duplicate = true}, false, false},
      {"a duplicate with SACK",
       true,
       {.ack = at(500), .is_duplicate = true, .has_sack = true},
       false,
       true},
  };
  for (const Row& row : rows) {
    TailProbe tail;
    tail.on_sent(at(500), row.is_retransmission);
    EXPECT_EQ(tail.repaired_loss(row.ack), row.repaired) << row.name;
    EXPECT_EQ(tail.is_out(), row.still_out) << row.name;
  }
}

TEST(TailProbe, ExplainsTheDuplicateItCaused) {
  TailProbe tail;
  EXPECT_FALSE(tail.explains({at(400), at(500)}));
  tail.on_sent(at(500), true);
  EXPECT_TRUE(tail.explains({at(400), at(500)}));
  EXPECT_FALSE(tail.explains({at(300), at(400)}));
}

}  // namespace
}  // namespace strata::tcp::tail_probe_test
