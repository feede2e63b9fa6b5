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
    EXPECT_EQ(socket.send(Bytes{}, {}, host.now).error(), Error::kNotConnected);
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

TEST_F(Raw, VectorsScatterAndGather) {
  RawSocket socket = open(AddressFamily::kIpv4, 200);
  const Frame start = text("o");
  const Frame end = text("wn");
  const Bytes parts[] = {Bytes{}, start.all(), Bytes{}, end.all()};
  EXPECT_EQ(socket.send(parts, to(host.peer4), host.now), 3U);
  const Frames out = sent();
  ASSERT_THAT(out, SizeIs(1));
  EXPECT_EQ(decode(out[0].all()).upper, text("own"));
  const Frame packet = ip_packet(host.peer4, host.own4, 200, text("own"));
  (void)host.from_peer(packet);
  std::array<std::byte, wire::Ipv4Layout::kSize> header{};
  std::array<std::byte, 10> payload{};
  const MutableBytes into[] = {header, MutableBytes{}, payload};
  const auto info = socket.receive(into);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size, packet.size());
  EXPECT_FALSE(info->is_truncated);
  EXPECT_EQ(Frame(Bytes(header)) + Frame(Bytes(payload).first(3)), packet);
}

// The stack looks for the destination in a header that no part has as a whole.
TEST_F(Raw, AHeaderOfOnesOwnMayComeInParts) {
  for (const auto& [family, peer] :
       {std::pair{AddressFamily::kIpv4, host.peer4}, std::pair{AddressFamily::kIpv6, host.peer6}}) {
    RawSocket socket = open(family, 200);
    ASSERT_TRUE(socket.set_includes_header(true));
    const Frame packet = ip_packet(family == AddressFamily::kIpv4 ? host.own4 : host.own6, peer,
                                   201, text("own"), 44);
    const Bytes all = packet.all();
    const Bytes parts[] = {all.first(7), all.subspan(7, 11), Bytes{}, all.subspan(18)};
    EXPECT_EQ(socket.send(parts, {}, host.now), packet.size());
    const Frames out = sent();
    ASSERT_THAT(out, ElementsAre(IsIp(AllOf(To(peer), Hops(44)))));
    EXPECT_EQ(decode(out[0].all()).upper, text("own"));
    EXPECT_EQ(socket.send({parts, 2}, {}, host.now).error(), Error::kNotConnected);
  }
}

TEST_F(Raw, TheChecksumOfIcmpv6CoversAllParts) {
  RawSocket socket = open(AddressFamily::kIpv6, wire::kIpProtocolIcmpv6);
  const Frame message = bytes({128, 0, 0, 0, 1, 2, 3, 4, 5});
  const Bytes parts[] = {message.all().first(1), message.all().subspan(1, 2),
                         message.all().subspan(3)};
  EXPECT_EQ(socket.send(parts, to(host.peer6), host.now), message.size());
  EXPECT_THAT(sent(), ElementsAre(IsIpv6(Carries(IsIcmp(wire::Icmpv6Type::kEchoRequest, 0)))));
}

TEST_F(Raw, PartsThatAreTooLongOrTooShortSaySo) {
  RawSocket socket = open(AddressFamily::kIpv6, 200);
  const Frame half = pattern(32768);
  const Bytes parts[] = {half.all(), half.all()};
  EXPECT_EQ(socket.send(parts, to(host.peer6), host.now).error(), Error::kMessageTooLong);
  (void)host.from_peer(ip_packet(host.peer6, host.own6, 200, text("abcde")));
  std::array<std::byte, 40> header{};
  std::array<std::byte, 2> payload{};
  const MutableBytes into[] = {header, payload};
  const auto info = socket.receive(into);
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->is_truncated);
  EXPECT_EQ(info->size, 45U);
  EXPECT_EQ(Frame(Bytes(payload)), text("ab"));
}

TEST_F(Raw, BatchesSendInOrderUntilOneFails) {
  RawSocket socket = open(AddressFamily::kIpv4, 200);
  const Frame words[] = {text("one"), text("two")};
  const Bytes parts[] = {words[0].all(), words[1].all()};
  std::array<OutgoingDatagram, 3> out{};
  for (std::size_t i = 0; i < 2; ++i) {
    out[i].parts = {&parts[i], 1};
    out[i].choices = to(host.peer4);
  }
  out[2].parts = parts;  // without a destination
  EXPECT_EQ(socket.send_batch(out, host.now), 2U);
  const Frames frames = sent();
  ASSERT_THAT(frames, SizeIs(2));
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(decode(frames[i].all()).upper, words[i]);
  EXPECT_EQ(socket.send_batch({&out[2], 1}, host.now).error(), Error::kNotConnected);
}

TEST_F(Raw, BatchesReceiveWhatIsThereInOrder) {
  RawSocket socket = open(AddressFamily::kIpv4, 200);
  std::array<std::array<std::byte, 30>, 2> buffers{};
  std::array<IncomingDatagram, 2> in{};
  for (std::size_t i = 0; i < in.size(); ++i) in[i].buffer = buffers[i];
  EXPECT_EQ(socket.receive_batch(in).error(), Error::kWouldBlock);
  for (std::size_t i = 1; i <= 3; ++i) {
    (void)host.from_peer(ip_packet(host.peer4, host.own4, 200, pattern(i * 5)));
  }
  ASSERT_EQ(socket.receive_batch(in), 2U);
  EXPECT_EQ(in[0].info.size, 25U);
  EXPECT_EQ(Frame(Bytes(buffers[0]).subspan(20, 5)), pattern(5));
  EXPECT_EQ(in[1].info.size, 30U);
  EXPECT_FALSE(in[1].info.is_truncated);
  ASSERT_EQ(socket.receive_batch(in), 1U);
  EXPECT_EQ(in[0].info.size, 35U);
  EXPECT_TRUE(in[0].info.is_truncated);
  EXPECT_EQ(in[1].info.size, 30U);  // untouched
  EXPECT_EQ(socket.receive_batch(in).error(), Error::kWouldBlock);
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
