// SPDX-License-Identifier: Apache-2.0
#include "service/lab/lab_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <string>

#include "service/lab/lab_report.h"

namespace strata::service::lab_run_test {
namespace {

using testing::HasSubstr;

constexpr const char* kPath = R"(
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
[[link]]
between = ["r", "b"]
rate = "8Mbit/s"
delay = "5ms"
queue_packets = 50
)";

LabFile lab_of(const std::string& more) {
  auto lab = read_lab_text(kPath + more, "test");
  EXPECT_TRUE(lab.has_value()) << lab.error().text;
  return *lab;
}

LabResults run(const LabFile& lab) {
  auto made = LabRun::create(lab);
  EXPECT_TRUE(made.has_value()) << made.error().text;
  return (*made)->run([](double) { return true; });
}

std::string flow(const char* kind, const char* more = "") {
  return std::string("[[traffic]]\nkind = \"") + kind + "\"\nfrom = \"a\"\nto = \"b\"\n" + more;
}

TEST(LabRun, BulkFillsTheSlowestLink) {
  const LabResults results = run(lab_of(flow("bulk")));
  ASSERT_EQ(results.flows.size(), 1U);
  // 1448 of 1514 bytes of each frame are text.
  EXPECT_GT(results.flows[0].bits_per_second, 0.9 * 8e6 * 1448 / 1514);
  EXPECT_LE(results.flows[0].bits_per_second, 8e6 * 1448 / 1514);
  EXPECT_EQ(results.times.size(), 100U);
  ASSERT_EQ(results.links.size(), 4U);
  EXPECT_EQ(results.links[2].name, "r-b");
  EXPECT_GT(results.links[2].counters.queue_packets_peak, 10U);
  EXPECT_TRUE(std::isnan(results.links[0].delay_ms.values.back())) << "it has no rate";
}

// Its bytes are all the same: they lie in one buffer, and what is left of the room in another few.
TEST(LabRun, ALongSendQueueTakesHardlyAnyBuffers) {
  LabFile lab = lab_of(flow("bulk"));
  lab.nodes[0].tcp.send_buffer_first = lab.nodes[0].tcp.send_buffer_max = 8U << 20U;
  auto made = LabRun::create(lab);
  ASSERT_TRUE(made.has_value()) << made.error().text;
  const PacketPool& pool = (*made)->world().pool();
  const std::size_t large = pool.large_free();
  const LabResults results = (*made)->run([&](double) {
    EXPECT_GE(pool.large_free() + 8, large);
    EXPECT_GE(pool.small_free() + 1000, pool.small_count()) << "frames on their way";
    return true;
  });
  EXPECT_GT(results.flows[0].bits_per_second, 0.9 * 8e6 * 1448 / 1514);
}

TEST(LabRun, ABulkFlowOfSomeBytesEnds) {
  const LabResults results = run(lab_of(flow("bulk", "bytes = \"1MB\"\n")));
  EXPECT_EQ(results.flows[0].counts.bytes, 1'000'000U);
}

TEST(LabRun, GoodputIsOfTheTimeTheFlowTook) {
  // 10 KB take 10 ms at 8 Mbit/s, beside a handshake, the way there and neighbours to be found.
  const LabResults brief = run(lab_of(flow("bulk", "bytes = \"10KB\"\n")));
  EXPECT_GT(brief.flows[0].bits_per_second, 1.1e6);
  EXPECT_LT(brief.flows[0].bits_per_second, 2e6);
  const LabResults starved =
      run(lab_of(flow("bulk") + "[[event]]\nat = \"5s\"\nlink = \"r-b\"\nis = \"down\"\n"));
  EXPECT_GT(starved.flows[0].bits_per_second, 3e6);
  EXPECT_LT(starved.flows[0].bits_per_second, 4e6) << "half of what it had at first";
  // What waits when it stops still comes.
  const LabResults stopped = run(lab_of(flow("bulk", "start = \"1s\"\nstop = \"3s\"\n")));
  EXPECT_GT(stopped.flows[0].bits_per_second, 6e6);
  EXPECT_LE(stopped.flows[0].bits_per_second, 8e6 * 1448 / 1514);
}

TEST(LabRun, TheLastSampleIsAsLongAsItIs) {
  LabFile lab = lab_of(flow("udp", "size = \"1KB\"\nevery = \"10ms\"\n"));
  lab.until = std::chrono::milliseconds(10'050);
  const LabResults results = run(lab);
  EXPECT_EQ(results.times.size(), 101U);
  EXPECT_NEAR(results.flows[0].goodput_mbit_s.values.back(), 0.8, 1e-6);
}

TEST(LabRun, AFlowThatHasEndedStillTellsWhatItSentAgain) {
  LabFile lab = lab_of(flow("bulk", "bytes = \"300KB\"\n"));
  lab.links[1].there.lost_frames = {40, 41};
  const LabResults results = run(lab);
  EXPECT_EQ(results.flows[0].counts.bytes, 300'000U);
  EXPECT_EQ(results.flows[0].counts.retransmits, 2U);
}

TEST(LabRun, RequestsPingsAndDatagramsAreTimed) {
  const LabResults results = run(lab_of(
      flow("request", "name = \"rr\"\nanswer = \"10KB\"\nevery = \"100ms\"\n") +
      flow("ping", "name = \"ping\"\n") + flow("udp", "name = \"udp\"\nsize = \"1000B\"\n")));
  const LabFlowResult& requests = results.flows[0];
  EXPECT_GT(requests.counts.exchanges, 60U);
  EXPECT_GE(quantile(requests.times_ms, 0), 20 + 10) << "ten kilobytes take ten milliseconds";
  const LabFlowResult& ping = results.flows[1];
  EXPECT_EQ(ping.counts.exchanges, 50U);
  EXPECT_NEAR(quantile(ping.times_ms, 0), 20.2, 0.2);
  const LabFlowResult& udp = results.flows[2];
  EXPECT_GE(udp.counts.exchanges + 2, udp.counts.sent);
  EXPECT_NEAR(quantile(udp.times_ms, 0), 11.04, 0.05) << "one way";
}

TEST(LabRun, ALinkThatIsDownCarriesNothing) {
  const LabResults results = run(lab_of(flow("ping") + R"([[event]]
at = "5s"
link = "r-b"
is = "down"
[[event]]
at = "7s"
link = "r-b"
is = "up"
)"));
  // One each 200 ms, the first at once; those of two seconds are lost.
  EXPECT_EQ(results.flows[0].counts.sent, 51U);
  EXPECT_EQ(results.flows[0].counts.exchanges, 40U);
}

TEST(LabRun, WhatCannotBeDoneIsSaid) {
  const LabResults results = run(lab_of(flow("bulk") + R"([[event]]
at = "0s"
link = "a-r"
is = "down"
)"));
  EXPECT_EQ(results.flows[0].counts.bytes, 0U);
  LabFile alone = lab_of(flow("bulk"));
  alone.links.pop_back();
  EXPECT_FALSE(LabRun::create(alone).has_value());
}

TEST(LabRun, TheSameSeedIsTheSameRun) {
  LabFile lab = lab_of(flow("bulk") + flow("ping"));
  lab.links[1].there.loss = {1, 100};
  const LabResults one = run(lab), two = run(lab);
  EXPECT_EQ(one.packet_hash, two.packet_hash);
  EXPECT_EQ(lab_json(one), lab_json(two));
  lab.seed = 2;
  EXPECT_NE(run(lab).packet_hash, one.packet_hash);
}

TEST(LabRun, EndsEarlyWhenTold) {
  auto made = LabRun::create(lab_of(flow("bulk")));
  ASSERT_TRUE(made.has_value());
  const LabResults results = (*made)->run([](double share) { return share < 0.3; });
  EXPECT_FALSE(results.is_whole);
  EXPECT_NEAR(results.seconds, 3, 0.2);
  EXPECT_THAT(lab_text(results), HasSubstr("stopped before its end"));
}

TEST(LabRun, CapturesEveryLink) {
  namespace fs = std::filesystem;
  std::string folder = (fs::temp_directory_path() / "lab-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  {
    auto made = LabRun::create(lab_of(flow("ping")));
    ASSERT_TRUE((*made)->capture(folder).has_value());
    static_cast<void>((*made)->run([](double) { return true; }));
  }
  EXPECT_GT(fs::file_size(fs::path(folder) / "a-r.pcapng"), 100U * 100U);
  EXPECT_TRUE(fs::exists(fs::path(folder) / "r-b.pcapng"));
  fs::remove_all(folder);
  EXPECT_FALSE(
      (*LabRun::create(lab_of(flow("ping"))))->capture("/proc/no/such/folder").has_value());
}

TEST(LabRun, PacketsAreCountedByReasonAndCause) {
  LabFile lab = lab_of(flow("bulk"));
  lab.links[1].there.loss = {1, 50};
  const LabResults results = run(lab);
  const FlowCounts& counts = results.flows[0].counts;
  std::uint64_t all = 0;
  for (const std::uint64_t count : counts.retransmits_by) all += count;
  EXPECT_EQ(all, counts.retransmits);
  EXPECT_GT(counts.retransmits, 20U);
  EXPECT_THAT(lab_text(results), HasSubstr("dropped (lost by chance)"));
}

TEST(LabRun, AThousandHostsAreBuiltAndReached) {
  const auto lab = read_lab_text(
      "until = \"1s\"\n[[topology]]\nkind = \"tree\"\ndepth = 3\nfanout = 10\n"
      "[[traffic]]\nkind = \"ping\"\nfrom = \"h1\"\nto = \"h1000\"\n",
      "test");
  ASSERT_TRUE(lab.has_value()) << lab.error().text;
  const LabResults results = run(*lab);
  EXPECT_EQ(results.flows[0].counts.exchanges, 6U);
}

}  // namespace
}  // namespace strata::service::lab_run_test
