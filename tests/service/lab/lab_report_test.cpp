// SPDX-License-Identifier: Apache-2.0
#include "service/lab/lab_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace strata::service::lab_report_test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

LabResults some() {
  LabResults results;
  results.title = "a <b> & \"c\"";
  results.seconds = 3;
  results.times = {1, 2, 3};
  LabFlowResult flow;
  flow.name = "f";
  flow.counts.bytes = 1000;
  flow.times_ms = {3, 1, 2};
  flow.goodput_mbit_s = {"f", {1, 2, 3}};
  flow.rtt_ms = {"f", {kNan, 20, kNan}};
  flow.cwnd_packets = {"f", {kNan, kNan, kNan}};
  results.flows.push_back(flow);
  LabLinkResult link;
  link.name = "a-b";
  link.counters.dropped[static_cast<std::size_t>(sim::LinkDrop::kQueue)] = 7;
  link.queue_packets = {"a-b", {1, 2, 3}};
  link.delay_ms = {"a-b", {0.5, 1, kNan}};
  results.links.push_back(link);
  return results;
}

TEST(LabReport, QuantilesAreOfWhatThereIs) {
  EXPECT_EQ(quantile({3, 1, 2}, 0), 1);
  EXPECT_EQ(quantile({3, 1, 2}, 0.5), 2);
  EXPECT_EQ(quantile({3, 1, 2}, 1), 3);
  EXPECT_TRUE(std::isnan(quantile({}, 0.5)));
}

TEST(LabReport, JsonCanBeReadAndHasAllSeries) {
  const auto json = nlohmann::json::parse(lab_json(some()));
  EXPECT_EQ(json["title"], "a <b> & \"c\"");
  EXPECT_EQ(json["flows"][0]["goodput_mbit_s"].size(), 3U);
  EXPECT_TRUE(json["flows"][0]["rtt_ms"][0].is_null());
  EXPECT_EQ(json["links"][0]["dropped"].size(), 1U);
}

TEST(LabReport, TextNamesFlowsAndLinks) {
  const std::string text = lab_text(some());
  EXPECT_THAT(text, HasSubstr("2.0 / 3.0 / 3.0"));
  EXPECT_THAT(text, HasSubstr("a-b"));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
}

TEST(LabReport, PicturesShowWhatHasValues) {
  const std::string picture = lab_picture(some());
  EXPECT_THAT(picture, HasSubstr("a &lt;b&gt; &amp; &quot;c&quot;"));
  EXPECT_THAT(picture, HasSubstr("goodput"));
  EXPECT_THAT(picture, Not(HasSubstr("congestion window"))) << "nobody had one";
  EXPECT_THAT(picture, Not(HasSubstr("nan")));
  EXPECT_THAT(lab_picture(LabResults{}), HasSubstr("</svg>"));
}

TEST(LabReport, ReasonsAreToldWhereThereAreAny) {
  LabResults results = some();
  results.flows[0].counts.retransmits_by[static_cast<std::size_t>(TcpLossCause::kTimeout)] = 3;
  results.nodes.push_back({"r", {{DropReason::kFrameTooShort, 2}}});
  const std::string text = lab_text(results);
  EXPECT_THAT(text, HasSubstr("3 sent again (timeout)"));
  EXPECT_THAT(text, HasSubstr("7 dropped (the link's queue dropped it)"));
  EXPECT_THAT(text, HasSubstr("2 dropped (frame_too_short)"));
  const auto json = nlohmann::json::parse(lab_json(results));
  EXPECT_EQ(json["flows"][0]["retransmits_by"]["timeout"], 3);
  EXPECT_EQ(json["nodes"][0]["dropped"]["frame_too_short"], 2);
}

TEST(LabReport, CsvHasALineEachSampleAndNothingWhereThereWasNothing) {
  EXPECT_EQ(lab_csv(some()),
            "seconds,f.goodput_mbit_s,f.rtt_ms,f.cwnd_packets,a-b.queue_packets,a-b.delay_ms\n"
            "1,1,,,1,0.5\n2,2,20,,2,1\n3,3,,,3,\n");
}

TEST(LabReport, DistributionsEndAtAHundredPerCent) {
  const std::string picture = lab_cdf(some());
  EXPECT_THAT(picture, HasSubstr(">100</text>"));
  EXPECT_THAT(picture, HasSubstr("share of exchanges"));
  EXPECT_THAT(picture, Not(HasSubstr("nan")));
}

TEST(LabReport, SequencesTellWhatWasSentAgain) {
  LabResults results;
  results.sequences.push_back({"f",
                               {{0.1, 1, 1001},
                                {0.2, 1001, 2001},
                                {0.3, 1001, 1001},
                                {0.4, 1001, 2001},
                                {0.5, 2001, 2001}}});
  const std::string picture = lab_sequence_picture(results);
  for (const char* word : {"f: sequence number", ">sent<", ">sent again<", ">acknowledged<"}) {
    EXPECT_THAT(picture, HasSubstr(word));
  }
}

}  // namespace
}  // namespace strata::service::lab_report_test
