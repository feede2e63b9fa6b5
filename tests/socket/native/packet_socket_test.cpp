// SPDX-License-Identifier: Apache-2.0
#include "strata/raw_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <utility>

#include "support/bench.h"
#include "support/matchers.h"

namespace strata::packet_socket_test {
namespace {

using namespace support;
using testing::ElementsAre;

constexpr std::uint16_t kType = 0x88b5;  // IEEE 802: for local experiments

class PacketSockets : public testing::Test {
 protected:
  PacketSocket open(InterfaceId interface, std::uint16_t ethertype = kType) {
    auto socket = PacketSocket::open(host.stack, interface, ethertype);
    EXPECT_TRUE(socket);
    return std::move(*socket);
  }

  Host host;
  const Frame own = ethernet(kOurMac, kPeerMac, kType, text("own"));
  const Frame others = ethernet(kOtherMac, kPeerMac, kType, text("others"));
  std::array<std::byte, 2000> buffer{};
};

TEST_F(PacketSockets, SeeTheirEthertypeOfTheirInterface) {
  PacketSocket socket = open(host.eth0);
  TestDevice device1{{.mac = kOtherMac}};
  const InterfaceId eth1 = host.add(device1);
  PacketSocket elsewhere = open(eth1);
  PacketSocket other_type = open(host.eth0, kType + 1);
  (void)host.exchange(own);
  const auto info = socket.receive(buffer);
  ASSERT_TRUE(info);
  EXPECT_EQ(Frame(Bytes(buffer).first(info->size)), own);
  EXPECT_EQ(info->interface, host.eth0);
  EXPECT_EQ(elsewhere.receive(buffer).error(), Error::kWouldBlock);
  EXPECT_EQ(other_type.receive(buffer).error(), Error::kWouldBlock);
}

// What a VLAN carries has no tags on it; they are for the port.
TEST_F(PacketSockets, OfAVlanKnowNothingOfTags) {
  const VlanTags tags{.tags = {{{.tpid = 0x88a8, .id = 6, .priority = 3}, {.id = 7}}}, .count = 2};
  const auto vlan = host.stack.add_vlan(host.eth0, tags, InterfaceConfig{}, host.now);
  ASSERT_TRUE(vlan);
  (void)host.after(5s);
  PacketSocket socket = open(*vlan);
  const Frame behind = vlan_tag({.id = 6, .type = 0x8100}) + vlan_tag({.id = 7, .type = kType});
  (void)host.exchange(ethernet(kOurMac, kPeerMac, 0x88a8, behind + text("own")));
  const auto info = socket.receive(buffer);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->interface, *vlan);
  EXPECT_EQ(Frame(Bytes(buffer).first(info->size)), own);
  (void)host.exchange(own);
  EXPECT_EQ(socket.receive(buffer).error(), Error::kWouldBlock);
  ASSERT_TRUE(socket.send(others.all(), *vlan, host.now));
  host.settle();
  const Frames out = host.device.take_sent();
  ASSERT_EQ(out.size(), 1U);
  const Frame tagged =
      vlan_tag({.priority = 3, .id = 6, .type = 0x8100}) + vlan_tag({.id = 7, .type = kType});
  EXPECT_EQ(out[0], ethernet(kOtherMac, kPeerMac, 0x88a8, tagged + text("others")));
}

TEST_F(PacketSockets, HearOthersOnlyWhenAsked) {
  PacketSocket socket = open(host.eth0);
  (void)host.exchange(others);
  EXPECT_EQ(socket.receive(buffer).error(), Error::kWouldBlock);
  ASSERT_TRUE(socket.set_hears_others(true));
  (void)host.exchange(others);
  EXPECT_TRUE(socket.receive(buffer));
}

TEST_F(PacketSockets, AShortBufferTruncatesAndSaysSo) {
  PacketSocket socket = open(host.eth0);
  (void)host.exchange(own);
  const auto info = socket.receive(std::span(buffer).first(4));
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->is_truncated);
  EXPECT_EQ(info->size, own.size());
}

TEST_F(PacketSockets, SendFramesAsTheyAre) {
  PacketSocket socket = open(host.eth0);
  EXPECT_EQ(socket.send(others.all(), host.eth0, host.now), others.size());
  host.settle();
  EXPECT_THAT(host.device.take_sent(), ElementsAre(others));
}

