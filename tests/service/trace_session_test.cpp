// SPDX-License-Identifier: Apache-2.0
#include "service/trace_session.h"

#include <gtest/gtest.h>

#include <vector>

#include "service/lab.h"
#include "strata/sim.h"

namespace strata::service::trace_session_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Heard {
  std::vector<TraceHop> hops;
  int done = 0;

  TraceEvents events() {
    return {.on_hop = [this](const TraceHop& hop) { hops.push_back(hop); },
            .on_done = [this] { ++done; }};
  }
};

// alice (10.1.0.2) -- router (10.1.0.1, 10.2.0.1) -- bob (10.2.0.2)
struct RoutedWorld {
  RoutedWorld() {
    world.connect(alice, router);
    world.connect(router, bob);
    alice.add_address("10.1.0.2/24").add_gateway("10.1.0.1");
    router.add_address("10.1.0.1/24", 0).add_address("10.2.0.1/24", 1);
    router.stack().set_forwarding(true, true);
    bob.add_address("10.2.0.2/24").add_gateway("10.2.0.1");
    world.run_for(seconds(10));  // the checks for duplicate addresses
  }
  sim::World world{1};
  sim::Host& alice = world.add_host("alice");
  sim::Host& router = world.add_host("router");
  sim::Host& bob = world.add_host("bob");
};

TEST(TraceSession, ShowsTheRouterAndThenTheHost) {
  using Probe = TraceOptions::Probe;
  for (const Probe probe : {Probe::kUdp, Probe::kEcho, Probe::kTcp}) {
    RoutedWorld net;
    Heard heard;
    TraceOptions options{.destination = *IpAddress::parse("10.2.0.2")};
    options.probe = probe;
    TraceSession session(net.alice.stack(), net.alice.executor(), options, heard.events());
    ASSERT_TRUE(session.start().has_value());
    net.alice.wake();
    net.world.run_for(seconds(10));
    ASSERT_TRUE(session.is_done()) << static_cast<int>(probe);
    EXPECT_TRUE(session.has_arrived());
    EXPECT_EQ(heard.done, 1);
    ASSERT_EQ(heard.hops.size(), 2U);
    EXPECT_EQ(heard.hops[0].hop, 1);
    ASSERT_EQ(heard.hops[0].probes.size(), 3U);
    for (const TraceProbe& answer : heard.hops[0].probes) {
      EXPECT_EQ(answer.from, *IpAddress::parse("10.1.0.1"));
    }
    for (const TraceProbe& answer : heard.hops[1].probes) {
      EXPECT_EQ(answer.from, *IpAddress::parse("10.2.0.2"));
      EXPECT_TRUE(answer.is_final);
      EXPECT_EQ(answer.note, probe == Probe::kTcp ? "[closed]" : "");
    }
  }
}

TEST(TraceSession, SilentHopsAreGivenUpAndTold) {
  Lab lab;
  lab.theirs = nullptr;
  Heard heard;
  TraceOptions options{.destination = *IpAddress::parse("10.77.0.1")};
  options.hops_max = 2;
  options.patience = milliseconds(200);
  TraceSession session(lab.ours->stack(), *lab.loop, options, heard.events());
  ASSERT_TRUE(session.start().has_value());
  lab.run_for(milliseconds(500));
  ASSERT_TRUE(session.is_done());
  EXPECT_FALSE(session.has_arrived());
  ASSERT_EQ(heard.hops.size(), 2U);
  EXPECT_EQ(trace_hop_line(heard.hops[1], TraceNames::kBoth), " 2  * * *");
}

TEST(TraceText, WritesAsTracerouteDoes) {
  const IpAddress router = IpAddress::v4(10, 1, 0, 1);
  const IpAddress other = IpAddress::v4(10, 1, 0, 9);
  TraceProbe probe;
  probe.state = TraceProbe::State::kAnswered;
  probe.from = router;
  probe.round_trip = std::chrono::microseconds(120);
  TraceProbe second = probe;
  second.from = other;
  second.note = "!H";
  TraceProbe lost;
  lost.state = TraceProbe::State::kLost;
  const TraceHop hop{.hop = 3, .probes = {probe, probe, lost, second}};
  EXPECT_EQ(trace_hop_line(hop, TraceNames::kBoth),
            " 3  10.1.0.1 (10.1.0.1)  0.120 ms  0.120 ms * 10.1.0.9 (10.1.0.9)  0.120 ms !H");
  EXPECT_EQ(trace_hop_line(hop, TraceNames::kNumeric),
            " 3  10.1.0.1  0.120 ms  0.120 ms * 10.1.0.9  0.120 ms !H");
  EXPECT_EQ(trace_hop_json({.hop = 3, .probes = {lost, second}}),
            R"({"hop":3,"probes":[null,{"from":"10.1.0.9","rtt_ms":0.120,"note":"!H"}]})");
  EXPECT_EQ(trace_opening({.destination = router}),
            "traceroute to 10.1.0.1 (10.1.0.1), 30 hops max, 60 byte packets");
  EXPECT_EQ(trace_opening({.destination = router, .name = "gateway"}),
            "traceroute to gateway (10.1.0.1), 30 hops max, 60 byte packets");
}

}  // namespace
}  // namespace strata::service::trace_session_test
