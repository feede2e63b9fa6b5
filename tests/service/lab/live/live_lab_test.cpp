// SPDX-License-Identifier: Apache-2.0
#include "service/lab/live/live_lab.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace strata::service::live_lab_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr const char* kLab = R"(until = "300ms"
sample = "50ms"
[[host]]
name = "a"
[[host]]
name = "b"
[[link]]
between = ["a", "b"]
rate = "10Mbit/s"
delay = "5ms"
[[traffic]]
name = "ping"
kind = "ping"
from = "a"
to = "b"
every = "20ms"
[[traffic]]
name = "bulk"
kind = "bulk"
from = "a"
to = "b"
)";

LabFile read(const std::string& text) {
  auto lab = read_lab_text(text, "x.toml");
  EXPECT_TRUE(lab.has_value()) << lab.error().text;
  return *std::move(lab);
}

TEST(LiveLab, RunsTheWholeLabByTheMachinesClock) {
  const LabFile lab = read(kLab);
  const auto run = LabRun::create(lab);
  ASSERT_TRUE(run.has_value());
  const auto live = LiveLab::create(**run, lab, "x.toml", LoopPolicy::kSleep);
  ASSERT_TRUE(live.has_value()) << live.error().text;
  EXPECT_EQ((*live)->announcement(), "");
  const LabResults results = (*live)->run([](double) { return true; });
  EXPECT_TRUE(results.is_whole);
  EXPECT_EQ(results.times.size(), 6U);
  EXPECT_GT(results.flows[0].counts.exchanges, 5U);
  ASSERT_TRUE(results.accuracy.has_value());
  EXPECT_GT(results.accuracy->world.events.count, 100U);
  EXPECT_EQ(results.accuracy->world.frames_out.count, 0U);
  ASSERT_EQ(results.accuracy->world.rates.size(), 1U) << "the way back was never busy";
  EXPECT_EQ(results.accuracy->world.rates[0].name, "a-b");
  EXPECT_NEAR(results.accuracy->world.rates[0].asked_bits_per_second, 10e6, 1e3);
  EXPECT_GT(results.accuracy->world.rates[0].frames, 50U);
}

TEST(LiveLab, EndsWhenItIsTold) {
  const LabFile lab = read(kLab);
  const auto run = LabRun::create(lab);
  const auto live = LiveLab::create(**run, lab, "x.toml", LoopPolicy::kSleep);
  ASSERT_TRUE(live.has_value());
  int asked = 0;
  const LabResults results = (*live)->run([&](double share) {
    EXPECT_LE(share, 1);
    return ++asked < 5;
  });
  EXPECT_FALSE(results.is_whole);
  EXPECT_LT(results.seconds, 0.3);
  EXPECT_TRUE(results.accuracy.has_value());
}

TEST(LiveLab, ADeviceNeedsRealTimeAndItsNamespace) {
  const LabFile lab = read(R"([[device]]
name = "d"
tap = "lab0"
netns = "no-such-namespace"
[[host]]
name = "a"
[[link]]
between = ["d", "a"]
)");
  const auto checked = check_needs_no_device(lab, "x.toml");
  ASSERT_FALSE(checked.has_value());
  EXPECT_THAT(checked.error().text, HasSubstr("x.toml:1: device: d is a real device"));
  EXPECT_THAT(checked.error().hint, HasSubstr("--realtime"));
  const auto run = LabRun::create(lab);
  ASSERT_TRUE(run.has_value());
  const auto live = LiveLab::create(**run, lab, "x.toml", LoopPolicy::kSleep);
  ASSERT_FALSE(live.has_value());
  EXPECT_THAT(live.error().text, HasSubstr("x.toml:1: device: tap:lab0: netns"));
  EXPECT_TRUE(check_needs_no_device(read(kLab), "x.toml").has_value());
}

}  // namespace
}  // namespace strata::service::live_lab_test
