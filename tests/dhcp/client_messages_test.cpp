// SPDX-License-Identifier: Apache-2.0
// What every message carries: who we are, what we want, and how long it took.
#include <gtest/gtest.h>

#include <string_view>

#include "dhcp/dhcp_testing.h"

namespace strata::dhcp::client_messages_test {
namespace {

using wire::DhcpOption;

std::vector<std::byte> find(const Sent& sent, DhcpOption code) {
  std::array<std::byte, 256> scratch;
  const auto data = sent.options().find(code, scratch);
  if (!data) return {};
  return {data->begin(), data->end()};
}

// RFC 4361 6.1 MUST: the client identifier is 255, an IAID and a DUID, the same in each message.
TEST(ClientMessages, TheIdentityIsThatOfTheDevice) {
  ClientTesting test;
  test.start();
  const Sent discover = test.only_sent();
  const std::vector<std::byte> id = find(discover, DhcpOption::kClientIdentifier);
  ASSERT_EQ(id.size(), 15U);
  EXPECT_EQ(id[0], std::byte{255});
  EXPECT_TRUE(std::ranges::equal(Bytes(id).subspan(9), kMac.bytes()));
  test.reply(discover, wire::DhcpMessageType::kOffer);
  EXPECT_EQ(find(test.only_sent(), DhcpOption::kClientIdentifier), id);
  EXPECT_EQ(discover.header.hardware_length, 6);
}

TEST(ClientMessages, InterfacesOfOneAddressHaveAnIdentityEach) {
  ClientTesting test([](Config& config) { config.association = 0x1064'0014; });
  test.start();
  const std::vector<std::byte> id = find(test.only_sent(), DhcpOption::kClientIdentifier);
  ASSERT_EQ(id.size(), 15U);
  EXPECT_EQ(load_big_endian<std::uint32_t>(id.data() + 1), 0x1064'0014U);
}

// As RFC 3442 asks: the classless routes are asked for before the router.
TEST(ClientMessages, ClasslessRoutesAreAskedForBeforeRouters) {
  ClientTesting test;
  test.start();
  const auto wishes = find(test.only_sent(), DhcpOption::kParameterRequestList);
  const auto classless = std::ranges::find(wishes, std::byte{121});
  EXPECT_LT(classless, std::ranges::find(wishes, std::byte{3}));
  for (const int wanted : {1, 3, 6, 15, 26, 42, 51, 58, 59, 119, 121}) {
    EXPECT_EQ(std::ranges::count(wishes, static_cast<std::byte>(wanted)), 1) << wanted;
  }
}

TEST(ClientMessages, TheHostNameIsToldWhenThereIsOne) {
  ClientTesting nameless;
  nameless.start();
  EXPECT_TRUE(find(nameless.only_sent(), DhcpOption::kHostName).empty());
  ClientTesting named([](Config& config) {
    constexpr std::string_view kName = "printer";
    kName.copy(config.host_name.characters.data(), kName.size());
    config.host_name.length = kName.size();
  });
  named.start();
  EXPECT_EQ(find(named.only_sent(), DhcpOption::kHostName).size(), 7U);
}

TEST(ClientMessages, TheBroadcastFlagIsForThoseWithoutAnAddress) {
  ClientTesting test([](Config& config) { config.broadcast = true; });
  test.start();
  Sent last = test.only_sent();
  EXPECT_TRUE(last.header.broadcast);
  test.reply(last, wire::DhcpMessageType::kOffer);
  test.reply(test.only_sent(), wire::DhcpMessageType::kAck);
  test.pass(test.client.renews_at() - test.now);
  EXPECT_FALSE(test.only_sent().header.broadcast);
}

// RFC 2131 4.4.1: "secs" is the time since the client began.
TEST(ClientMessages, SecondsCountFromTheBeginning) {
  ClientTesting test;
  test.start();
  EXPECT_EQ(test.only_sent().header.seconds, 0);
  test.pass(std::chrono::seconds(6));
  EXPECT_GE(test.only_sent().header.seconds, 3);
}

TEST(ClientMessages, TheLongestNamesFit) {
  ClientTesting test([](Config& config) {
    config.host_name.characters.fill('x');
    config.host_name.length = kHostNameMax;
  });
  test.start();
  EXPECT_LE(test.only_sent().bytes.size(), kMessageMax);
}

}  // namespace
}  // namespace strata::dhcp::client_messages_test
