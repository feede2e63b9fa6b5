// SPDX-License-Identifier: Apache-2.0
#include "stack/out/send_udp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "strata/wire/ethernet.h"
#include "strata/wire/ipv6.h"
#include "support/bench.h"
#include "support/matchers.h"
#include "support/udp_port.h"

namespace strata::stack::send_udp_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;

Frames sent_by(Host& host) {
  host.settle();
  return host.device.take_sent();
}

// The checksum is summed while parts are copied, wherever they begin and end.
TEST(SendUdp, PartsOfAnyLengthBecomeOneDatagram) {
  Host host;
  UdpPort port(host, {IpAddress::any_v6(), 9});
  const Frame whole = pattern(700);
  for (const std::size_t first : {0U, 1U, 2U, 3U, 255U, 699U, 700U}) {
    for (const std::size_t second : {0U, 1U, 7U}) {
      const std::size_t middle = std::min(second, whole.size() - first);
      const Bytes parts[] = {whole.all().first(first), whole.all().subspan(first, middle),
                             whole.all().subspan(first + middle)};
      for (const IpAddress& peer : {host.peer4, host.peer6}) {
        EXPECT_EQ(send_udp(port.core(), port.socket(), parts, {.destination = Endpoint{peer, 7}},
                           host.now),
                  700U);
        EXPECT_THAT(sent_by(host),
                    ElementsAre(IsIp(AllOf(To(peer), Carries(IsUdp(9, 7)), HasUdpPayload(whole)))))
            << first << " and " << middle;
      }
    }
  }
}

TEST(SendUdp, AnUnboundSocketGetsAPortAndKeepsIt) {
  Host host;
  UdpPort port(host, {});
  ASSERT_TRUE(port.send({host.peer4, 7}, text("x")));
  const std::uint16_t own = port.socket().local.port;
  EXPECT_NE(own, 0);
  ASSERT_TRUE(port.send({host.peer6, 7}, text("y")));
  EXPECT_THAT(sent_by(host),
              ElementsAre(IsIpv4(Carries(IsUdp(own, 7))), IsIpv6(Carries(IsUdp(own, 7)))));
}

TEST(SendUdp, ALongWriteIsCutAtTheSegmentSize) {
  Host host;
  UdpPort port(host, {IpAddress::any_v6(), 9});
  EXPECT_EQ(port.send({host.peer4, 7}, pattern(2500), {.segment_size = 1000}), 2500U);
  const Frames out = sent_by(host);
  ASSERT_EQ(out.size(), 3U);
  EXPECT_THAT(out[2], IsIpv4(HasUdpPayload(Frame(pattern(2500).all().subspan(2000)))));
}

// RFC 768: a checksum that comes out as zero is sent as all ones.
TEST(SendUdp, AChecksumIsNeverZero) {
  Host host;
  UdpPort port(host, {IpAddress::any_v6(), 9});
  bool has_been_ones = false;
  for (unsigned word = 0; word < 65536 && !has_been_ones; ++word) {
    ASSERT_TRUE(port.send({host.peer4, 7}, big_endian16(word)));
    const Frames out = sent_by(host);
    ASSERT_EQ(out.size(), 1U);
    const Decoded is = decode(out[0].all());
    const std::uint16_t checksum = wire::UdpLayout::Checksum::get(is.upper.all());
    ASSERT_NE(checksum, 0);
    has_been_ones = checksum == 0xffff;
  }
  EXPECT_TRUE(has_been_ones);
}

TEST(SendUdp, SaysWhyItDoesNotSend) {
  Host host;
  UdpPort port(host, {IpAddress::any_v6(), 9});
  const auto error = [&](const char* to, const Frame& payload) {
    return port.send({address(to), 7}, payload).error();
  };
  EXPECT_EQ(error("192.0.2.1", text("x")), Error::kNetworkUnreachable);
  EXPECT_EQ(error("10.0.0.2", Frame(65508)), Error::kMessageTooLong);
  EXPECT_EQ(error("255.255.255.255", text("x")), Error::kNotPermitted) << "without the option";
  const Frame payload = text("x");
  const Bytes part = payload.all();
  EXPECT_EQ(send_udp(port.core(), port.socket(), {&part, 1}, {}, host.now).error(),
            Error::kNotConnected);
  EXPECT_EQ(port.send({host.peer4, 7}, payload, {.source = address("10.0.0.99")}).error(),
            Error::kAddressNotAvailable);
  EXPECT_THAT(sent_by(host), IsEmpty());
}

TEST(SourceTowards, IsTheAddressThePeerWillSee) {
  Host host;
  Core& core = host.stack.core();
  EXPECT_EQ(source_towards(core, {host.peer4, 7}, kNoInterface), host.own4);
  EXPECT_EQ(source_towards(core, {host.peer6, 7}, kNoInterface), host.own6);
  EXPECT_EQ(source_towards(core, {host.own4, 7}, kNoInterface), host.own4);
  EXPECT_EQ(source_towards(core, {address("192.0.2.1"), 7}, kNoInterface).error(),
            Error::kNetworkUnreachable);
}

std::uint32_t label_of(const Frame& frame) {
  const auto packet = frame.all().subspan(wire::EthernetLayout::kSize);
  return wire::Ipv6View::parse(packet)->flow_label();
}

// RFC 6437 3 SHOULD: packets of one flow carry one label, other flows others, and none is zero.
TEST(SendUdp, TheFlowLabelIsThatOfTheFlow) {
  Host host;
  UdpPort port(host, {IpAddress::any_v6(), 9});
  std::set<std::uint32_t> labels;
  for (std::uint16_t remote = 1000; remote < 1100; ++remote) {
    ASSERT_TRUE(port.send({host.peer6, remote}, text("a")));
    ASSERT_TRUE(port.send({host.peer6, remote}, text("longer")));
    const Frames sent = sent_by(host);
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(label_of(sent[0]), label_of(sent[1]));
    EXPECT_NE(label_of(sent[0]), 0U);
    labels.insert(label_of(sent[0]));
  }
  EXPECT_GT(labels.size(), 95U);
}

TEST(SendUdp, WithoutFlowLabelsTheyAreZero) {
  BenchOptions options;
  options.stack.flow_labels = false;
  Host host(options);
  UdpPort port(host, {IpAddress::any_v6(), 9});
  ASSERT_TRUE(port.send({host.peer6, 7}, text("a")));
  EXPECT_EQ(label_of(sent_by(host).at(0)), 0U);
}

}  // namespace
}  // namespace strata::stack::send_udp_test
