// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/control_messages.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>

namespace strata::posix::control_messages_test {
namespace {

struct Room {
  Room() {
    message.msg_control = bytes.data();
    message.msg_controllen = bytes.size();
  }
  alignas(cmsghdr) std::array<std::byte, 256> bytes{};
  msghdr message{};
};

TEST(ControlMessages, GoThroughAsTheyWereWritten) {
  Room room;
  ControlWriter writer(room.message);
  writer.append(IPPROTO_IP, IP_TTL, 9);
  writer.append(IPPROTO_IP, IP_TOS, 0x28);
  writer.finish();
  EXPECT_EQ(room.message.msg_controllen, 2 * CMSG_SPACE(sizeof(int)));
  const auto choices = read_control(room.message);
  ASSERT_TRUE(choices.has_value());
  EXPECT_EQ(choices->hop_limit, 9);
  EXPECT_EQ(choices->traffic_class, 0x28);
}

TEST(ControlMessages, SayWhenThereWasNoRoom) {
  Room room;
  room.message.msg_controllen = CMSG_LEN(sizeof(int)) - 1;
  ControlWriter writer(room.message);
  writer.append(IPPROTO_IP, IP_TTL, 9);
  writer.finish();
  EXPECT_NE(room.message.msg_flags & MSG_CTRUNC, 0);
  EXPECT_EQ(room.message.msg_controllen, CMSG_LEN(sizeof(int)) - 1);
  ASSERT_NE(CMSG_FIRSTHDR(&room.message), nullptr);
  EXPECT_EQ(CMSG_FIRSTHDR(&room.message)->cmsg_len, CMSG_LEN(sizeof(int)) - 1);
}

TEST(ControlMessages, WithoutRoomForAHeaderThereIsNone) {
  Room room;
  room.message.msg_controllen = CMSG_LEN(0) - 1;
  ControlWriter writer(room.message);
  writer.append(IPPROTO_IP, IP_TTL, 9);
  writer.finish();
  EXPECT_NE(room.message.msg_flags & MSG_CTRUNC, 0);
  EXPECT_EQ(room.message.msg_controllen, 0U);
}

TEST(ControlMessages, ThoseOfAnotherWriterAreCutAlike) {
  Room whole;
  ControlWriter first(whole.message);
  first.append(IPPROTO_IP, IP_TTL, 9);
  first.append(IPPROTO_IP, IP_TOS, std::uint8_t{8});
  first.finish();
  const Bytes written = Bytes(whole.bytes).first(whole.message.msg_controllen);
  Room copy;
  copy.message.msg_controllen = CMSG_SPACE(sizeof(int)) + CMSG_LEN(0);
  ControlWriter second(copy.message);
  second.append_all(written);
  second.finish();
  cmsghdr* const header = CMSG_FIRSTHDR(&copy.message);
  EXPECT_EQ(header->cmsg_len, CMSG_LEN(sizeof(int)));
  EXPECT_NE(copy.message.msg_flags & MSG_CTRUNC, 0);
  ASSERT_NE(CMSG_NXTHDR(&copy.message, header), nullptr);
  EXPECT_EQ(CMSG_NXTHDR(&copy.message, header)->cmsg_len, CMSG_LEN(0));
}

TEST(ControlMessages, SourceAndInterfaceAreTakenFromPacketInfo) {
  Room room;
  ControlWriter writer(room.message);
  in_pktinfo info{};
  info.ipi_ifindex = 3;
  info.ipi_spec_dst.s_addr = htonl(0x0a000001);
  writer.append(IPPROTO_IP, IP_PKTINFO, info);
  writer.finish();
  const auto choices = read_control(room.message);
  ASSERT_TRUE(choices.has_value());
  EXPECT_EQ(choices->interface, 3);
  EXPECT_EQ(choices->source, IpAddress::v4(10, 0, 0, 1));
}

// Every length a program may lie about.
TEST(ControlMessages, LyingLengthsAreRefused) {
  for (std::size_t length = 0; length < 64; ++length) {
    Room room;
    const cmsghdr header{length, IPPROTO_IP, IP_TTL};
    std::memcpy(room.bytes.data(), &header, sizeof(header));
    const int hops = 5;
    std::memcpy(room.bytes.data() + CMSG_LEN(0), &hops, sizeof(hops));
    room.message.msg_controllen = CMSG_SPACE(sizeof(int));
    const auto choices = read_control(room.message);
    const bool fits = length >= CMSG_LEN(sizeof(int)) && length <= CMSG_SPACE(sizeof(int));
    EXPECT_EQ(choices.has_value(), fits) << length;
    if (!choices) {
      EXPECT_EQ(choices.error(), -EINVAL);
    }
  }
}

TEST(ControlMessages, TheUsualOfIpv6IsNoChoice) {
  Room room;
  ControlWriter writer(room.message);
  writer.append(IPPROTO_IPV6, IPV6_TCLASS, -1);
  writer.append(IPPROTO_IPV6, IPV6_HOPLIMIT, -1);
  writer.finish();
  const auto choices = read_control(room.message);
  ASSERT_TRUE(choices.has_value());
  EXPECT_FALSE(choices->traffic_class.has_value());
  EXPECT_FALSE(choices->hop_limit.has_value());
}

TEST(ControlMessages, ThoseForOthersArePassedOver) {
  Room room;
  ControlWriter writer(room.message);
  writer.append(SOL_SOCKET, SCM_RIGHTS, 0);
  writer.append(999, 1, 0);
  writer.append(IPPROTO_IP, IP_TTL, 9);
  writer.finish();
  const auto choices = read_control(room.message);
  ASSERT_TRUE(choices.has_value());
  EXPECT_EQ(choices->hop_limit, 9);
}

TEST(ControlMessages, UnknownOnesAreRefused) {
  Room room;
  ControlWriter writer(room.message);
  writer.append(IPPROTO_IP, 9999, 1);
  writer.finish();
  EXPECT_EQ(read_control(room.message).error(), -EINVAL);
}

}  // namespace
}  // namespace strata::posix::control_messages_test
