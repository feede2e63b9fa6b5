// SPDX-License-Identifier: Apache-2.0
#include "attach/netlink/message.h"

#include <gtest/gtest.h>

#include <vector>

#include "strata/rng.h"

namespace strata::attach::message_test {
namespace {

std::vector<std::byte> one_message(int type, std::string_view text) {
  MessageWriter writer(7, 9);
  writer.begin(type, NLM_F_REQUEST, ifinfomsg{});
  writer.text(IFLA_IFNAME, text);
  writer.number(IFLA_MTU, std::uint32_t{1500});
  writer.end();
  return writer.take().front();
}

TEST(NetlinkMessage, WhatIsWrittenIsReadAgain) {
  const auto bytes = one_message(RTM_GETLINK, "eth0");
  EXPECT_EQ(bytes.size() % NLMSG_ALIGNTO, 0U);
  Bytes left(bytes);
  const auto request = next_request(left);
  ASSERT_TRUE(request.has_value());
  EXPECT_TRUE(left.empty());
  EXPECT_EQ(request->header.nlmsg_type, RTM_GETLINK);
  EXPECT_EQ(request->header.nlmsg_seq, 9U);
  EXPECT_EQ(request->header.nlmsg_pid, 7U);
  const auto name = request->attribute(sizeof(ifinfomsg), IFLA_IFNAME);
  ASSERT_TRUE(name.has_value());
  EXPECT_STREQ(reinterpret_cast<const char*>(name->data()), "eth0");
  const auto mtu = request->attribute(sizeof(ifinfomsg), IFLA_MTU);
  ASSERT_TRUE(mtu && mtu->size() == 4);
  EXPECT_FALSE(request->attribute(sizeof(ifinfomsg), IFLA_ADDRESS).has_value());
  EXPECT_TRUE(request->structure<ifinfomsg>().has_value());
}

TEST(NetlinkMessage, NoDatagramIsLongerThanAPage) {
  MessageWriter writer(1, 1);
  for (int i = 0; i < 100; ++i) {
    writer.begin(RTM_NEWLINK, NLM_F_MULTI, ifinfomsg{});
    writer.attribute(IFLA_IFALIAS, std::vector<std::byte>(300));
    writer.end();
  }
  std::size_t messages = 0;
  for (const auto& datagram : writer.take()) {
    EXPECT_LE(datagram.size(), 4096U);
    for (Bytes left(datagram); next_request(left);) ++messages;
  }
  EXPECT_EQ(messages, 100U);
}

TEST(NetlinkMessage, AShortOrLyingRequestEndsTheDatagram) {
  auto bytes = one_message(RTM_GETLINK, "eth0");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Bytes left = Bytes(bytes).first(size);
    EXPECT_FALSE(next_request(left).has_value()) << size;
  }
  const std::uint32_t lie = 4;
  std::memcpy(bytes.data(), &lie, sizeof(lie));
  Bytes left(bytes);
  EXPECT_FALSE(next_request(left).has_value());
}

TEST(NetlinkMessage, RandomBytesAreReadInsideTheirBounds) {
  Rng rng(11);
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = one_message(RTM_GETLINK, "eth0");
    for (int i = 0; i < 3; ++i) {
      bytes[rng.below(bytes.size())] = static_cast<std::byte>(rng.next());
    }
    Bytes left(bytes);
    while (const auto request = next_request(left)) {
      for (int type = 0; type < 8; ++type) {
        const auto value = request->attribute(sizeof(ifinfomsg), type);
        if (!value || value->empty()) continue;
        EXPECT_GE(value->data(), bytes.data());
        EXPECT_LE(value->data() + value->size(), bytes.data() + bytes.size());
      }
    }
  }
}

}  // namespace
}  // namespace strata::attach::message_test
