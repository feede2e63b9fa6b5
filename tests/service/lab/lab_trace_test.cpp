// SPDX-License-Identifier: Apache-2.0
#include "service/lab/lab_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "service/lab.h"
#include "service/lab/lab_run.h"
#include "service/text_file.h"

namespace strata::service::lab_trace_test {
namespace {

using testing::HasSubstr;

LabFile lab_of(const std::string& more) {
  const auto lab = read_lab_text(R"(
until = "2s"
[[host]]
name = "a"
[[host]]
name = "b"
[[link]]
between = ["a", "b"]
rate = "8Mbit/s"
delay = "5ms"
lost_frames = [20]
)" + more,
                                 "test");
  EXPECT_TRUE(lab.has_value()) << lab.error().text;
  return *lab;
}

constexpr const char* kBulk = "[[traffic]]\nkind = \"bulk\"\nfrom = \"a\"\nto = \"b\"\n";

TEST(LabTrace, HasALineForEachFrameAndEvent) {
  const TemporaryFolder folder;
  auto run = LabRun::create(
      lab_of(std::string(kBulk) + "[[event]]\nat = \"1s\"\nlink = \"a-b\"\nis = \"down\"\n"));
  ASSERT_TRUE((*run)->trace(folder.path + "/trace").has_value());
  const LabResults results = (*run)->run([](double) { return true; });
  ASSERT_TRUE((*run)->finish_trace().has_value());
  const auto text = read_text_file(folder.path + "/trace");
  ASSERT_TRUE(text.has_value());
  EXPECT_THAT(*text, HasSubstr("0.000000000 a-b sent ARP"));
  EXPECT_THAT(*text, HasSubstr("a-b dropped (lost as listed) IP 10.0.0.1."));
  EXPECT_THAT(*text, HasSubstr("1.000000000 event a-b goes down\n"));
  EXPECT_GT(static_cast<std::uint64_t>(std::ranges::count(*text, '\n')),
            results.links[0].counters.sent_frames + results.links[0].counters.delivered_frames);
}

TEST(LabTrace, SaysWhatCannotBeWritten) {
  auto run = LabRun::create(lab_of(kBulk));
  EXPECT_FALSE((*run)->trace("/no/such/folder/trace").has_value());
  ASSERT_TRUE((*run)->trace("/dev/full").has_value());
  static_cast<void>((*run)->run([](double) { return true; }));
  EXPECT_FALSE((*run)->finish_trace().has_value());
}

TEST(LabSequences, FollowTextAndAcknowledgments) {
  auto run = LabRun::create(lab_of(kBulk));
  (*run)->record_sequences();
  const LabResults results = (*run)->run([](double) { return true; });
  ASSERT_EQ(results.sequences.size(), 1U);
  const auto& points = results.sequences[0].points;
  ASSERT_GT(points.size(), 1000U);
  std::uint64_t most = 0, acknowledged = 0, again = 0;
  for (const LabSequence::Point& point : points) {
    if (point.is_ack()) {
      EXPECT_GE(point.from, acknowledged) << "acknowledgments do not go back on this line";
      acknowledged = point.from;
      continue;
    }
    EXPECT_LE(point.from, std::max<std::uint64_t>(most, 1));
    again += point.to <= most ? 1 : 0;
    most = std::max(most, point.to);
  }
  EXPECT_GE(again, 1U) << "one frame was lost";
  EXPECT_GE(acknowledged, results.flows[0].counts.bytes * 9 / 10);
}

}  // namespace
}  // namespace strata::service::lab_trace_test