TEST_F(PacketSockets, ScatterAndGather) {
  PacketSocket socket = open(host.eth0);
  const Bytes all = others.all();
  const Bytes parts[] = {all.first(5), Bytes{}, all.subspan(5, 8), all.subspan(13), Bytes{}};
  EXPECT_EQ(socket.send(parts, host.eth0, host.now), others.size());
  host.settle();
  EXPECT_THAT(host.device.take_sent(), ElementsAre(others));
  (void)host.exchange(own);
  std::array<std::byte, wire::EthernetLayout::kSize> header{};
  std::array<std::byte, 10> payload{};
  const MutableBytes into[] = {header, MutableBytes{}, payload};
  const auto info = socket.receive(into);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size, own.size());
  EXPECT_FALSE(info->is_truncated);
  EXPECT_EQ(info->interface, host.eth0);
  EXPECT_EQ(Frame(Bytes(header)) + Frame(Bytes(payload).first(3)), own);
}

// Tags go behind the addresses, wherever parts begin and end.
TEST_F(PacketSockets, OfAVlanTagWhatComesInParts) {
  const VlanTags tags{.tags = {{{.id = 7}}}, .count = 1};
  const auto vlan = host.stack.add_vlan(host.eth0, tags, InterfaceConfig{}, host.now);
  ASSERT_TRUE(vlan);
  (void)host.after(5s);
  PacketSocket socket = open(*vlan);
  const Bytes all = others.all();
  const Frame tagged =
      ethernet(kOtherMac, kPeerMac, 0x8100, vlan_tag({.id = 7, .type = kType}) + text("others"));
  for (const std::size_t cut : {0U, 5U, 11U, 12U, 13U, 20U}) {
    const Bytes parts[] = {all.first(cut), all.subspan(cut)};
    EXPECT_EQ(socket.send(parts, *vlan, host.now), others.size());
    host.settle();
    EXPECT_THAT(host.device.take_sent(), ElementsAre(tagged)) << cut;
  }
}

TEST_F(PacketSockets, PartsThatAreTooLongOrTooShortSaySo) {
  PacketSocket socket = open(host.eth0);
  const Frame long_half(757);
  const Frame short_half(6);
  const Bytes too_long[] = {long_half.all(), long_half.all(), short_half.all().first(1)};
  const Bytes too_short[] = {short_half.all(), short_half.all(), short_half.all().first(1)};
  EXPECT_EQ(socket.send(too_long, host.eth0, host.now).error(), Error::kMessageTooLong);
  EXPECT_EQ(socket.send(too_short, host.eth0, host.now).error(), Error::kInvalidArgument);
  (void)host.exchange(own);
  std::array<std::byte, wire::EthernetLayout::kSize> header{};
  std::array<std::byte, 2> payload{};
  const MutableBytes into[] = {header, payload};
  const auto info = socket.receive(into);
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->is_truncated);
  EXPECT_EQ(info->size, own.size());
  EXPECT_EQ(Frame(Bytes(payload)), text("ow"));
}

TEST_F(PacketSockets, SendBatchesInOrderUntilOneFails) {
  PacketSocket socket = open(host.eth0);
  const Bytes parts[] = {own.all(), others.all()};
  std::array<OutgoingFrame, 3> out{};
  for (std::size_t i = 0; i < 2; ++i) out[i] = {.parts = {&parts[i], 1}, .interface = host.eth0};
  out[2] = {.parts = parts, .interface = 99};
  EXPECT_EQ(socket.send_batch(out, host.now), 2U);
  host.settle();
  EXPECT_THAT(host.device.take_sent(), ElementsAre(own, others));
  EXPECT_EQ(socket.send_batch({&out[2], 1}, host.now).error(), Error::kNoDevice);
}

