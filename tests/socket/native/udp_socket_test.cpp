// SPDX-License-Identifier: Apache-2.0
#include "strata/udp_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <optional>

#include "stack/core.h"
#include "support/bench.h"
#include "support/matchers.h"

namespace strata::udp_socket_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Udp : public testing::Test {
 protected:
  UdpSocket open(AddressFamily family = AddressFamily::kIpv6) {
    auto socket = UdpSocket::open(host.stack, family);
    EXPECT_TRUE(socket);
    return std::move(*socket);
  }
  UdpSocket bound(const Endpoint& local, AddressFamily family = AddressFamily::kIpv6) {
    UdpSocket socket = open(family);
    EXPECT_TRUE(socket.bind(local));
    return socket;
  }
  void hear(const Frame& payload, std::uint16_t port = 7) {
    (void)host.from_peer(udp_packet({host.peer4, 9}, {host.own4, port}, payload));
  }
  Frames sent() {
    host.settle();
    return host.device.take_sent();
  }

  Host host;
  std::array<std::byte, 2000> buffer{};
};

TEST_F(Udp, DatagramsComeWithAllThatIsKnownOfThem) {
  UdpSocket socket = bound({IpAddress::any_v6(), 7});
  EXPECT_EQ(socket.receive(buffer).error(), Error::kWouldBlock);
  hear(text("hello"));
  const auto peeked = socket.peek(buffer);
  ASSERT_TRUE(peeked);
  const auto info = socket.receive(buffer);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size, 5U);
  EXPECT_EQ(Frame(Bytes(buffer).first(5)), text("hello"));
  EXPECT_EQ(info->source, (Endpoint{host.peer4, 9}));
  EXPECT_EQ(info->destination, (Endpoint{host.own4, 7}));
  EXPECT_EQ(info->interface, host.eth0);
  EXPECT_EQ(info->hop_limit, 64);
  EXPECT_FALSE(info->is_truncated);
  EXPECT_EQ(socket.receive(buffer).error(), Error::kWouldBlock);
}

TEST_F(Udp, AShortBufferTruncatesAndSaysSo) {
  UdpSocket socket = bound({IpAddress::any_v6(), 7});
  hear(text("hello"));
  const auto info = socket.receive(MutableBytes(buffer).first(2));
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->is_truncated);
  EXPECT_EQ(info->size, 5U);
}

TEST_F(Udp, VectorsScatterAndGather) {
  UdpSocket socket = bound({IpAddress::any_v6(), 7});
  const Frame hello = text("hel");
  const Frame lo = text("lo");
  const std::array<Bytes, 3> parts{hello.all(), Bytes{}, lo.all()};
  SendChoices choices;
  choices.destination = Endpoint{host.peer4, 9};
  EXPECT_EQ(socket.send(parts, choices, host.now).value(), 5U);
  EXPECT_THAT(sent(), ElementsAre(IsIpv4(HasUdpPayload(text("hello")))));
  hear(text("abcde"));
  std::array<std::byte, 2> first{};
  std::array<std::byte, 10> second{};
  const std::array<MutableBytes, 2> into{first, second};
  ASSERT_TRUE(socket.receive(into));
  EXPECT_EQ(Frame(Bytes(first)), text("ab"));
  EXPECT_EQ(Frame(Bytes(second).first(3)), text("cde"));
}

