// SPDX-License-Identifier: Apache-2.0
#include "service/capture/filtered_hook.h"

#include <gtest/gtest.h>

#include "service/echo_session.h"
#include "service/lab.h"

namespace strata::service::filtered_hook_test {
namespace {

struct CountingHook final : Hook {
  void on_packets(HookPoint /*point*/, std::span<Packet* const> packets,
                  std::span<Verdict> verdicts, Time /*now*/) override {
    EXPECT_EQ(packets.size(), verdicts.size());
    for (const Packet* packet : packets) count += packet == nullptr ? 0 : 1;
    for (Verdict& verdict : verdicts) verdict = Verdict::drop();  // nobody obeys
  }
  std::size_t count = 0;
};

TEST(FilteredHook, ShowsWhatTheFilterTakesAndJudgesNothing) {
  Lab lab;
  CountingHook counted;
  auto filters = PacketFilters::compile("icmp and src host 10.77.0.1");
  ASSERT_TRUE(filters);
  FilteredHook filtered(counted, std::move(*filters), lab.ours->stack());
  for (const HookPoint point : {HookPoint::kFrameIn, HookPoint::kFrameOut}) {
    ASSERT_TRUE(lab.ours->stack().add_hook(point, filtered));
  }
  EchoOptions options{.destination = *IpAddress::parse("10.77.0.1")};
  options.count = 3;
  options.flood = true;
  EchoSession session(lab.ours->stack(), *lab.loop, options, {});
  ASSERT_TRUE(session.start().has_value());
  for (int i = 0; i < 400 && !session.is_done(); ++i) lab.run_for(std::chrono::milliseconds(1));
  EXPECT_EQ(session.statistics().received, 3U);
  EXPECT_EQ(counted.count, 3U);
  for (const HookPoint point : {HookPoint::kFrameIn, HookPoint::kFrameOut}) {
    lab.ours->stack().remove_hook(point, filtered);
  }
}

}  // namespace
}  // namespace strata::service::filtered_hook_test
