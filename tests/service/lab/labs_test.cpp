// SPDX-License-Identifier: Apache-2.0
// Each lab of labs/ runs and shows what it teaches.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>

#include "service/lab/lab_report.h"

namespace strata::service::labs_test {
namespace {

std::string path_of(const std::string& name) {
  return std::string(STRATA_SOURCE_DIR) + "/labs/" + name + ".toml";
}

class Shown {
 public:
  explicit Shown(const std::string& name) {
    auto lab = read_lab_file(path_of(name));
    EXPECT_TRUE(lab.has_value()) << lab.error().text;
    auto run = LabRun::create(*lab);
    EXPECT_TRUE(run.has_value()) << run.error().text;
    results_ = (*run)->run([](double) { return true; });
    EXPECT_TRUE(results_.is_whole);
  }
  [[nodiscard]] const LabFlowResult& flow(const std::string& name) const {
    const auto found = std::ranges::find(results_.flows, name, &LabFlowResult::name);
    EXPECT_NE(found, results_.flows.end()) << name;
    return *found;
  }
  [[nodiscard]] const LabLinkResult& link(const std::string& name) const {
    const auto found = std::ranges::find(results_.links, name, &LabLinkResult::name);
    EXPECT_NE(found, results_.links.end()) << name;
    return *found;
  }
  [[nodiscard]] double median_ms(const std::string& name) const {
    return quantile(flow(name).times_ms, 0.5);
  }
  [[nodiscard]] const LabResults& results() const { return results_; }

 private:
  LabResults results_;
};

TEST(Labs, BufferbloatFillsTheQueueAndDelaysEverybodyElse) {
  const Shown shown("bufferbloat");
  const std::vector<double>& times = shown.flow("game").times_ms;
  EXPECT_LT(quantile(times, 0), 40);
  EXPECT_GT(quantile(times, 1), 300);
  EXPECT_GT(shown.flow("download").bits_per_second, 9e6) << "the download notices nothing";
}

TEST(Labs, SlowStartDoublesUntilTheLineIsFull) {
  const Shown shown("slow_start");
  const LabFlowResult& download = shown.flow("download");
  const std::vector<double>& windows = download.cwnd_packets.values;
  double most = 0;
  for (const double window : windows) most = std::isfinite(window) ? std::max(most, window) : most;
  EXPECT_GT(most, 160) << "20 Mbit/s for 100 ms are 165 packets";
  EXPECT_GT(download.bits_per_second, 12e6);
}

TEST(Labs, SackFindsSeveralHolesInOneRoundTrip) {
  const Shown shown("sack_against_reno");
  const auto bytes = [&](const char* name) { return shown.flow(name).counts.bytes; };
  EXPECT_GT(bytes("with_sack"), bytes("without_sack") + bytes("without_sack") / 10);
}

TEST(Labs, AHiddenMtuStopsWhoTrustsTheInterface) {
  const Shown shown("hidden_pmtu");
  EXPECT_EQ(shown.flow("stuck").counts.bytes, 0U);
  EXPECT_GT(shown.flow("finds").counts.bytes, 10'000'000U);
  EXPECT_GT(shown.flow("ping").counts.exchanges, 150U);
  EXPECT_GT(shown.link("here-there").counters.dropped_by(sim::LinkDrop::kOversized), 5U);
}

TEST(Labs, CookiesLetInWhoAnswers) {
  const Shown shown("syn_flood");
  const FlowCounts& with = shown.flow("with_cookies").counts;
  const FlowCounts& without = shown.flow("without").counts;
  EXPECT_EQ(with.failed, 0U);
  EXPECT_GE(with.exchanges + 10, with.sent) << "a few are still on their way";
  EXPECT_LT(without.exchanges, without.sent / 2) << "ten seconds of fifteen are lost";
}

TEST(Labs, NagleWaitsForAnAckThatWaits) {
  const Shown shown("nagle");
  EXPECT_NEAR(shown.median_ms("one_write"), 10.5, 1);
  EXPECT_NEAR(shown.median_ms("no_delay"), 10.5, 1);
  EXPECT_NEAR(shown.median_ms("two_writes"), 10.4 + 10 + 40, 2);
}

TEST(Labs, ChaosGetsThroughBothWays) {
  const Shown shown("chaos");
  for (const char* name : {"there", "back"}) {
    EXPECT_GT(shown.flow(name).bits_per_second, 1e6) << name;
    EXPECT_GT(shown.flow(name).counts.retransmits, 50U) << name;
    EXPECT_EQ(shown.flow(name).trouble, "") << name;
  }
}

TEST(Labs, AllCanBeBuilt) {
  std::size_t count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(STRATA_SOURCE_DIR) + "/labs")) {
    if (entry.path().extension() != ".toml") continue;
    const auto lab = read_lab_file(entry.path().string());
    ASSERT_TRUE(lab.has_value()) << lab.error().text;
    EXPECT_NE(lab->title, "") << entry.path();
    const auto run = LabRun::create(*lab);
    EXPECT_TRUE(run.has_value()) << run.error().text;
    ++count;
  }
  EXPECT_GE(count, 7U);
}

}  // namespace
}  // namespace strata::service::labs_test
