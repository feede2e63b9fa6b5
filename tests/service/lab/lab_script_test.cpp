// SPDX-License-Identifier: Apache-2.0
#include "service/lab/lab_script.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "service/lab/lab_report.h"
#include "sim/queue/tail_drop.h"

namespace strata::service::lab_script_test {
namespace {

constexpr const char* kThree = R"(
until = "10s"
[[host]]
name = "a"
[[router]]
name = "r"
[[host]]
name = "b"
[[link]]
between = ["a", "r"]
delay = "5ms"
)";

constexpr const char* kPing = R"(
[[traffic]]
kind = "ping"
from = "a"
to = "b"
every = "100ms"
)";

LabResults run(const std::string& link, const std::string& events) {
  const std::string text =
      std::string(kThree) + "[[link]]\nbetween = [\"r\", \"b\"]\n" + link + kPing + events;
  const auto lab = read_lab_text(text, "test");
  EXPECT_TRUE(lab.has_value()) << lab.error().text;
  auto made = LabRun::create(*lab);
  EXPECT_TRUE(made.has_value()) << made.error().text;
  return (*made)->run([](double) { return true; });
}

std::uint64_t lost(const LabResults& results) {
  const FlowCounts& counts = results.flows[0].counts;
  return counts.sent - counts.exchanges;
}

TEST(LabScript, FlapsTakeTheLinkDownAgainAndAgain) {
  const LabResults results =
      run("flaps = { first = \"1050ms\", down = \"500ms\", up = \"1500ms\" }\n", "");
  // Down from 1.05 to 1.55, 3.05 to 3.55 ... five times, five pings each, and the last one.
  EXPECT_GE(lost(results), 24U);
  EXPECT_LE(lost(results), 31U);
}

TEST(LabScript, PartitionsCutOffAndHeal) {
  const LabResults results =
      run("", "[[event]]\nat = \"2050ms\"\npartition = [\"b\"]\nfor = \"3s\"\n");
  EXPECT_NEAR(static_cast<double>(lost(results)), 31, 2);
  const auto& cut = results.links[2];
  EXPECT_EQ(cut.name, "r-b");
  EXPECT_GT(cut.counters.dropped_by(sim::LinkDrop::kPartition), 20U);
}

TEST(LabScript, ACrashedHostIsGoneUntilItRestarts) {
  for (const char* host : {"r", "b"}) {
    const LabResults results = run("", "[[event]]\nat = \"2050ms\"\nnode = \"" + std::string(host) +
                                           "\"\nis = \"crashed\"\nfor = \"2s\"\n");
    EXPECT_NEAR(static_cast<double>(lost(results)), 20, 3) << host;
  }
}

TEST(LabScript, TheSenderPingsOnAfterItsOwnRestart) {
  const LabResults results =
      run("", "[[event]]\nat = \"2050ms\"\nnode = \"a\"\nis = \"crashed\"\nfor = \"2s\"\n");
  EXPECT_NEAR(static_cast<double>(results.flows[0].counts.sent), 81, 2);
  EXPECT_LE(lost(results), 4U);
}

TEST(LabScript, AHostWithAnotherAddressIsFoundThere) {
  const LabResults results =
      run("", "[[event]]\nat = \"2050ms\"\nnode = \"b\"\naddress = \"10.0.1.99/24\"\n");
  EXPECT_LE(lost(results), 4U);
}

TEST(LabScript, AHostKeepsItsAddressWhenItRestarts) {
  const LabResults results =
      run("",
          "[[event]]\nat = \"2050ms\"\nnode = \"b\"\naddress = \"10.0.1.99/24\"\n"
          "[[event]]\nat = \"4050ms\"\nnode = \"b\"\nis = \"crashed\"\nfor = \"1s\"\n");
  EXPECT_NEAR(static_cast<double>(lost(results)), 11, 4);
}

TEST(LabScript, AHostWithoutBuffersAnswersNothing) {
  const LabResults results =
      run("", "[[event]]\nat = \"2050ms\"\nnode = \"a\"\nis = \"out_of_buffers\"\nfor = \"2s\"\n");
  EXPECT_NEAR(static_cast<double>(lost(results)), 20, 3);
}

