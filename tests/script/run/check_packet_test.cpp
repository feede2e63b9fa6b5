// SPDX-License-Identifier: Apache-2.0
#include "script/run/check_packet.h"

#include <gtest/gtest.h>

#include "script/language/parser.h"

namespace strata::script::check_packet_test {
namespace {

PacketSpec packet(std::string_view text) {
  const auto script = parse_script("0 " + std::string(text), {});
  EXPECT_TRUE(script.has_value()) << text;
  return script ? std::get<PacketSpec>(script->events[0].action) : PacketSpec{};
}

// A packet that left the stack, made of one that would come in.
LivePacket live(std::string_view text) {
  Flow other;
  other.local = other.remote = {IpAddress::v4(10, 0, 0, 1), 80};
  const auto bytes = build_packet(packet(text), other, false);
  const auto read = read_live_packet(*bytes, Time{});
  return *read;
}

std::string check(std::string_view expected, std::string_view actual, const Options& options = {}) {
  Flow flow;
  flow.local_isn = 0;
  const Checked checked = check_packet(packet(expected), live(actual), flow, options, Duration{});
  return checked ? "" : checked.error();
}

TEST(CheckPacket, FindsEachDifference) {
  struct Row {
    std::string_view expected, actual, message;
  };
  const Row rows[] = {
      {"> P. 1:11(10) ack 5", "< P. 1:11(10) ack 5 win 9", ""},
      {"> . 1:11(10) ack 5", "< P. 1:11(10) ack 5",
       "live packet field tcp_psh: expected: 0 (0x0) vs actual: 1 (0x1)"},
      {"> . 2:12(10) ack 5", "< . 1:11(10) ack 5",
       "live packet field tcp_seq: expected: 2 (0x2) vs actual: 1 (0x1)"},
      {"> . 1:11(10) ack 6", "< . 1:11(10) ack 5",
       "live packet field tcp_ack_seq: expected: 6 (0x6) vs actual: 5 (0x5)"},
      {"> . 1:11(10) ack 5 win 8", "< . 1:11(10) ack 5 win 9",
       "live packet field tcp_window: expected: 8 (0x8) vs actual: 9 (0x9)"},
      {"> . 1:12(11) ack 5", "< . 1:11(10) ack 5",
       "live packet payload: expected 11 bytes vs actual 10 bytes"},
      {"> U. 1:11(10) ack 5 urg 3", "< U. 1:11(10) ack 5 urg 4",
       "live packet field tcp_urg_ptr: expected: 3 (0x3) vs actual: 4 (0x4)"},
      {"> [ect0] . 1:1(0) ack 5", "< . 1:1(0) ack 5",
       "live packet field ip_ecn: expected: 2 (0x2) vs actual: 0 (0x0)"},
      {"> [ect01] . 1:1(0) ack 5", "< [ect1] . 1:1(0) ack 5", ""},
      {"> [ect01] . 1:1(0) ack 5", "< [ce] . 1:1(0) ack 5",
       "live packet field ip_ecn: expected: 0x1 or 0x2 vs actual: 0x3"},
      {"> udp (1)", "< . 1:1(0) ack 5",
       "live packet header layer 1: expected: UDP header vs actual: TCP header"},
      {"> S 0:0(0) <mss 1460,nop,wscale 7>", "< S 0:0(0) <mss 1460,nop,wscale 7>", ""},
      {"> S 0:0(0) <...>", "< S 0:0(0) <mss 1460,nop,wscale 7>", ""},
      {"> S 0:0(0)", "< S 0:0(0) <mss 1460>", "bad outbound TCP options"},
      {"> S 0:0(0) <mss 1460,nop,wscale 7>", "< S 0:0(0) <nop,wscale 7,mss 1460>",
       "bad outbound TCP options"},
      {"> S 0:0(0) <mss 1460>", "< S 0:0(0) <mss 1400>",
       "bad value in outbound TCP option (kind=2): expected: mss 1460 actual: mss 1400"},
      {"> . 1:1(0) ack 1 <nop,nop,sack 1:2>", "< . 1:1(0) ack 1 <nop,nop,sack 1:3>",
       "bad value in outbound TCP option (kind=5): expected: sack 1:2 actual: sack 1:3"},
      {"> - 1:1(0) <eol,nop,nop,nop>", "< - 1:1(0) <eol,eol,eol,eol>", "bad outbound TCP options"},
      {"> - 1:1(0) <sackOK,eol,eol>", "< - 1:1(0) <sackOK,eol,eol>", ""},
      {"> icmp unreachable port_unreachable", "< icmp unreachable host_unreachable [udp (1)]",
       "live packet field icmp_code: expected: 3 (0x3) vs actual: 1 (0x1)"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(check(row.expected, row.actual), row.message) << row.expected << "\n" << row.actual;
  }
}

TEST(CheckPacket, RemembersTimestampsByTheScriptsName) {
  Flow flow;
  flow.local_isn = 0;
  const auto checked = check_packet(packet("> S 0:0(0) <nop,nop,TS val 100 ecr 0>"),
                                    live("< S 0:0(0) <nop,nop,TS val 4711 ecr 0>"), flow, {}, {});
  ASSERT_TRUE(checked.has_value());
  EXPECT_EQ(flow.timestamps.at(100), 4711U);
}

TEST(CheckPacket, ChecksHowTimestampsTickWhenAsked) {
  Options options;
  options.timestamp_tick = std::chrono::milliseconds(1);
  options.tolerance_percent = 0;
  Flow flow;
  flow.local_isn = 0;
  const auto check_at = [&](std::string_view expected, std::string_view actual) {
    return check_packet(packet(expected), live(actual), flow, options, Duration{}).has_value();
  };
  EXPECT_TRUE(
      check_at("> S 0:0(0) <nop,nop,TS val 100 ecr 0>", "< S 0:0(0) <nop,nop,TS val 5000 ecr 0>"));
  EXPECT_TRUE(
      check_at("> S 0:0(0) <nop,nop,TS val 200 ecr 0>", "< S 0:0(0) <nop,nop,TS val 5104 ecr 0>"));
  EXPECT_FALSE(
      check_at("> S 0:0(0) <nop,nop,TS val 300 ecr 0>", "< S 0:0(0) <nop,nop,TS val 5205 ecr 0>"));
}

TEST(CheckPacket, MergesSegmentsThatFollowEachOther) {
  LivePacket whole = live("< . 1:101(100) ack 1");
  EXPECT_TRUE(merge_segment(whole, live("< P. 101:151(50) ack 1"), 100, 150).has_value());
  EXPECT_EQ(whole.payload.size(), 150U);
  EXPECT_TRUE(whole.tcp.flags.psh());
  // PSH in front of the last one is gone, as CWR behind the first one is.
  LivePacket marked = live("< PW. 1:101(100) ack 1");
  EXPECT_TRUE(merge_segment(marked, live("< . 101:201(100) ack 1"), 100, 300).has_value());
  EXPECT_FALSE(marked.tcp.flags.psh());
  EXPECT_TRUE(marked.tcp.flags.cwr());
  EXPECT_FALSE(merge_segment(whole, live("< . 152:252(100) ack 1"), 100, 300).has_value());
  EXPECT_FALSE(merge_segment(whole, live("< . 151:201(50) ack 1"), 100, 300).has_value());
  EXPECT_FALSE(merge_segment(whole, live("< . 151:251(100) ack 2"), 100, 300).has_value());
}

}  // namespace
}  // namespace strata::script::check_packet_test
