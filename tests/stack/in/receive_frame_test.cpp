// SPDX-License-Identifier: Apache-2.0
#include "stack/in/receive_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "strata/wire/llc.h"
#include "support/bench.h"
#include "support/matchers.h"

namespace strata::stack::receive_frame_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

Frame ping(const Host& host) { return echo_request(host.peer4, host.own4, 7, 1, text("hello")); }

auto is_pong() { return IsIpv4(Carries(IsIcmp(wire::Icmpv4Type::kEchoReply, 0))); }

struct Case {
  const char* name;
  Frame frame;
  DropReason reason;
};

class FrameDrops : public testing::TestWithParam<Case> {};

TEST_P(FrameDrops, CountTheirReason) {
  Host host;
  EXPECT_THAT(host.exchange(GetParam().frame), IsEmpty());
  EXPECT_EQ(host.drops(GetParam().reason), 1U);
  EXPECT_EQ(host.all_drops(), 1U);
}

Frame tagged(std::initializer_list<wire::VlanHeader> tags, const Frame& rest = {}) {
  Frame content;
  for (const wire::VlanHeader& tag : tags) content += vlan_tag(tag).all();
  return ethernet(kOurMac, kPeerMac, wire::kEtherTypeVlan, content + rest);
}

INSTANTIATE_TEST_SUITE_P(
    Reasons, FrameDrops,
    testing::Values(
        Case{"Short", Frame(13), DropReason::kFrameTooShort},
        Case{"ForAnother", ethernet(kOtherMac, kPeerMac, wire::kEtherTypeIpv4, pattern(46)),
             DropReason::kFrameNotForUs},
        Case{"UnknownType", ethernet(kOurMac, kPeerMac, wire::kEtherTypeLldp, pattern(46)),
             DropReason::kFrameUnknownEthertype},
        Case{"LengthBeyondFrame", ethernet(kOurMac, kPeerMac, 100, pattern(46)),
             DropReason::kFrameBadLength},
        Case{"TypeBetween", ethernet(kOurMac, kPeerMac, 1501, pattern(46)),
             DropReason::kFrameBadLength},
        Case{"TooLong", ethernet(kOurMac, kPeerMac, wire::kEtherTypeIpv4, pattern(1501)),
             DropReason::kFrameTooLong},
        Case{"NoSuchVlan", tagged({{.id = 5, .type = wire::kEtherTypeIpv4}}, pattern(46)),
             DropReason::kVlanNotConfigured},
        Case{"HalfATag", ethernet(kOurMac, kPeerMac, wire::kEtherTypeVlan, bytes({0, 5})),
             DropReason::kVlanTagMalformed},
        Case{"ThreeTags",
             tagged({{.id = 5, .type = wire::kEtherTypeVlan},
                     {.id = 6, .type = wire::kEtherTypeVlan},
                     {.id = 7, .type = wire::kEtherTypeIpv4}},
                    pattern(46)),
             DropReason::kVlanTagMalformed},
        Case{"ThreeTagsUnderAPriority",
             tagged({{.id = 0, .type = wire::kEtherTypeVlan},
                     {.id = 5, .type = wire::kEtherTypeVlan},
                     {.id = 6, .type = wire::kEtherTypeVlan},
                     {.id = 7, .type = wire::kEtherTypeIpv4}},
                    pattern(46)),
             DropReason::kVlanTagMalformed},
        Case{"NoSuchVlanUnderAPriority",
             tagged({{.id = 0, .type = wire::kEtherTypeVlan},
                     {.id = 5, .type = wire::kEtherTypeIpv4}},
                    pattern(46)),
             DropReason::kVlanNotConfigured},
        Case{"PrioritiesToTheEnd",
             tagged({{.id = 0, .type = wire::kEtherTypeVlan},
                     {.id = 0, .type = wire::kEtherTypeVlan}}),
             DropReason::kVlanTagMalformed}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

TEST(ReceiveFrame, IsCountedOnItsInterface) {
  Host host;
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  const auto received = [&](std::uint64_t& packets) {
    host.stack.for_each_interface([&](const InterfaceEntry& entry) {
      if (entry.id == host.eth0) packets = entry.received_packets;
    });
  };
  received(before);
  EXPECT_THAT(host.from_peer(ping(host)), ElementsAre(is_pong()));
  received(after);
  EXPECT_EQ(after, before + 1);
}

// RFC 1122 2.3.3 MUST: a host is able to receive RFC 1042 encapsulation as well as RFC 894.
TEST(ReceiveFrame, SnapFramesAreHeard) {
  Host host;
  const Frame packet = ping(host);
  const Frame snap = bytes({0xaa, 0xaa, 3, 0, 0, 0, 8, 0});
  const auto length = static_cast<std::uint16_t>(snap.size() + packet.size());
  const Frame frame = ethernet(kOurMac, kPeerMac, length, snap + packet + Frame(10));
  EXPECT_THAT(host.exchange(frame), ElementsAre(is_pong()));
}

TEST(ReceiveFrame, APriorityTagBelongsToThePort) {
  Host host;
  const Frame frame = tagged({{.priority = 5, .id = 0, .type = wire::kEtherTypeIpv4}}, ping(host));
  EXPECT_THAT(host.exchange(frame), ElementsAre(is_pong()));
}

// IEEE 802.1Q 9.6: VLAN 0 is none. As on Linux, such tags may stand above and below others.
TEST(ReceiveFrame, PriorityTagsDoNotHideWhereAFrameBelongs) {
  Host host;
  InterfaceConfig config;
  config.detect_duplicates = false;
  const VlanTags five{.tags = {{{.id = 5}}}, .count = 1};
  const auto vlan = host.stack.add_vlan(host.eth0, five, config, host.now);
  ASSERT_TRUE(vlan);
  ASSERT_TRUE(host.stack.add_address(*vlan, prefix("10.5.0.1/24"), host.now));
  ASSERT_TRUE(host.stack.add_neighbor(*vlan, address("10.5.0.2"), kPeerMac, host.now));
  (void)host.after(10s);
  constexpr std::uint16_t kMore = wire::kEtherTypeVlan;
  constexpr std::uint16_t kLast = wire::kEtherTypeIpv4;
  const wire::VlanHeader priority{.priority = 5, .id = 0, .type = kMore};
  const wire::VlanHeader last_priority{.priority = 3, .id = 0, .type = kLast};
  const Frame to_port = ping(host);
  const Frame to_vlan = echo_request(address("10.5.0.2"), address("10.5.0.1"), 1, 1, text("a"));
  for (const Frame& frame :
       {tagged({priority, last_priority}, to_port),
        tagged({priority, priority, last_priority}, to_port),
        tagged({priority, {.id = 5, .type = kLast}}, to_vlan),
        tagged({{.id = 5, .type = kMore}, last_priority}, to_vlan),
        tagged({priority, {.id = 5, .type = kMore}, priority, last_priority}, to_vlan)}) {
    EXPECT_THAT(host.exchange(frame), ElementsAre(is_pong()));
  }
  EXPECT_EQ(host.all_drops(), 0U);
}

TEST(ReceiveFrame, VlansAndStackedVlansHaveInterfacesOfTheirOwn) {
  Host host;
  InterfaceConfig config;
  config.detect_duplicates = false;
  config.accept_router_advertisements = false;
  VlanTags one{.tags = {{{.id = 5, .priority = 3}}}, .count = 1};
  VlanTags two{.tags = {{{.tpid = 0x88a8, .id = 6}, {.id = 7}}}, .count = 2};
  const auto single = host.stack.add_vlan(host.eth0, one, config, host.now);
  const auto stacked = host.stack.add_vlan(host.eth0, two, config, host.now);
  ASSERT_TRUE(single && stacked);
  ASSERT_TRUE(host.stack.add_address(*single, prefix("10.5.0.1/24"), host.now));
  ASSERT_TRUE(host.stack.add_address(*stacked, prefix("10.6.0.1/24"), host.now));
  ASSERT_TRUE(host.stack.add_neighbor(*single, address("10.5.0.2"), kPeerMac, host.now));
  ASSERT_TRUE(host.stack.add_neighbor(*stacked, address("10.6.0.2"), kPeerMac, host.now));
  (void)host.after(10s);

  const Frame in_one = echo_request(address("10.5.0.2"), address("10.5.0.1"), 1, 1, text("a"));
  Frames answers = host.exchange(tagged({{.id = 5, .type = wire::kEtherTypeIpv4}}, in_one));
  ASSERT_THAT(answers, ElementsAre(is_pong()));
  Decoded answer = decode(answers[0].all());
  ASSERT_EQ(answer.tags.size(), 1U);
  EXPECT_EQ(answer.tags[0].header.id, 5);
  EXPECT_EQ(answer.tags[0].header.priority, 3);

  const Frame in_two = echo_request(address("10.6.0.2"), address("10.6.0.1"), 1, 1, text("b"));
  answers = host.exchange(ethernet(kOurMac, kPeerMac, 0x88a8,
                                   vlan_tag({.id = 6, .type = 0x8100}) +
                                       vlan_tag({.id = 7, .type = wire::kEtherTypeIpv4}) + in_two));
  ASSERT_THAT(answers, ElementsAre(is_pong()));
  answer = decode(answers[0].all());
  ASSERT_EQ(answer.tags.size(), 2U);
  EXPECT_EQ(answer.tags[0].tpid, 0x88a8);
  EXPECT_EQ(answer.tags[0].header.id, 6);
  EXPECT_EQ(answer.tags[1].header.id, 7);

  // A VLAN that is down hears nothing.
  ASSERT_TRUE(host.stack.set_interface_up(*single, false, host.now));
  (void)host.exchange(tagged({{.id = 5, .type = wire::kEtherTypeIpv4}}, in_one));
  EXPECT_EQ(host.drops(DropReason::kInterfaceDown), 1U);
}

// RFC 4861 6.3.4: an advertised MTU binds what we send. Others on the link may not know it yet.
TEST(ReceiveFrame, OurOwnMtuDoesNotLimitWhatOthersSend) {
  Bench bench;
  TestDevice device;
  InterfaceConfig config;
  config.mtu = 1300;
  config.detect_duplicates = false;
  const InterfaceId id = bench.add(device, config);
  ASSERT_TRUE(bench.stack.add_address(id, prefix("10.0.0.1/24"), bench.now));
  ASSERT_TRUE(bench.stack.add_neighbor(id, address("10.0.0.2"), kPeerMac, bench.now));
  bench.run_for(10s);
  (void)device.take_sent();
  device.push(
      ip_frame(kOurMac, kPeerMac,
               echo_request(address("10.0.0.2"), address("10.0.0.1"), 1, 1, pattern(1400))));
  bench.settle();
  EXPECT_EQ(bench.drops(DropReason::kFrameTooLong), 0U);
  EXPECT_THAT(device.take_sent(), ElementsAre(IsIpv4(IsFragment()), IsIpv4(IsFragment())));
}

TEST(ReceiveFrame, ADeviceWithoutLinkLayerCarriesBarePackets) {
  Bench bench;
  TestDevice device({.medium = Medium::kIp});
  const InterfaceId id = bench.add(device);
  ASSERT_TRUE(bench.stack.add_address(id, prefix("10.0.0.1/24"), bench.now));
  bench.run_for(100s);
  // Group reports and the like leave without a link header as well.
  for (const Frame& frame : device.take_sent()) {
    EXPECT_TRUE(decode_ip(frame.all()).is_ip()) << testing::PrintToString(frame);
  }
  device.push(echo_request(address("10.0.0.2"), address("10.0.0.1"), 1, 1, text("x")));
  bench.settle();
  EXPECT_THAT(device.take_sent(),
              ElementsAre(IsBareIp(Carries(IsIcmp(wire::Icmpv4Type::kEchoReply, 0)))));
  device.push(bytes({0x50, 0, 0, 0}));
  device.push({});
  bench.settle();
  EXPECT_EQ(bench.drops(DropReason::kFrameUnknownEthertype), 1U);
  EXPECT_EQ(bench.drops(DropReason::kFrameTooShort), 1U);
}

// A device may ask for the routers of a link even where there is no link layer.
TEST(ReceiveFrame, RoutersAreSolicitedWithoutALinkLayerOption) {
  Bench bench;
  TestDevice device({.medium = Medium::kIp});
  bench.add(device, {});
  bench.run_for(10s);
  const Frames sent = device.take_sent();
  const auto is_bare_solicitation =
      IsBareIp(AllOf(To(IpAddress::all_routers_v6()), Hops(255),
                     Carries(IsIcmp(wire::Icmpv6Type::kRouterSolicitation, 0))));
  ASSERT_THAT(sent, Contains(is_bare_solicitation));
  for (const Frame& frame : sent) {
    const Decoded is = decode_ip(frame.all());
    EXPECT_TRUE(is.upper[0] != std::byte{133} || is.upper.size() == 8U);
  }
}

}  // namespace
}  // namespace strata::stack::receive_frame_test