TEST(LabScript, ChangesAndStepsOfRatesAreSeenInTimes) {
  const LabResults changed =
      run("delay = \"5ms\"\n",
          "[[event]]\nat = \"5050ms\"\nlink = \"r-b\"\nchange = { delay = \"55ms\" }\n");
  const auto& times = changed.flows[0].times_ms;
  EXPECT_NEAR(times[20], 20, 1);
  EXPECT_NEAR(times.back(), 120, 1);
  // 106 bytes take 8.48 ms at 100 kbit/s, there and back.
  const LabResults stepped =
      run("rates = [{ at = \"0s\", rate = \"10Mbit/s\" }, { at = \"5050ms\", rate = \"100kbit/s\" "
          "}]\n",
          "");
  EXPECT_NEAR(stepped.flows[0].times_ms.back() - stepped.flows[0].times_ms[20], 16.8, 0.5);
}

TEST(LabScript, ASecondChangeLeavesTheFirstAsItIs) {
  const LabResults results =
      run("delay = \"5ms\"\n",
          "[[event]]\nat = \"6050ms\"\nlink = \"r-b\"\nchange = { mtu = 1400 }\n"
          "[[event]]\nat = \"5050ms\"\nlink = \"r-b\"\nchange = { delay = \"55ms\" }\n");
  EXPECT_NEAR(results.flows[0].times_ms.back(), 120, 1);
}

TEST(LabScript, AChangeKeepsTheRateThatStepsHaveComeTo) {
  const std::string rates =
      "rates = [{ at = \"0s\", rate = \"10Mbit/s\" }, { at = \"2050ms\", rate = \"100kbit/s\" }]\n";
  const std::string event = "[[event]]\nat = \"5050ms\"\nlink = \"r-b\"\nchange = ";
  const auto slower = [&](const std::string& change) {
    const LabResults results = run(rates, event + change + "\n");
    return results.flows[0].times_ms.back() - results.flows[0].times_ms[10];
  };
  EXPECT_NEAR(slower("{ mtu = 1400 }"), 16.8, 0.5);
  EXPECT_NEAR(slower("{ rate = \"10Mbit/s\" }"), 0, 0.1);
  EXPECT_NEAR(slower("{ back = { rate = \"10Mbit/s\" } }"), 8.4, 0.3);
}

constexpr const char* kBulk = "[[traffic]]\nkind = \"bulk\"\nfrom = \"a\"\nto = \"b\"\n";

TEST(LabScript, AQueueThatStaysRemembersWhatItHasSeen) {
  // A change at the same time of a link without such a queue: all else is the same run.
  const auto hash = [](const std::string& link, const std::string& queue) {
    const std::string line = "rate = \"2Mbit/s\"\ndelay = \"5ms\"\nqueue = \"" + queue + "\"\n";
    return run(line, std::string(kBulk) + "[[event]]\nat = \"3050ms\"\nlink = \"" + link +
                         "\"\nchange = { delay = \"5ms\" }\n")
        .packet_hash;
  };
  for (const char* queue : {"codel", "fq_codel"}) {
    EXPECT_EQ(hash("r-b", queue), hash("a-r", queue)) << queue;
  }
}

TEST(LabScript, AQueueBecomesATailDropAgain) {
  const std::string text =
      std::string(kThree) +
      "[[link]]\nbetween = [\"r\", \"b\"]\nqueue = \"fq_codel\"\nqueue_marks = true\n"
      "[[event]]\nat = \"1s\"\nlink = \"r-b\"\nchange = { queue = \"tail\" }\n";
  const auto lab = read_lab_text(text, "test");
  ASSERT_TRUE(lab.has_value()) << lab.error().text;
  auto made = LabRun::create(*lab);
  ASSERT_TRUE(made.has_value()) << made.error().text;
  sim::World& world = (*made)->world();
  const auto is_tail_drop = [&] {
    const sim::Link& link = *world.find_link("r-b");
    return dynamic_cast<const sim::TailDrop*>(&link.queue(sim::Direction::kAToB)) != nullptr;
  };
  EXPECT_FALSE(is_tail_drop());
  world.run_until(Time(std::chrono::seconds(2)));
  EXPECT_TRUE(is_tail_drop());
}

TEST(LabScript, AClockThatDriftsChangesWhatItsHostMeasures) {
  const LabResults results =
      run("", "[[event]]\nat = \"50ms\"\nnode = \"a\"\nclock_drift_ppm = 100000\n");
  EXPECT_NEAR(results.flows[0].times_ms.back(), 11, 0.2) << "10 ms and a tenth";
  EXPECT_NEAR(static_cast<double>(results.flows[0].counts.sent), 110, 2);
}

}  // namespace
}  // namespace strata::service::lab_script_test
