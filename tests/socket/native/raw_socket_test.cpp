// SPDX-License-Identifier: Apache-2.0
#include "strata/raw_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "support/bench.h"
#include "support/matchers.h"

namespace strata::raw_socket_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::ElementsAre;
using testing::SizeIs;

class Raw : public testing::Test {
 protected:
  RawSocket open(AddressFamily family, std::uint8_t protocol) {
    return *RawSocket::open(host.stack, family, protocol);
  }
  SendChoices to(const IpAddress& address) {
    SendChoices choices;
    choices.destination = Endpoint{address};
    return choices;
  }
  Frames sent() {
    host.settle();
    return host.device.take_sent();
  }

  Host host;
  std::array<std::byte, 2000> buffer{};
};

TEST_F(Raw, PacketsComeWithTheirHeader) {
  RawSocket socket = open(AddressFamily::kIpv4, 200);
  const Frame packet = ip_packet(host.peer4, host.own4, 200, text("own"));
  (void)host.from_peer(packet);
  const auto info = socket.receive(buffer);
  ASSERT_TRUE(info);
  EXPECT_EQ(Frame(Bytes(buffer).first(info->size)), packet);
  EXPECT_EQ(info->source.address, host.peer4);
}

TEST_F(Raw, PayloadsGetAHeaderInEitherFamily) {
  for (const auto& [family, peer] :
       {std::pair{AddressFamily::kIpv4, host.peer4}, std::pair{AddressFamily::kIpv6, host.peer6}}) {
    RawSocket socket = open(family, 200);
    ASSERT_TRUE(socket.set_hop_limit(3));
    ASSERT_TRUE(socket.send(text("own").all(), to(peer), host.now));
    const Frames out = sent();
    ASSERT_THAT(out, ElementsAre(IsIp(AllOf(To(peer), Hops(3)))));
    EXPECT_EQ(decode(out[0].all()).upper, text("own"));
    EXPECT_EQ(socket.send({}, {}, host.now).error(), Error::kNotConnected);
  }
}

TEST_F(Raw, AHeaderOfOnesOwnIsCompleted) {
  RawSocket socket = open(AddressFamily::kIpv4, 200);
  ASSERT_TRUE(socket.set_includes_header(true));
  Frame packet = ip_packet(IpAddress::any_v4(), host.peer4, 201, text("own"), 44);
  wire::Ipv4Layout::Checksum::set(packet.writable(), 0);
  ASSERT_TRUE(socket.send(packet.all(), {}, host.now));
  const Frames out = sent();
  ASSERT_THAT(out, ElementsAre(IsIpv4(AllOf(From(host.own4), To(host.peer4), Hops(44)))));
  EXPECT_EQ(decode(out[0].all()).protocol, 201);
  // RFC 6864 4.3: what routers may cut needs an identification of its own.
  ASSERT_TRUE(socket.send(packet.all(), {}, host.now));
  const Frames next = sent();
  ASSERT_THAT(next, ElementsAre(IsIpv4(To(host.peer4))));
  EXPECT_NE(decode(next[0].all()).v4->identification, decode(out[0].all()).v4->identification);
}

// The longest payload leaves no room for a header in its buffer.
TEST_F(Raw, TheLongestPayloadIsSentInFragments) {
  RawSocket socket = open(AddressFamily::kIpv6, 200);
  EXPECT_TRUE(socket.send(pattern(65535).all(), to(host.peer6), host.now));
  EXPECT_GT(sent().size(), 40U);
  RawSocket four = open(AddressFamily::kIpv4, 200);
  EXPECT_EQ(four.send(pattern(65516).all(), to(host.peer4), host.now).error(),
            Error::kMessageTooLong);
}

TEST_F(Raw, PacketSocketsSeeAndSendFrames) {
  auto socket = PacketSocket::open(host.stack, host.eth0, 0x88b5);
  ASSERT_TRUE(socket);
  const Frame frame = ethernet(kOurMac, kPeerMac, 0x88b5, text("own"));
  (void)host.exchange(frame);
  const auto info = socket->receive(buffer);
  ASSERT_TRUE(info);
  EXPECT_EQ(Frame(Bytes(buffer).first(info->size)), frame);
  EXPECT_EQ(info->interface, host.eth0);
  ASSERT_TRUE(socket->send(frame.all(), host.eth0, host.now));
  const Frames out = sent();
  ASSERT_THAT(out, SizeIs(1));
  EXPECT_EQ(out[0], frame);
  EXPECT_EQ(socket->receive(buffer).error(), Error::kWouldBlock);
  socket->close();
  EXPECT_EQ(socket->receive(buffer).error(), Error::kInvalidHandle);
}

}  // namespace
}  // namespace strata::raw_socket_test
