// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/in/deliver.h"
#include "stack/out/send_ip.h"
#include "support/bench.h"
#include "support/matchers.h"
#include "support/udp_port.h"

namespace strata::stack::deliver_icmp_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const IpAddress kOwn = IpAddress::v4(10, 0, 0, 1);
const IpAddress kPeer = IpAddress::v4(10, 0, 0, 2);
const IpAddress kOwn6 = IpAddress::v6(0xfd00'0000'0000'0000, 1);
const IpAddress kPeer6 = IpAddress::v6(0xfd00'0000'0000'0000, 2);

// RFC 1122 3.2.2.6 MUST: an echo request is answered with the same data, from the address asked.
// RFC 4443 4.2 MUST: the same for ICMPv6.
TEST(DeliverIcmp, PingsAreAnsweredWithTheirData) {
  Host host;
  const Frame data = pattern(1000);
  EXPECT_THAT(host.from_peer(echo_request(kPeer, kOwn, 0x1234, 5, data)),
              ElementsAre(IsIpv4(AllOf(
                  From(kOwn), To(kPeer), Hops(64), Carries(IsIcmp(wire::Icmpv4Type::kEchoReply, 0)),
                  Carries(HasRest(big_endian16(0x1234) + big_endian16(5) + data))))));
  EXPECT_THAT(
      host.from_peer(echo_request(kPeer6, kOwn6, 0x1234, 5, data)),
      ElementsAre(IsIpv6(AllOf(From(kOwn6), To(kPeer6), Hops(64),
                               Carries(IsIcmp(wire::Icmpv6Type::kEchoReply, 0)),
                               Carries(HasRest(big_endian16(0x1234) + big_endian16(5) + data))))));
  EXPECT_EQ(host.stack.counters().echo_replies_sent, 2U);
  EXPECT_EQ(host.all_drops(), 0U);
}

// RFC 4443 4.2 SHOULD: a request to a group is answered from an address of the interface.
TEST(DeliverIcmp, AGroupIsAnsweredInIpv6Only) {
  Host host;
  const auto all_nodes = IpAddress::all_nodes_v6();
  EXPECT_THAT(host.from_peer_to_group(echo_request(host.peer_link_local, all_nodes, 1, 1, {})),
              ElementsAre(IsIpv6(AllOf(From(host.own_link_local), To(host.peer_link_local)))));
  EXPECT_THAT(host.from_peer_to_group(echo_request(kPeer, IpAddress::all_hosts_v4(), 1, 1, {})),
              IsEmpty());
  EXPECT_EQ(host.drops(DropReason::kIcmpEchoToGroup), 1U);
}

struct Case {
  const char* name;
  Frame packet;
  DropReason reason;
};

class IcmpDrops : public testing::TestWithParam<Case> {};

TEST_P(IcmpDrops, CountTheirReason) {
  Host host;
  EXPECT_THAT(host.from_peer(GetParam().packet), IsEmpty());
  EXPECT_EQ(host.drops(GetParam().reason), 1U);
  EXPECT_EQ(host.all_drops(), 1U);
}

Frame damaged(Frame packet) {
  packet.back() ^= std::byte{1};
  return packet;
}

// RFC 4443 2.4 MUST: an informational message of unknown type is silently discarded.
INSTANTIATE_TEST_SUITE_P(
    Reasons, IcmpDrops,
    testing::Values(
        Case{"Short4", ip_packet(kPeer, kOwn, 1, bytes({8, 0, 0})), DropReason::kIcmpTooShort},
        Case{"Short6", ip_packet(kPeer6, kOwn6, 58, bytes({128, 0, 0})), DropReason::kIcmpTooShort},
        Case{"ShortEcho6",
             icmp_packet(kPeer6, kOwn6, wire::Icmpv6Type::kEchoRequest, 0, bytes({0, 1})),
             DropReason::kIcmpTooShort},
        Case{"ShortError6", icmp_packet(kPeer6, kOwn6, wire::Icmpv6Type::kTimeExceeded, 0, {}),
             DropReason::kIcmpTooShort},
        Case{"Damaged4", damaged(echo_request(kPeer, kOwn, 1, 1, text("x"))),
             DropReason::kIcmpBadChecksum},
        Case{"Damaged6", damaged(echo_request(kPeer6, kOwn6, 1, 1, text("x"))),
             DropReason::kIcmpBadChecksum},
        Case{"UnknownType4", icmp_packet(kPeer, kOwn, std::uint8_t{77}, 0, pattern(8)),
             DropReason::kIcmpUnknownType},
        Case{"UnknownType6", icmp_packet(kPeer6, kOwn6, std::uint8_t{200}, 0, pattern(8)),
             DropReason::kIcmpUnknownType},
        Case{"ReplyToNobody", echo_reply(kPeer, kOwn, 99, 1, {}), DropReason::kIcmpQuoteUnknown},
        Case{"ErrorAboutNothing",
             icmp_packet(kPeer, kOwn, wire::Icmpv4Type::kDestinationUnreachable, 3,
                         Frame(4) + udp_packet({kOwn, 7}, {kPeer, 9}, {})),
             DropReason::kIcmpQuoteUnknown},
        Case{"ErrorAboutAnothersPacket",
             icmp_packet(kPeer6, kOwn6, wire::Icmpv6Type::kTimeExceeded, 0,
                         Frame(4) + udp_packet({kPeer6, 7}, {kOwn6, 9}, {})),
             DropReason::kIcmpQuoteUnknown}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

TEST(DeliverIcmp, RepliesReachTheSocketThatAsked) {
  Host host;
  Core& core = host.stack.core();
  const Handle handle = *core.echo.open(AddressFamily::kIpv4);
  icmp::EchoSocket& socket = *core.echo.find(handle);
  ASSERT_TRUE(core.echo.bind(socket, kOwn, 99));
  socket.remote.address = kPeer;
  host.from_peer(echo_reply(kPeer, kOwn, 99, 1, text("pong")));
  EXPECT_EQ(socket.queue.size(), 1U);
  // From another, or to another address of ours: not what it asked for.
  host.from_peer(echo_reply(IpAddress::v4(10, 0, 0, 3), kOwn, 99, 1, {}));
  EXPECT_EQ(host.drops(DropReason::kIcmpQuoteUnknown), 1U);
  socket.remote.address = {};
  socket.local.address = IpAddress::v4(10, 0, 0, 9);
  host.from_peer(echo_reply(kPeer, kOwn, 99, 1, {}));
  EXPECT_EQ(host.drops(DropReason::kIcmpQuoteUnknown), 2U);
  socket.local.address = kOwn;
  socket.queue.set_buffer_bytes_max(1);
  host.from_peer(echo_reply(kPeer, kOwn, 99, 1, {}));
  EXPECT_EQ(host.drops(DropReason::kRawQueueFull), 1U);
  core.echo.close(handle);
}

// RFC 1122 4.1.3.3 MUST: UDP passes ICMP errors to the program.
TEST(DeliverIcmp, ErrorsReachTheSocketTheyConcern) {
  Host host;
  for (const auto& [own, peer] : {std::pair{kOwn, kPeer}, std::pair{kOwn6, kPeer6}}) {
    UdpPort port(host, {IpAddress::any_v6(), 0});
    ASSERT_TRUE(host.stack.core().udp.bind(port.socket(), {own, 7}));
    port.options().receive_errors = true;
    ASSERT_TRUE(port.connect({peer, 9}));
    ASSERT_TRUE(port.send({peer, 9}, text("x")));
    host.settle();
    const Frames sent = host.device.take_sent();
    ASSERT_THAT(sent, SizeIs(1));
    const Frame quote = Frame(4) + decode(sent[0].all()).packet;
    host.from_peer(
        own.is_v4() ? icmp_packet(peer, own, wire::Icmpv4Type::kDestinationUnreachable, 3, quote)
                    : icmp_packet(peer, own, wire::Icmpv6Type::kDestinationUnreachable, 4, quote));
    const auto kept = port.socket().errors.take_kept();
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->error, Error::kPortUnreachable);
    EXPECT_EQ(kept->destination, (Endpoint{peer, 9}));
    EXPECT_EQ(kept->offender, peer);
    EXPECT_EQ(port.send({peer, 9}, text("x")).error(), Error::kPortUnreachable);
    EXPECT_TRUE(port.send({peer, 9}, text("x")));
    (void)host.after(1s);
  }
}

// RFC 1191 3 MUST: a host lowers its estimate of a path's MTU when it is told of a smaller one.
// RFC 8201 4 MUST: the same for IPv6, where the source alone fragments.
TEST(DeliverIcmp, PathMtuIsLoweredByThoseWhoSawOurPacket) {
  Host host;
  for (const auto& [own, peer] : {std::pair{kOwn, kPeer}, std::pair{kOwn6, kPeer6}}) {
    UdpPort port(host, {IpAddress::any_v6(), 0});
    ASSERT_TRUE(host.stack.core().udp.bind(port.socket(), {own, 7}));
    ASSERT_TRUE(port.send({peer, 9}, pattern(1400)));
    host.settle();
    const Frames sent = host.device.take_sent();
    ASSERT_THAT(sent, SizeIs(1));
    const Frame quote = big_endian32(1300) + decode(sent[0].all()).packet;
    host.from_peer(own.is_v4()
                       ? icmp_packet(peer, own, wire::Icmpv4Type::kDestinationUnreachable, 4, quote)
                       : icmp_packet(peer, own, wire::Icmpv6Type::kPacketTooBig, 0, quote));
    ASSERT_TRUE(port.send({peer, 9}, pattern(1400)));
    host.settle();
    EXPECT_THAT(host.device.take_sent(), ElementsAre(IsIp(IsFragment()), IsIp(IsFragment())));
    // Also for a socket that is bound to the interface.
    port.options().bound_interface = host.eth0;
    port.options().fragment_policy = FragmentPolicy::kDontFragment;
    EXPECT_EQ(port.send({peer, 9}, pattern(1400)).error(), Error::kMessageTooLong);
    // A probe asks the path again.
    port.options().fragment_policy = FragmentPolicy::kProbe;
    EXPECT_TRUE(port.send({peer, 9}, pattern(1400)));
    host.settle();
    EXPECT_THAT(host.device.take_sent(), SizeIs(1));
    // RFC 1191 6.3: the estimate is forgotten after a while.
    port.options().fragment_policy = FragmentPolicy::kDontFragment;
    host.run_for(11min);
    EXPECT_TRUE(port.send({peer, 9}, pattern(1400)));
    (void)host.after(1s);
  }
}

// RFC 8201 4 MUST: the estimate is lowered for answers that no socket sent, too. A report about an
// answer that never was changes nothing.
TEST(DeliverIcmp, PathMtuIsLoweredForEchoReplies) {
  Host host;
  const Frame request = echo_request(kPeer6, kOwn6, 1, 1, pattern(1400));
  const Frame reply = echo_reply(kOwn6, kPeer6, 1, 1, pattern(1400));
  const Frame report =
      icmp_packet(kPeer6, kOwn6, wire::Icmpv6Type::kPacketTooBig, 0, big_endian32(1300) + reply);
  host.from_peer(report);
  EXPECT_EQ(host.drops(DropReason::kIcmpQuoteUnknown), 1U);
  EXPECT_THAT(host.from_peer(request), ElementsAre(IsIpv6(testing::Not(IsFragment()))));
  host.from_peer(report);
  EXPECT_EQ(host.drops(DropReason::kIcmpQuoteUnknown), 1U);
  EXPECT_THAT(host.from_peer(request), ElementsAre(IsIpv6(IsFragment()), IsIpv6(IsFragment())));
}

// RFC 4443 2.4 MUST: the rate of errors is limited.
TEST(DeliverIcmp, ErrorsAreLimitedToEachDestination) {
  Host host;
  for (int i = 0; i < 20; ++i) host.from_peer(udp_packet({kPeer, 9}, {kOwn, 7}, {}));
  EXPECT_EQ(host.drops(DropReason::kIcmpRateLimited), 14U);
  EXPECT_EQ(host.stack.counters().icmp_errors_sent, 6U);
  host.run_for(1s);
  EXPECT_THAT(host.from_peer(udp_packet({kPeer, 9}, {kOwn, 7}, {})), SizeIs(1));
}

class Redirected : public Host {
 public:
  explicit Redirected(const BenchOptions& options = {}) : Host(options) {
    EXPECT_TRUE(stack.add_route({.destination = prefix("0.0.0.0/0"), .gateway = kPeer}));
    EXPECT_TRUE(stack.add_neighbor(eth0, better, kOtherMac, now));
  }
  MacAddress first_hop() {
    UdpPort port(*this, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
    EXPECT_TRUE(port.send({far, 9}, text("x")));
    settle();
    const Frames sent = device.take_sent();
    return sent.empty() ? MacAddress{} : decode(sent[0].all()).link.destination;
  }
  Frames redirect(const IpAddress& source, const IpAddress& gateway) {
    return from_peer(
        icmp_packet(source, kOwn, wire::Icmpv4Type::kRedirect, 1,
                    big_endian32(gateway.v4_value()) + udp_packet({kOwn, 7}, {far, 9}, {})));
  }
  const IpAddress far = IpAddress::v4(192, 0, 2, 9);
  const IpAddress better = IpAddress::v4(10, 0, 0, 3);
};

// RFC 1122 3.2.2.2 MUST: a redirect from the current first hop to a neighbour is obeyed.
TEST(DeliverIcmp, ARedirectMovesItsDestination) {
  Redirected host;
  EXPECT_EQ(host.first_hop(), kPeerMac);
  host.redirect(kPeer, host.better);
  EXPECT_EQ(host.first_hop(), kOtherMac);
  EXPECT_EQ(host.all_drops(), 0U);
  host.run_for(11min);
  EXPECT_EQ(host.first_hop(), kPeerMac);
}

// RFC 1122 3.2.2.2 SHOULD: a redirect to another network, or not from the first hop, is discarded.
TEST(DeliverIcmp, RedirectsThatAreNoneAreRefused) {
  Redirected host;
  host.redirect(kPeer, IpAddress::v4(10, 9, 9, 9));
  host.redirect(IpAddress::v4(10, 0, 0, 44), host.better);
  EXPECT_EQ(host.drops(DropReason::kRedirectRefused), 2U);
  // About a packet that we cannot have sent.
  host.from_peer(icmp_packet(kPeer, kOwn, wire::Icmpv4Type::kRedirect, 1,
                             big_endian32(host.better.v4_value()) +
                                 udp_packet({IpAddress::v4(10, 0, 0, 44), 7}, {host.far, 9}, {})));
  EXPECT_EQ(host.drops(DropReason::kRedirectRefused), 3U);
  // RFC 1812 5.2.7.2: a router does not listen to them.
  host.stack.set_forwarding(true, false);
  host.redirect(kPeer, host.better);
  EXPECT_EQ(host.drops(DropReason::kRedirectRefused), 4U);
  EXPECT_EQ(host.first_hop(), kPeerMac);
}

TEST(DeliverIcmp, RedirectsAreRefusedWhereNoneAreWanted) {
  BenchOptions options;
  options.stack.accept_redirects = false;
  Redirected host(options);
  host.redirect(kPeer, host.better);
  EXPECT_EQ(host.drops(DropReason::kRedirectRefused), 1U);
  EXPECT_EQ(host.first_hop(), kPeerMac);
}

TEST(DeliverIcmp, AnswersWithoutAWayBackAreCounted) {
  Host host;
  host.from_peer(echo_request(IpAddress::v4(192, 0, 2, 1), kOwn, 1, 1, {}));
  EXPECT_EQ(host.drops(DropReason::kNoRoute), 1U);
}

TEST(DeliverIcmp, AnErrorWithoutASourceOfOursIsNotSent) {
  // An interface without any IPv4 address routes for others.
  BenchOptions options;
  options.stack.forward_ipv4 = true;
  Bench bench(options);
  TestDevice device;
  const InterfaceId id = bench.add(device);
  ASSERT_TRUE(bench.stack.add_route(
      {.destination = prefix("10.0.0.0/24"), .gateway = {}, .interface = id}));
  bench.run_for(5s);
  device.push(
      ip_frame(kOurMac, kPeerMac, udp_packet({kPeer, 9}, {IpAddress::v4(192, 0, 2, 1), 7}, {})));
  bench.settle();
  EXPECT_EQ(bench.drops(DropReason::kNoSourceAddress), 1U);
}

}  // namespace
}  // namespace strata::stack::deliver_icmp_test