TEST_F(PacketSockets, ReceiveBatchesOfWhatIsThereInOrder) {
  PacketSocket socket = open(host.eth0);
  std::array<std::array<std::byte, 24>, 2> buffers{};
  std::array<IncomingFrame, 2> in{};
  for (std::size_t i = 0; i < in.size(); ++i) in[i].buffer = buffers[i];
  EXPECT_EQ(socket.receive_batch(in).error(), Error::kWouldBlock);
  for (std::size_t i = 1; i <= 3; ++i) {
    (void)host.exchange(ethernet(kOurMac, kPeerMac, kType, pattern(i * 5)));
  }
  ASSERT_EQ(socket.receive_batch(in), 2U);
  EXPECT_EQ(in[0].info.size, 19U);
  EXPECT_EQ(Frame(Bytes(buffers[0]).subspan(14, 5)), pattern(5));
  EXPECT_EQ(in[1].info.size, 24U);
  EXPECT_FALSE(in[1].info.is_truncated);
  ASSERT_EQ(socket.receive_batch(in), 1U);
  EXPECT_EQ(in[0].info.size, 29U);
  EXPECT_TRUE(in[0].info.is_truncated);
  EXPECT_EQ(in[1].info.size, 24U);  // untouched
  EXPECT_EQ(socket.receive_batch(in).error(), Error::kWouldBlock);
  socket.close();
  EXPECT_EQ(socket.receive_batch(in).error(), Error::kInvalidHandle);
}

TEST_F(PacketSockets, SendBarePacketsWhereThereIsNoLinkLayer) {
  TestDevice tun({.medium = Medium::kIp});
  const InterfaceId bare = host.add(tun);
  (void)host.after(10s);
  (void)tun.take_sent();
  PacketSocket socket = open(bare);
  const Frame packet = echo_request(host.own4, host.peer4, 1, 1, text("x"));
  EXPECT_EQ(socket.send(packet.all(), bare, host.now), packet.size());
  host.settle();
  EXPECT_THAT(tun.take_sent(), ElementsAre(packet));
}

TEST_F(PacketSockets, SayWhyTheyDoNotSend) {
  PacketSocket socket = open(host.eth0);
  TestDevice tun({.medium = Medium::kIp});
  const InterfaceId bare = host.add(tun);
  const auto error = [&](const Frame& frame, InterfaceId interface) {
    return socket.send(frame.all(), interface, host.now).error();
  };
  EXPECT_EQ(error(own, 99), Error::kNoDevice);
  EXPECT_EQ(error(own, *host.stack.find_interface("lo")), Error::kNotSupported);
  EXPECT_EQ(error(Frame(19), bare), Error::kInvalidArgument);
  EXPECT_EQ(error(Frame(1501), bare), Error::kMessageTooLong);
  EXPECT_EQ(error(Frame(13), host.eth0), Error::kInvalidArgument);
  EXPECT_EQ(error(Frame(1515), host.eth0), Error::kMessageTooLong);
  EXPECT_EQ(socket.set_receive_buffer(1).error(), Error::kInvalidArgument);
}

TEST_F(PacketSockets, ReadinessIsToldAndEndsWithTheSocket) {
  PacketSocket socket = open(host.eth0);
  int told = 0;
  ASSERT_TRUE(socket.on_ready([&](Readiness) { ++told; }));
  EXPECT_FALSE(socket.readiness()->readable);
  (void)host.exchange(own);
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(socket.readiness()->readable);
  EXPECT_TRUE(socket.readiness()->writable);
  PacketSocket moved = std::move(socket);
  EXPECT_TRUE(moved.receive(buffer));
  moved.close();
  EXPECT_EQ(moved.readiness().error(), Error::kInvalidHandle);
  (void)host.exchange(own);
  EXPECT_EQ(told, 1);
}

TEST_F(PacketSockets, MayBeOwnedByTheirCallback) {
  for (const bool is_closed : {false, true}) {
    auto owner = std::make_shared<PacketSocket>(open(host.eth0));
    PacketSocket& socket = *owner;
    const std::weak_ptr<PacketSocket> seen = owner;
    (void)host.exchange(own);
    ASSERT_TRUE(socket.on_ready([self = std::move(owner)](Readiness) {}));
    if (is_closed)
      socket.close();
    else
      EXPECT_TRUE(socket.on_ready(nullptr));
    EXPECT_TRUE(seen.expired());
    host.settle();  // the news it had is told to nobody
  }
}

}  // namespace
}  // namespace strata::packet_socket_test
