// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sim/middlebox/behind.h"

namespace strata::sim::middlebox_test::option_stripper_test {
namespace {

struct Case {
  const char* what;
  OptionStripperConfig config;
};

const Case kAgreeing[] = {
    {"all options, everywhere", {}},
    {"all options of the SYN", {.on_syn_ack = false, .on_others = false}},
    {"MSS", {.kinds = {2}}},
    {"window scale", {.kinds = {3}}},
    {"SACK permitted of the SYN", {.kinds = {4}, .on_syn_ack = false}},
    {"SACK permitted of the SYN,ACK", {.kinds = {4}, .on_syn = false}},
    {"SACK blocks", {.kinds = {5}}},
    {"timestamps of the SYN", {.kinds = {8}, .on_syn_ack = false, .on_others = false}},
    {"timestamps everywhere", {.kinds = {8}}},
    {"Fast Open", {.kinds = {34}}},
};

// What both ends can know of is only slower.
TEST(OptionStripper, EveryByteArrivesWithoutOptions) {
  for (const Case& each : kAgreeing) {
    SCOPED_TRACE(each.what);
    Behind behind(make_option_stripper(each.config),
                  {.line = {.bits_per_second = 10'000'000, .delay = 5ms, .loss = {1, 100}}});
    behind.start(300'000, 200'000);
    EXPECT_TRUE(behind.run(600s));
    expect_whole(behind, 300'000, 200'000);
  }
}

TEST(OptionStripper, AgreedIsWhatBothHaveHeard) {
  for (const bool strips_syn : {false, true}) {
    Behind behind(make_option_stripper(
        {.on_syn = strips_syn, .on_syn_ack = !strips_syn, .on_others = false}));
    auto stream = TcpStream::connect(behind.client_host().stack(),
                                     {*IpAddress::parse("10.0.0.2"), 80}, {}, behind.world().now());
    ASSERT_TRUE(stream.has_value());
    behind.world().run_for(500ms);
    const auto info = stream->info(behind.world().now());
    ASSERT_TRUE(info.has_value());
    EXPECT_FALSE(info->has_timestamps);
    EXPECT_FALSE(info->has_sack);
    EXPECT_FALSE(info->has_window_scaling);
  }
}

// The ends disagree: one counts on timestamps that the other never sends, or that never arrive, and
// may drop what comes without them (RFC 7323 3.2). It works, or it ends with an error: nobody
// hangs.
TEST(OptionStripper, WhereTheEndsDisagreeAConnectionWorksOrFails) {
  const Case disagreeing[] = {
      {"all options of the SYN,ACK", {.on_syn = false, .on_others = false}},
      {"timestamps of the SYN,ACK", {.kinds = {8}, .on_syn = false, .on_others = false}},
      {"window scale of the SYN,ACK", {.kinds = {3}, .on_syn = false, .on_others = false}},
      {"all options of data", {.on_syn = false, .on_syn_ack = false}},
      {"timestamps of data", {.kinds = {8}, .on_syn = false, .on_syn_ack = false}},
  };
  for (const Case& each : disagreeing) {
    SCOPED_TRACE(each.what);
    Behind behind(make_option_stripper(each.config), {.socket = asking()});
    behind.start(100'000, 50'000);
    EXPECT_TRUE(behind.run(4h));
    EXPECT_FALSE(behind.client().is_wrong());
    if (behind.server()) {
      EXPECT_FALSE(behind.server()->is_wrong());
    }
    if (!behind.client().failure()) expect_whole(behind, 100'000, 50'000);
    behind.world().run_for(1200s);
    EXPECT_EQ(behind.world().leaked_packets(), 0U);
  }
}

}  // namespace
}  // namespace strata::sim::middlebox_test::option_stripper_test
