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
  EXPECT_EQ(room.message.msg_controllen, 0U);
  EXPECT_NE(room.message.msg_flags & MSG_CTRUNC, 0);
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

TEST(ControlMessages, UnknownOnesAreRefused) {
  Room room;
  ControlWriter writer(room.message);
  writer.append(IPPROTO_IP, 9999, 1);
  writer.finish();
  EXPECT_EQ(read_control(room.message).error(), -EINVAL);
}

}  // namespace
}  // namespace strata::posix::control_messages_test
