// SPDX-License-Identifier: Apache-2.0
#include "script/language/parser.h"

#include <gtest/gtest.h>

#include <string>

namespace strata::script::parser_test {
namespace {

using std::chrono::milliseconds;

Script parsed(std::string_view text) {
  auto script = parse_script(text, {});
  if (script) return *std::move(script);
  ADD_FAILURE() << text << "\nline " << script.error().line << " at '" << script.error().at
                << "': " << script.error().text;
  return {};
}

Event event(std::string_view text) {
  Script script = parsed(text);
  if (script.events.empty()) return {};
  return script.events.front();
}

template <typename T>
T packet(std::string_view text) {
  return std::get<T>(std::get<PacketSpec>(event(text).action).what);
}

TEST(Parser, ReadsOptionsBeforeTheFirstEvent) {
  const Script script = parsed(
      "// a comment\n--ip_version=ipv6\n--tolerance_usecs=100 --mtu=1520\n"
      "--define=WHAT=\"two words\"\n0 close(3) = 0\n");
  EXPECT_EQ(script.options.ip_version, IpVersion::kIpv6);
  EXPECT_EQ(script.options.tolerance, std::chrono::microseconds(100));
  EXPECT_EQ(script.options.mtu, 1520);
  EXPECT_EQ(script.options.definitions.at("WHAT"), "\"two words\"");
}

TEST(Parser, TellsTheKindsOfTimeApart) {
  struct Row {
    std::string_view text;
    EventTime::Kind kind;
    milliseconds start;
    milliseconds end;
  };
  const Row rows[] = {
      {"0.25 > . 1:1(0) ack 1", EventTime::Kind::kAbsolute, milliseconds(250), milliseconds(0)},
      {"+.1 > . 1:1(0) ack 1", EventTime::Kind::kRelative, milliseconds(100), milliseconds(0)},
      {"+2 > . 1:1(0) ack 1", EventTime::Kind::kRelative, milliseconds(2000), milliseconds(0)},
      {"* > . 1:1(0) ack 1", EventTime::Kind::kAny, milliseconds(0), milliseconds(0)},
      {"0.1~0.2 > . 1:1(0) ack 1", EventTime::Kind::kAbsoluteRange, milliseconds(100),
       milliseconds(200)},
      {"+0~+.5 > . 1:1(0) ack 1", EventTime::Kind::kRelativeRange, milliseconds(0),
       milliseconds(500)},
  };
  for (const Row& row : rows) {
    const EventTime time = event(row.text).time;
    EXPECT_EQ(time.kind, row.kind) << row.text;
    EXPECT_EQ(time.start, row.start) << row.text;
    EXPECT_EQ(time.end, row.end) << row.text;
  }
}

TEST(Parser, KnowsHowLongACallMayBlock) {
  const Event read = event("+.1...0.3 read(4, ..., 2000) = 2000");
  EXPECT_EQ(read.time.start, milliseconds(100));
  EXPECT_EQ(std::get<SystemCall>(read.action).until, milliseconds(300));
  EXPECT_EQ(std::get<SystemCall>(event("0...0.000 read(4, ..., 1) = 1").action).until,
            milliseconds(0));
}

TEST(Parser, ReadsTcpSegments) {
  const auto tcp = packet<TcpSpec>(
      "0 < [ce] 1000 > 80 PU. 1:1001(1000) ack 1 win 257 urg 10 <nop,nop,TS val 7 ecr 0x9>");
  EXPECT_EQ(tcp.flags, wire::kTcpPsh | wire::kTcpUrg | wire::kTcpAck);
  EXPECT_EQ(tcp.sequence, 1U);
  EXPECT_EQ(tcp.payload, 1000U);
  EXPECT_EQ(tcp.acknowledgment, 1U);
  EXPECT_EQ(tcp.window, 257);
  EXPECT_EQ(tcp.urgent_pointer, 10);
  ASSERT_EQ(tcp.options.size(), 3U);
  EXPECT_EQ(tcp.options[2].kind, 8);
  EXPECT_EQ(tcp.options[2].data.size(), 8U);
  EXPECT_EQ(tcp.options[2].data[7], std::byte{9});
}

TEST(Parser, LeavesUnsaidWhatTheScriptDoesNotSay) {
  const auto tcp = packet<TcpSpec>("0 > S 0:0(0) <...>");
  EXPECT_TRUE(tcp.any_options);
  EXPECT_FALSE(tcp.window || tcp.acknowledgment || tcp.urgent_pointer);
  EXPECT_FALSE(packet<TcpSpec>("0 > S 0:0(0)").any_options);
}

TEST(Parser, ReadsAccurateEcnCounters) {
  EXPECT_EQ(packet<TcpSpec>("0 > .5 1:1(0) ack 1").flags,
            wire::kTcpAck | wire::kTcpEce | wire::kTcpAe);
  EXPECT_EQ(packet<TcpSpec>("0 < SEWA 0:0(0)").flags,
            wire::kTcpSyn | wire::kTcpEce | wire::kTcpCwr | wire::kTcpAe);
  EXPECT_EQ(packet<TcpSpec>("0 < - 0:0(0)").flags, wire::TcpFlags{});
}

TEST(Parser, WrapsSequenceNumbers) {
  const auto tcp = packet<TcpSpec>("0 < . 4294967295:99(100) ack 1");
  EXPECT_EQ(tcp.sequence, 0xffff'ffffU);
}

TEST(Parser, ReadsEveryTcpOption) {
  struct Row {
    std::string_view text;
    std::size_t kind;
    std::size_t size;
  };
  const Row rows[] = {{"mss 1460", 2, 4},
                      {"wscale 7,nop", 3, 3},
                      {"sackOK,nop,nop", 4, 2},
                      {"sack 1:2 3:4,nop,nop", 5, 18},
                      {"FO,nop,nop", 34, 2},
                      {"FO 12345678,nop,nop", 34, 6},
                      {"FOEXP", 254, 4},
                      {"md5 00112233445566778899aabbccddeeff,nop,nop", 19, 18},
                      {"eol,nop,nop,nop", 0, 1},
                      {"ECN e0b 1 ceb 2 e1b 3,nop", 172, 11},
                      {"ECN e1b 1,nop,nop,nop", 174, 5}};
  for (const Row& row : rows) {
    const auto tcp = packet<TcpSpec>("0 < . 0:0(0) ack 1 <" + std::string(row.text) + ">");
    ASSERT_FALSE(tcp.options.empty()) << row.text;
    EXPECT_EQ(tcp.options[0].kind, row.kind) << row.text;
    EXPECT_EQ(tcp.options[0].size(), row.size) << row.text;
  }
}

// RFC 9768 3.1.1: the three flags as a counter, with ACK or without.
TEST(Parser, ReadsCountersOfMarksAmongTheFlags) {
  struct Row {
    std::string_view text;
    wire::TcpFlags flags;
  };
  const Row rows[] = {
      {"0 > P.5 1:1(0) ack 1", wire::kTcpPsh | wire::kTcpAck | wire::kTcpAe | wire::kTcpEce},
      {"0 > .2 1:1(0) ack 1", wire::kTcpAck | wire::kTcpCwr},
      {"0 > P5. 1:1(0) ack 1", wire::kTcpPsh | wire::kTcpAck | wire::kTcpAe | wire::kTcpEce},
      {"0 > F5 1:1(0)", wire::kTcpFin | wire::kTcpAe | wire::kTcpEce},
  };
  for (const Row& row : rows) EXPECT_EQ(packet<TcpSpec>(row.text).flags, row.flags) << row.text;
}

// They make no connection of ours, but no error of the script either.
TEST(Parser, ReadsPacketsInsidePackets) {
  struct Row {
    std::string_view text, inside;
  };
  const Row rows[] = {
      {"0 < ipv4 1.2.3.4 > 5.6.7.8: . 1:1(0) ack 1", "ipv4"},
      {"0 < ipv6 fd00::1 > fd00::2: [ect0] . 1:1(0) ack 1", "ipv6"},
      {"0 > ipv4 1.2.3.4 > 5.6.7.8: gre: . 1:1(0) ack 1", "gre"},
      {"0 > gre flags [key present], key=0x80 : . 1:1(0) ack 1", "gre"},
      {"0 > mpls (label 0, tc 0, [S], ttl 0): udp (9)", "mpls"},
      {"0 > encap psp spi 7 P. 1:2(1) ack 1", "psp"},
      {"0 > P. 1:2(1) ack 1", ""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(std::get<PacketSpec>(event(row.text).action).inside, row.inside) << row.text;
  }
}

TEST(Parser, TakesMalformedOptionsAsRawBytes) {
  const auto tcp = packet<TcpSpec>("0 < S 0:0(0) <raw 0200ff01>");
  ASSERT_EQ(tcp.options.size(), 1U);
  EXPECT_TRUE(tcp.options[0].is_raw);
  EXPECT_EQ(tcp.options[0].data.size(), 4U);
}

TEST(Parser, ReadsDatagramsAndIcmp) {
  EXPECT_EQ(packet<UdpSpec>("0 < udp 53 > 1024 (1000)").payload, 1000U);
  const auto icmp = packet<IcmpSpec>("0 < icmp unreachable frag_needed mtu 1300 [1:1461(1460)]");
  EXPECT_EQ(icmp.type, 3);
  EXPECT_EQ(icmp.code, 4);
  EXPECT_EQ(icmp.mtu, 1300U);
  ASSERT_TRUE(icmp.quote);
  EXPECT_EQ(icmp.quote->protocol, 6);
  EXPECT_EQ(icmp.quote->payload, 1460U);
  EXPECT_EQ(packet<IcmpSpec>("--ip_version=ipv6\n0 < icmp packet_too_big mtu 1280 [udp (9)]").type,
            2);
}

TEST(Parser, ReadsWhatIsSaidOfTheIpHeader) {
  const auto ip = [](std::string_view text) { return std::get<PacketSpec>(event(text).action).ip; };
  EXPECT_EQ(ip("0 > [ect0] . 1:1(0) ack 1").value, 2);
  EXPECT_EQ(ip("0 > [ect1] . 1:1(0) ack 1").value, 1);
  EXPECT_EQ(ip("0 > [ce] . 1:1(0) ack 1").value, 3);
  EXPECT_EQ(ip("0 > [ect01] . 1:1(0) ack 1").traffic_class, IpSpec::TrafficClass::kEct01);
  EXPECT_EQ(ip("0 > (tos 0x28) . 1:1(0) ack 1").value, 0x28);
  EXPECT_EQ(ip("0 > (ttl 5) udp (1)").hop_limit, 5);
  EXPECT_EQ(ip("--ip_version=ipv6\n0 > [noecn, flowlabel 0x12345] . 1:1(0) ack 1").flow_label,
            0x12345U);
}

TEST(Parser, ReadsCallsWithEveryKindOfArgument) {
  const Event sent = event(
      "0 sendmsg(3, {msg_name(...)=..., msg_iov(2)=[{..., 10}, {..., 20}], msg_flags=0, "
      "msg_control=[{cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=3}]}, MSG_DONTWAIT|0x40) = -1 "
      "EAGAIN (Resource temporarily unavailable)");
  const auto& call = std::get<SystemCall>(sent.action);
  EXPECT_EQ(call.name, "sendmsg");
  EXPECT_EQ(call.error, "EAGAIN");
  EXPECT_EQ(call.result.integer, -1);
  ASSERT_EQ(call.arguments.size(), 3U);
  const Expression& message = call.arguments[1];
  EXPECT_EQ(message.kind, Expression::Kind::kStruct);
  ASSERT_EQ(message.items.size(), 4U);
  EXPECT_EQ(message.items[1].text, "msg_iov");
  EXPECT_EQ(message.items[1].items[0].items.size(), 2U);  // behind it, the 2 in parentheses
  EXPECT_EQ(message.items[1].items[1].integer, 2);
  EXPECT_EQ(call.arguments[2].kind, Expression::Kind::kOr);
}

TEST(Parser, JoinsStringsAndKeepsTheirEscapes) {
  const Event sent = event(R"(0 write(3, "GET " "/\r\n\x41", 8) = 8)");
  EXPECT_EQ(std::get<SystemCall>(sent.action).arguments[1].text, "GET /\r\nA");
  const Event asked = event(R"(0 getsockopt(3, 6, 13, "cub"..., [16]) = 0)");
  EXPECT_EQ(std::get<SystemCall>(asked.action).arguments[3].kind, Expression::Kind::kStringPrefix);
}

TEST(Parser, PutsDefinitionsIntoTheirPlaces) {
  const Script script = parsed(
      "--define=FLAGS=0x10\n--define=NAME=\"cubic\"\n--define=WORD=SOL_SOCKET\n"
      "0 setsockopt(3, WORD, FLAGS, NAME, 5) = 0");
  const auto& arguments = std::get<SystemCall>(script.events[0].action).arguments;
  EXPECT_EQ(arguments[1].text, "SOL_SOCKET");
  EXPECT_EQ(arguments[2].integer, 16);
  EXPECT_EQ(arguments[3].text, "cubic");
}

TEST(Parser, KeepsCommandsAndCodeWithTheirLines) {
  const Script script = parsed(
      "`first\nof two`\n0 `second`\n+1 %{ assert 1 == 1 }%\n/* a\n comment */ +1 close(3) = "
      "0\n`last`");
  ASSERT_TRUE(script.before && script.after);
  EXPECT_EQ(script.before->text, "first\nof two");
  EXPECT_EQ(script.after->text, "last");
  ASSERT_EQ(script.events.size(), 3U);
  EXPECT_EQ(std::get<ShellCommand>(script.events[0].action).text, "second");
  EXPECT_EQ(std::get<CodeBlock>(script.events[1].action).text, "assert 1 == 1");
  EXPECT_EQ(script.events[2].line, 6U);
}

TEST(Parser, SaysWhatIsWrongAndInWhichLine) {
  struct Row {
    std::string_view text;
    std::uint32_t line;
    std::string_view part;
  };
  const Row rows[] = {
      {"", 1, "without any event"},
      {"0 close(3)", 1, "expected '='"},
      {"0 close(3) = 0\n\n+x close(3) = 0", 3, "a time"},
      {"0 > S 0:1(0)", 1, "inconsistent"},
      {"0 > Q 0:0(0)", 1, "no TCP flag"},
      {"0 > S 0:4294967296(0)", 1, "must be from 0 to 4294967295"},
      {"0 > S 0:0(0) <mss 65536>", 1, "must be from 0 to 65535"},
      {"0 > S 0:0(0) <nop>", 1, "multiple of 4"},
      {"0 > S 0:0(0) <bogus>", 1, "unknown TCP option"},
      {"0 < S 0:0(0) <...>", 1, "outbound"},
      {"0 < S 0:0(0) <sack 1:2 1:2 1:2 1:2,TS val 1 ecr 1>", 1, "40 bytes"},
      {"* < S 0:0(0)", 1, "outbound"},
      {"0~1 close(3) = 0", 1, "outbound"},
      {".2...0.1 read(3, ..., 1) = 1", 1, "before it starts"},
      {"0...1 > . 1:1(0) ack 1", 1, "only calls"},
      {"0 < ipv4 1.2.3.4 > 5.6.7.8 . 1:1(0) ack 1", 1, "layer without its end"},
      {"0 > encap spi 7 P. 1:2(1) ack 1", 1, "expected psp"},
      {"0 > P8 1:1(0)", 1, "no TCP flag"},
      {"0 < icmp nonsense", 1, "unknown type"},
      {"0 < icmp unreachable nonsense", 1, "unknown code"},
      {"0 < [ect2] . 1:1(0) ack 1", 1, "expected noecn"},
      {"0 < [flowlabel 0x1] . 1:1(0) ack 1", 1, "of IPv6"},
      {"0 < udp (65508)", 1, "must be from 0 to 65507"},
      {"0 write(3, \"abc", 1, "quotation without its end"},
      {"0 write(3, \"\\q\", 1) = 1", 1, "escape"},
      {"/* no end", 1, "comment without its end"},
      {"0 %{ assert", 1, "code without its end"},
      {"--nonsense=1\n0 close(3) = 0", 1, "unsupported option"},
      {"--mtu=12\n0 close(3) = 0", 1, "not a number"},
      {"0 f(99999999999999999999) = 0", 1, "64 bits"},
      {"0 close(3) = 0\n`one`\n`two`", 3, "after the last command"},
      {"0 f([[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]) = 0", 1, "nested too deeply"},
  };
  for (const Row& row : rows) {
    const auto script = parse_script(row.text, {});
    ASSERT_FALSE(script.has_value()) << row.text;
    EXPECT_EQ(script.error().line, row.line) << row.text;
    EXPECT_NE(script.error().text.find(row.part), std::string::npos) << row.text << "\n"
                                                                     << script.error().text;
  }
}

TEST(Parser, RefusesScriptsOfMoreThanAMegabyte) {
  EXPECT_FALSE(parse_script(std::string(kScriptBytesMax + 1, ' '), {}).has_value());
}

}  // namespace
}  // namespace strata::script::parser_test
