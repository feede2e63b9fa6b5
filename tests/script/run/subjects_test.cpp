// SPDX-License-Identifier: Apache-2.0
#include "script/run/subjects.h"

#include <gtest/gtest.h>

#include "script/language/parser.h"
#include "strata/wire/ip_protocol.h"

namespace strata::script::subjects_test {
namespace {

PacketSpec packet(std::string_view text) {
  const auto script = parse_script("0 " + std::string(text), {});
  EXPECT_TRUE(script.has_value()) << text;
  return script ? std::get<PacketSpec>(script->events[0].action) : PacketSpec{};
}

const Options kOptions;

TEST(Subjects, EachSegmentToAListenerMakesAConnection) {
  Subjects subjects(kOptions);
  subjects.on_listen(3, {kOptions.local(), 8080});
  Subject* const first = subjects.find_for(packet("< S 5:5(0) win 9"));
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->flow.local.port, 8080);
  EXPECT_EQ(first->flow.remote_isn, 5U);
  EXPECT_EQ(subjects.find_for(packet("> S. 0:0(0) ack 6")), first);
  EXPECT_EQ(subjects.find_for(packet("< . 1:1(0) ack 1")), first);
  subjects.on_listen(3, {kOptions.local(), 8080});
  Subject* const second = subjects.find_for(packet("< S 0:0(0) win 9"));
  EXPECT_NE(second, first);
  EXPECT_NE(second->flow.remote.port, first->flow.remote.port);
}

TEST(Subjects, PortsThatAreGivenChooseTheConnection) {
  Subjects subjects(kOptions);
  subjects.on_listen(3, {kOptions.local(), 8080});
  Subject* const one = subjects.find_for(packet("< 1001 > 8080 S 0:0(0) win 9"));
  Subject* const two = subjects.find_for(packet("< 1002 > 8080 S 0:0(0) win 9"));
  EXPECT_NE(one, two);
  EXPECT_EQ(subjects.find_for(packet("> 8080 > 1001 S. 0:0(0) ack 1")), one);
  EXPECT_EQ(subjects.find_for(packet("< 1002 > 8080 . 1:1(0) ack 1")), two);
  // A port that nobody has is for whoever was spoken of last.
  EXPECT_EQ(subjects.find_for(packet("< 77 > 8080 . 1:1(0) ack 1")), two);
}

TEST(Subjects, AConnectingSocketLearnsItsPortFromItsSyn) {
  Subjects subjects(kOptions);
  subjects.on_connect(3, {kOptions.remote(), 8080});
  const PacketSpec syn = packet("> S 0:0(0) <...>");
  Subject* const subject = subjects.find_for(syn);
  ASSERT_NE(subject, nullptr);
  LivePacket live;
  live.protocol = wire::kIpProtocolTcp;
  live.source = kOptions.local();
  live.destination = kOptions.remote();
  live.tcp.source_port = 50'000;
  live.tcp.destination_port = 8080;
  live.tcp.sequence_number = 4711;
  live.tcp.flags = wire::kTcpSyn;
  EXPECT_TRUE(subjects.belongs(live, syn, *subject));
  Subjects::learn_numbers(live, std::get<TcpSpec>(syn.what), subject->flow);
  EXPECT_EQ(subject->flow.local.port, 50'000);
  EXPECT_EQ(subject->flow.local_offset(true), 4711U);
  live.tcp.source_port = 50'001;
  EXPECT_FALSE(subjects.belongs(live, syn, *subject));
}

TEST(Subjects, OnlyTheFirstSynTellsThePeersNumbers) {
  Flow flow;
  flow.local_isn = 1;
  Subjects::note_inbound(std::get<TcpSpec>(packet("< S. 9:9(0) ack 1").what), flow);
  EXPECT_EQ(flow.remote_isn, 9U);
  Subjects::note_inbound(std::get<TcpSpec>(packet("< S. 50:50(0) ack 1").what), flow);
  EXPECT_EQ(flow.remote_isn, 9U);
}

TEST(Subjects, PacketsWithoutAnySocketHaveASubjectTo) {
  Subjects subjects(kOptions);
  EXPECT_NE(subjects.find_for(packet("< udp (1)")), nullptr);
  Subjects others(kOptions);
  EXPECT_NE(others.find_for(packet("< . 1:1(0) ack 1")), nullptr);
  Subjects third(kOptions);
  EXPECT_EQ(third.find_for(packet("> . 1:1(0) ack 1")), nullptr);
}

}  // namespace
}  // namespace strata::script::subjects_test
