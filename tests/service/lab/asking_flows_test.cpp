// SPDX-License-Identifier: Apache-2.0
#include "service/lab/asking_flows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "service/lab/lab_report.h"

namespace strata::service::asking_flows_test {
namespace {

constexpr const char* kTwo = R"(
until = "20s"
[[host]]
name = "a"
[[host]]
name = "b"
[[link]]
between = ["a", "b"]
rate = "10Mbit/s"
delay = "10ms"
[[traffic]]
name = "f"
from = "a"
to = "b"
)";

LabResults run(const std::string& more) {
  const auto lab = read_lab_text(kTwo + more, "test");
  EXPECT_TRUE(lab.has_value()) << lab.error().text;
  auto made = LabRun::create(*lab);
  EXPECT_TRUE(made.has_value()) << made.error().text;
  return (*made)->run([](double) { return true; });
}

TEST(AskingFlows, ShortFlowsComeAsAPoissonProcessAndAllEnd) {
  const LabResults results = run("kind = \"flows\"\nevery = \"20ms\"\nanswer = \"1KB\"\n");
  const FlowCounts& counts = results.flows[0].counts;
  EXPECT_NEAR(static_cast<double>(counts.sent), 1000, 5 * std::sqrt(1000.0));
  EXPECT_GE(counts.exchanges + 20, counts.sent);
  EXPECT_EQ(counts.failed, 0U);
  EXPECT_GE(counts.bytes, counts.exchanges * (64 + 1000));
  EXPECT_LE(counts.bytes, counts.sent * (64 + 1000));
  EXPECT_GE(quantile(results.flows[0].times_ms, 0), 20);
}

TEST(AskingFlows, APageIsThereWhenAllItsObjectsAre) {
  const LabResults results =
      run("kind = \"page\"\nobjects = 10\nconnections = 3\nanswer = \"10KB\"\nevery = \"500ms\"\n");
  const LabFlowResult& page = results.flows[0];
  EXPECT_GT(page.counts.exchanges, 20U);
  // A handshake, four objects one after the other, and a hundred kilobytes at 10 Mbit/s.
  EXPECT_GT(quantile(page.times_ms, 0), 20 + 4 * 20);
  EXPECT_LT(quantile(page.times_ms, 1), 500);
}

TEST(AskingFlows, ARampEndsWithAllItsClients) {
  const LabResults results = run("kind = \"ramp\"\nclients = 8\nover = \"8s\"\nevery = \"80ms\"\n");
  const std::vector<double>& rates = results.flows[0].goodput_mbit_s.values;
  const auto sum = [&](std::size_t from, std::size_t to) {
    double all = 0;
    for (std::size_t i = from; i < to; ++i) all += rates[i];
    return all;
  };
  // One client in the first second, eight in each of the last ones.
  EXPECT_GT(sum(180, 190), 6 * sum(0, 10));
}

TEST(AskingFlows, ClientsComeBackAfterACrashOfEitherEnd) {
  for (const char* host : {"a", "b"}) {
    const LabResults results =
        run("kind = \"request\"\nevery = \"80ms\"\n[[event]]\nat = \"5s\"\nnode = \"" +
            std::string(host) + "\"\nis = \"crashed\"\nfor = \"2s\"\n");
    const std::vector<double>& rates = results.flows[0].goodput_mbit_s.values;
    ASSERT_EQ(rates.size(), 200U);
    EXPECT_GT(rates[40], 0) << host;
    EXPECT_EQ(rates[60], 0) << host;
    EXPECT_GT(rates[150], 0) << host;
  }
}

TEST(AskingFlows, ARequestInSeveralWritesIsOneRequest) {
  const LabResults results =
      run("kind = \"request\"\nsize = \"300B\"\nwrites = 3\nno_delay = true\n");
  const FlowCounts& counts = results.flows[0].counts;
  EXPECT_GT(counts.exchanges, 300U);
  EXPECT_NEAR(quantile(results.flows[0].times_ms, 0.5), 20.5, 1);
}

}  // namespace
}  // namespace strata::service::asking_flows_test
