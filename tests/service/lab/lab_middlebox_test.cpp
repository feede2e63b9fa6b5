// SPDX-License-Identifier: Apache-2.0
#include "service/lab/lab_middlebox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/explore/trial_run.h"
#include "service/lab/lab.h"
#include "service/lab/lab_run.h"

namespace strata::service::lab_middlebox_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string lab_text(const std::string& box) {
  return R"(
until = "5s"
[[host]]
name = "a"
[[host]]
name = "b"
[[middlebox]]
name = "box"
)" + box +
         R"(
[[link]]
between = ["a", "box"]
[[link]]
between = ["box", "b"]
rate = "10Mbit/s"
delay = "5ms"
[[traffic]]
name = "bulk"
kind = "bulk"
from = "a"
to = "b"
bytes = "100KB"
)";
}

LabMiddlebox box_of(const std::string& keys) {
  const auto lab = read_lab_text(lab_text(keys), "test");
  EXPECT_TRUE(lab.has_value()) << lab.error().text;
  for (const LabNode& node : lab->nodes) {
    if (node.kind == LabNode::Kind::kMiddlebox) return node.middlebox;
  }
  ADD_FAILURE() << "no box";
  return {};
}

TEST(LabMiddlebox, EveryKeySaysWhatItSays) {
  const auto filter = std::get<sim::FilterConfig>(
      box_of("does = \"filter\"\nidle = \"3s\"\nforgets = [\"2s\", \"1s\"]\nresets = true"));
  EXPECT_EQ(filter.idle, 3s);
  EXPECT_EQ(filter.forgets, (std::vector<Time>{Time(1s), Time(2s)}));
  EXPECT_TRUE(filter.resets);
  const auto nat = std::get<sim::NatConfig>(
      box_of("does = \"nat\"\noutside = \"10.0.0.100\"\nforgets = \"1s\""));
  EXPECT_EQ(nat.outside, IpAddress::v4(10, 0, 0, 100));
  EXPECT_EQ(nat.forgets.size(), 1U);
  const auto stripper = std::get<sim::OptionStripperConfig>(
      box_of("does = \"strip_options\"\noptions = [\"sack\", \"timestamps\"]\non = \"syn_ack\""));
  EXPECT_EQ(stripper.kinds, (std::vector<std::uint8_t>{5, 8}));
  EXPECT_FALSE(stripper.on_syn);
  EXPECT_TRUE(stripper.on_syn_ack);
  EXPECT_FALSE(stripper.on_others);
  const auto reorderer = std::get<sim::ReordererConfig>(
      box_of("does = \"reorder\"\nevery = 7\nbehind = 2\nwait = \"5ms\""));
  EXPECT_EQ(reorderer.every, 7U);
  EXPECT_EQ(reorderer.behind, 2U);
  EXPECT_EQ(reorderer.wait_max, 5ms);
  const auto corruptor = std::get<sim::CorruptorConfig>(
      box_of("does = \"corrupt\"\nevery = 9\npart = \"header\"\nmends_checksum = true"));
  EXPECT_EQ(corruptor.every, 9U);
  EXPECT_EQ(corruptor.part, sim::CorruptorConfig::Part::kHeader);
  EXPECT_TRUE(corruptor.mends_checksum);
}

TEST(LabMiddlebox, TrafficGoesThroughEachOfThem) {
  for (const char* keys :
       {"does = \"filter\"", "does = \"nat\"\noutside = \"10.0.0.100\"", "does = \"strip_options\"",
        "does = \"reorder\"", "does = \"corrupt\"\nevery = 20"}) {
    const auto lab = read_lab_text(lab_text(keys), "test");
    ASSERT_TRUE(lab.has_value()) << lab.error().text;
    auto run = LabRun::create(*lab);
    ASSERT_TRUE(run.has_value()) << run.error().text;
    const LabResults results = (*run)->run([](double) { return true; });
    EXPECT_EQ(results.flows[0].counts.bytes, 100'000U) << keys;
    EXPECT_EQ(results.flows[0].trouble, "") << keys;
  }
}

// A box that forgets is no fault of TCP's: the explorer finds nothing.
TEST(LabMiddlebox, WhatABoxDoesIsNoFinding) {
  for (const char* keys : {"does = \"nat\"\noutside = \"10.0.0.100\"\nforgets = \"50ms\"",
                           "does = \"filter\"\nforgets = \"50ms\"",
                           "does = \"corrupt\"\nevery = 20\nmends_checksum = true"}) {
    const auto lab = read_lab_text(lab_text(keys), "test");
    ASSERT_TRUE(lab.has_value()) << lab.error().text;
    auto run = TrialRun::create(*lab, {.seed = 1});
    ASSERT_TRUE(run.has_value()) << run.error().text;
    const TrialVerdict verdict = (*run)->run();
    EXPECT_EQ(verdict.broken, Broken::kNothing) << keys << ": " << verdict.text;
  }
}

TEST(LabMiddlebox, ComplaintsNameTheKey) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "middlebox.does: missing"},
      {"does = \"proxy\"", "'proxy' is none of"},
      {"does = \"filter\"\nevery = 3", "middlebox.every: unknown key"},
      {"does = \"nat\"\noutside = \"fd00::1\"", "'fd00::1' is no IPv4 address"},
      {"does = \"strip_options\"\noptions = \"tls\"", "'tls' is none of"},
      {"does = \"strip_options\"\non = \"fin\"", "'fin' is none of"},
      {"does = \"reorder\"\nevery = 0", "0 is not from 1"},
      {"does = \"corrupt\"\npart = \"tail\"", "neither payload nor header"},
  };
  for (const auto& [keys, complaint] : cases) {
    const auto lab = read_lab_text(lab_text(keys), "test");
    ASSERT_FALSE(lab.has_value()) << keys;
    EXPECT_THAT(lab.error().text, HasSubstr(complaint));
  }
  const auto three =
      read_lab_text(lab_text("does = \"filter\"") +
                        "[[host]]\nname = \"c\"\n[[link]]\nbetween = [\"c\", \"box\"]\n",
                    "test");
  ASSERT_FALSE(three.has_value());
  EXPECT_THAT(three.error().text, HasSubstr("two links"));
}

}  // namespace
}  // namespace strata::service::lab_middlebox_test
