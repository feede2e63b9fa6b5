// SPDX-License-Identifier: Apache-2.0
// The flow doctor at flows whose illness is known, because it was given to them.
#include <gtest/gtest.h>

#include <string>

#include "sim/tcp/bottleneck.h"
#include "tcp/doctor.h"

namespace strata::sim::tcp_test::doctor_verdicts_test {
namespace {

using tcp::Limit;

struct Patient {
  const char* illness;
  Limit limit;
  Path path{.bits_per_second = 20'000'000, .rtt = 20ms};
  TcpSocketOptions options{};
  Manners manners{};
  std::string_view control = "cubic";
};

TcpSocketOptions paced_at(std::uint64_t bytes_per_second) {
  TcpSocketOptions options;
  options.pacing = true;
  options.pacing_rate_max = bytes_per_second;
  return options;
}

TcpSocketOptions with_send_buffer(std::uint32_t bytes) {
  TcpSocketOptions options;
  options.send_buffer = bytes;
  return options;
}

constexpr Path kLong{.bits_per_second = 20'000'000, .rtt = 100ms};

TEST(DoctorVerdicts, NameTheCauseThatWasGiven) {
  const Patient patients[] = {
      {.illness = "nothing but the path", .limit = Limit::kCongestionWindow},
      {.illness = "a control that goes by rate", .limit = Limit::kPacing, .control = "bbr"},
      {.illness = "now and then a burst",
       .limit = Limit::kSender,
       .manners = {.write_at_once = 10'000, .write_pause = 100ms}},
      {.illness = "a trickle that never ends",
       .limit = Limit::kSender,
       .manners = {.write_at_once = 1000, .write_pause = 5ms}},
      {.illness = "a slow reader over there",
       .limit = Limit::kPeerWindow,
       .manners = {.read_at_once = 10'000, .read_pause = 50ms}},
      {.illness = "a loss in thirty",
       .limit = Limit::kLoss,
       .path = {.bits_per_second = 20'000'000, .rtt = 20ms, .loss = {3, 100}}},
      {.illness = "a rate it was told to keep",
       .limit = Limit::kPacing,
       .options = paced_at(500'000)},
      {.illness = "a send buffer of eight segments",
       .limit = Limit::kSendBuffer,
       .path = kLong,
       .options = with_send_buffer(12'000)},
  };
  for (const Patient& patient : patients) {
    SCOPED_TRACE(patient.illness);
    Bottleneck bottleneck(patient.path);
    bottleneck.add_flow(patient.control, patient.options, patient.manners);
    bottleneck.run(5s);
    const TcpInfo before = bottleneck.info(0);
    bottleneck.run(5s);
    const TcpInfo now = bottleneck.info(0);
    EXPECT_EQ(tcp::explain(now, before).sentence, tcp::sentence_of(patient.limit));
    // Since birth it is the same illness.
    EXPECT_EQ(tcp::explain(now, {}).sentence, tcp::sentence_of(patient.limit));
  }
}

TEST(DoctorVerdicts, TheReceiverKnowsItsOwnSlowReader) {
  Bottleneck bottleneck({.bits_per_second = 20'000'000, .rtt = 20ms});
  bottleneck.add_flow("cubic", {}, {.read_at_once = 1000, .read_pause = 200ms});
  bottleneck.run(5s);
  const TcpInfo before = bottleneck.peer_info(0);
  bottleneck.run(5s);
  EXPECT_EQ(tcp::explain(bottleneck.peer_info(0), before).limit, Limit::kOwnReader);
}

TEST(DoctorVerdicts, SilenceIsToldFromSlowness) {
  Bottleneck bottleneck({.bits_per_second = 20'000'000, .rtt = 20ms});
  bottleneck.add_flow("cubic");
  bottleneck.run(2s);
  const TcpInfo before = bottleneck.info(0);
  bottleneck.link().set_partitioned(Direction::kBToA, true);
  bottleneck.run(10s);
  EXPECT_EQ(tcp::explain(bottleneck.info(0), before).limit, Limit::kSilence);
}

TEST(DoctorVerdicts, AnUnansweredSynIsNoConnectionYet) {
  Bottleneck bottleneck({.bits_per_second = 20'000'000, .rtt = 20ms});
  bottleneck.link().set_partitioned(Direction::kBToA, true);
  bottleneck.add_flow("cubic");
  bottleneck.run(2s);
  EXPECT_EQ(tcp::explain(bottleneck.info(0), {}).limit, Limit::kOpening);
}

}  // namespace
}  // namespace strata::sim::tcp_test::doctor_verdicts_test