TEST_F(Udp, BatchesSendAndReceiveInOrder) {
  UdpSocket socket = bound({IpAddress::any_v6(), 7});
  const Frame one = text("one");
  const Frame two = text("two");
  const Bytes parts[] = {one.all(), two.all()};
  std::array<OutgoingDatagram, 3> out{};
  for (std::size_t i = 0; i < 2; ++i) {
    out[i].parts = {&parts[i], 1};
    out[i].choices.destination = Endpoint{host.peer4, 9};
  }
  out[2].parts = {&parts[0], 1};
  out[2].choices.destination = Endpoint{address("192.0.2.1"), 9};  // nowhere to go
  EXPECT_EQ(socket.send_batch(out, host.now).value(), 2U);
  EXPECT_THAT(sent(), ElementsAre(IsIpv4(HasUdpPayload(one)), IsIpv4(HasUdpPayload(two))));
  EXPECT_EQ(socket.send_batch({&out[2], 1}, host.now).error(), Error::kNetworkUnreachable);
  for (const char* word : {"a", "bb", "ccc"}) hear(text(word));
  std::array<std::array<std::byte, 10>, 4> buffers{};
  std::array<IncomingDatagram, 4> in{};
  for (std::size_t i = 0; i < in.size(); ++i) in[i].buffer = buffers[i];
  ASSERT_EQ(socket.receive_batch(in).value(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(in[i].info.size, i + 1);
  EXPECT_EQ(socket.receive_batch(in).error(), Error::kWouldBlock);
}

TEST_F(Udp, ALongWriteIsCutIntoDatagrams) {
  UdpSocket socket = bound({IpAddress::any_v6(), 7});
  const Frame payload = pattern(2500);
  const Bytes part = payload.all();
  SendChoices choices;
  choices.destination = Endpoint{host.peer4, 9};
  choices.segment_size = 1000;
  EXPECT_EQ(socket.send({&part, 1}, choices, host.now).value(), 2500U);
  EXPECT_THAT(sent(), SizeIs(3));
}

TEST_F(Udp, PacketsAreHadWithoutACopy) {
  UdpSocket socket = bound({IpAddress::any_v6(), 7});
  hear(text("hello"));
  auto received = socket.receive_packet();
  ASSERT_TRUE(received);
  EXPECT_EQ(Frame(received->packet->bytes()), text("hello"));
  EXPECT_EQ(received->info.source.port, 9);
}

TEST_F(Udp, ConnectedSocketsNameNoDestination) {
  UdpSocket socket = open();
  EXPECT_EQ(socket.send(text("x").all(), host.now).error(), Error::kNotConnected);
  ASSERT_TRUE(socket.connect({host.peer4, 9}));
  EXPECT_EQ(socket.remote().value(), (Endpoint{host.peer4, 9}));
  EXPECT_EQ(socket.local().value().address, host.own4);
  EXPECT_EQ(socket.path_mtu().value(), 1472U);
  ASSERT_TRUE(socket.send(text("x").all(), host.now));
  EXPECT_THAT(sent(), ElementsAre(IsIpv4(AllOf(From(host.own4), To(host.peer4)))));
  ASSERT_TRUE(socket.disconnect());
  EXPECT_EQ(socket.disconnect().error(), Error::kNotConnected);
}

TEST_F(Udp, AddressesThatAreNotOursAreRefused) {
  EXPECT_EQ(open().bind({address("10.0.0.77"), 7}).error(), Error::kAddressNotAvailable);
  UdpSocket first = bound({IpAddress::any_v6(), 7});
  EXPECT_EQ(open().bind({IpAddress::any_v6(), 7}).error(), Error::kAddressInUse);
}

TEST_F(Udp, ReadinessIsToldOnceAfterTheFlush) {
  UdpSocket socket = bound({IpAddress::any_v6(), 7});
  std::vector<Readiness> told;
  ASSERT_TRUE(socket.on_ready([&](Readiness news) { told.push_back(news); }));
  EXPECT_FALSE(socket.readiness().value().readable);
  hear(text("a"));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_TRUE(told[0].readable);
  EXPECT_TRUE(socket.readiness().value().readable);
  ASSERT_TRUE(socket.on_ready(nullptr));
  hear(text("b"));
  EXPECT_THAT(told, SizeIs(1));
}

TEST_F(Udp, ASocketMayCloseItselfWhenItIsTold) {
  std::optional<UdpSocket> socket = bound({IpAddress::any_v6(), 7});
  ASSERT_TRUE(socket->on_ready([&](Readiness) { socket.reset(); }));
  hear(text("a"));
  EXPECT_FALSE(socket);
  EXPECT_EQ(host.pool.descriptors_in_use(), 0U);
}

TEST_F(Udp, AClosedPortOfOurOwnLoopbackIsRefused) {
  for (const IpAddress& own : {IpAddress::loopback_v4(), IpAddress::v4(127, 9, 9, 9),
                               IpAddress::loopback_v6(), host.own4}) {
    UdpSocket socket = open(own.is_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6);
    ASSERT_TRUE(socket.connect({own, 9}));
    ASSERT_TRUE(socket.send(text("x").all(), host.now));
    host.settle();
    EXPECT_TRUE(socket.readiness().value().error) << to_text(own).view();
    EXPECT_EQ(socket.take_error().value(), Error::kPortUnreachable) << to_text(own).view();
  }
  EXPECT_THAT(host.device.take_sent(), IsEmpty());
}

TEST_F(Udp, ErrorsAreKeptWithAllTheirDetails) {
  UdpSocket socket = bound({host.own4, 7});
  ASSERT_TRUE(socket.set_receive_errors(true));
  ASSERT_TRUE(socket.connect({host.peer4, 9}));
  ASSERT_TRUE(socket.send(text("x").all(), host.now));
  const Frames out = sent();
  ASSERT_THAT(out, SizeIs(1));
  (void)host.from_peer(icmp_packet(host.peer4, host.own4, wire::Icmpv4Type::kDestinationUnreachable,
                                   3, Frame(4) + decode(out[0].all()).packet));
  EXPECT_TRUE(socket.readiness().value().error);
  EXPECT_EQ(socket.receive_error().value().icmp_code, 3);
  EXPECT_EQ(socket.receive_error().error(), Error::kWouldBlock);
  EXPECT_EQ(socket.take_error().value(), Error::kPortUnreachable);
  EXPECT_EQ(socket.take_error().value(), std::nullopt);
}

TEST_F(Udp, OptionsActOnWhatIsSent) {
  UdpSocket socket = bound({IpAddress::any_v6(), 7});
  ASSERT_TRUE(socket.set_hop_limit(9));
  ASSERT_TRUE(socket.set_traffic_class(0x28));
  ASSERT_TRUE(socket.send_to(text("x").all(), {host.peer4, 9}, host.now));
  ASSERT_TRUE(socket.send_to(text("x").all(), {host.peer6, 9}, host.now));
  EXPECT_THAT(sent(), ElementsAre(IsIpv4(AllOf(Hops(9), HasTrafficClass(0x28))),
                                  IsIpv6(AllOf(Hops(9), HasTrafficClass(0x28)))));
  EXPECT_EQ(socket.set_hop_limit(0).error(), Error::kInvalidArgument);
  ASSERT_TRUE(socket.set_hop_limit(std::nullopt));
  const IpAddress group = address("239.1.1.1");
  ASSERT_TRUE(socket.set_multicast_interface(host.eth0));
  ASSERT_TRUE(socket.set_multicast_hop_limit(5));
  ASSERT_TRUE(socket.send_to(text("x").all(), {group, 9}, host.now));
  EXPECT_THAT(sent(), ElementsAre(IsIpv4(AllOf(To(group), Hops(5)))));
  EXPECT_EQ(socket.send_to(text("x").all(), {IpAddress::limited_broadcast(), 9}, host.now).error(),
            Error::kNotPermitted);
  ASSERT_TRUE(socket.set_broadcast(true));
  ASSERT_TRUE(socket.send_to(text("x").all(), {IpAddress::v4(10, 0, 0, 255), 9}, host.now));
  EXPECT_THAT(sent(), ElementsAre(ToMac(MacAddress::broadcast())));
  ASSERT_TRUE(socket.set_fragment_policy(FragmentPolicy::kDontFragment));
  EXPECT_EQ(socket.send_to(pattern(1473).all(), {host.peer4, 9}, host.now).error(),
            Error::kMessageTooLong);
  EXPECT_EQ(socket.set_bound_interface(77).error(), Error::kNoDevice);
  EXPECT_EQ(socket.set_multicast_interface(77).error(), Error::kNoDevice);
}

TEST_F(Udp, ChecksumsCanBeLeftOutOverIpv4Only) {
  UdpSocket socket = bound({IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  ASSERT_TRUE(socket.set_without_checksum(true));
  ASSERT_TRUE(socket.send_to(text("x").all(), {host.peer4, 9}, host.now));
  const Frames out = sent();
  ASSERT_THAT(out, SizeIs(1));
  const Frame upper = decode(out[0].all()).upper;
  EXPECT_EQ(wire::UdpView::parse(upper.all())->checksum(), 0);
  EXPECT_FALSE(open(AddressFamily::kIpv6).set_without_checksum(true));
  EXPECT_FALSE(open(AddressFamily::kIpv4).set_accept_zero_checksum(true));
  EXPECT_FALSE(open(AddressFamily::kIpv4).set_v6_only(true));
}

TEST_F(Udp, TheReceiveBufferIsBounded) {
  UdpSocket socket = bound({IpAddress::any_v6(), 7});
  ASSERT_TRUE(socket.set_receive_buffer(4096));
  EXPECT_EQ(socket.receive_buffer().value(), 4096U);
  for (int i = 0; i < 3; ++i) hear(text("x"));
  EXPECT_EQ(host.drops(DropReason::kUdpQueueFull), 1U);
  EXPECT_EQ(socket.set_receive_buffer(1).error(), Error::kInvalidArgument);
}

TEST_F(Udp, GroupsAreJoinedFilteredAndLeft) {
  for (const char* name : {"239.1.1.1", "ff0e::1234"}) {
    const IpAddress group = address(name);
    const IpAddress source = group.is_v4() ? host.peer4 : host.peer6;
    UdpSocket socket = bound({IpAddress::any_v6(), 7});
    const auto hears = [&] {
      (void)host.from_peer_to_group(udp_packet({source, 9}, {group, 7}, text("x")));
      return socket.receive(buffer).has_value();
    };
    EXPECT_FALSE(hears());
    ASSERT_TRUE(socket.join_group(group, host.eth0, host.now));
    EXPECT_EQ(socket.join_group(group, host.eth0, host.now).error(), Error::kAlreadyExists);
    EXPECT_TRUE(hears());
    ASSERT_TRUE(socket.block_source(group, source, host.eth0, host.now));
    EXPECT_FALSE(hears());
    ASSERT_TRUE(socket.unblock_source(group, source, host.eth0, host.now));
    EXPECT_TRUE(hears());
    ASSERT_TRUE(socket.leave_group(group, host.eth0, host.now));
    EXPECT_FALSE(hears());
    ASSERT_TRUE(socket.join_source_group(group, source, host.eth0, host.now));
    EXPECT_TRUE(hears());
    ASSERT_TRUE(socket.leave_source_group(group, source, host.eth0, host.now));
    EXPECT_FALSE(hears());
    const IpAddress others[] = {group.is_v4() ? address("10.0.0.44") : address("fd00::44")};
    ASSERT_TRUE(
        socket.set_source_filter(group, SourceFilterMode::kInclude, others, host.eth0, host.now));
    EXPECT_FALSE(hears());
    ASSERT_TRUE(
        socket.set_source_filter(group, SourceFilterMode::kExclude, others, host.eth0, host.now));
    EXPECT_TRUE(hears());
    // Closing leaves: a new socket starts without the group.
    socket.close();
    (void)host.after(10s);
    EXPECT_FALSE(host.stack.core().interface(host.eth0)->groups->is_member(group));
  }
}

TEST_F(Udp, AClosedSocketIsAnInvalidHandle) {
  UdpSocket socket = bound({IpAddress::any_v6(), 7});
  UdpSocket moved = std::move(socket);
  hear(text("x"));
  EXPECT_TRUE(moved.receive(buffer));
  moved.close();
  moved.close();
  EXPECT_EQ(moved.receive(buffer).error(), Error::kInvalidHandle);
  EXPECT_EQ(moved.bind({IpAddress::any_v6(), 8}).error(), Error::kInvalidHandle);
  EXPECT_EQ(moved.set_broadcast(true).error(), Error::kInvalidHandle);
  EXPECT_EQ(moved.join_group(address("239.1.1.1"), host.eth0, host.now).error(),
            Error::kInvalidHandle);
  bound({IpAddress::any_v6(), 7});
}

}  // namespace
}  // namespace strata::udp_socket_test
