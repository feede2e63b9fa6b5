// SPDX-License-Identifier: Apache-2.0
#include "strata/icmp_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "support/bench.h"
#include "support/matchers.h"

namespace strata::icmp_socket_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::ElementsAre;

class Icmp : public testing::TestWithParam<AddressFamily> {
 protected:
  [[nodiscard]] bool is_v4() const { return GetParam() == AddressFamily::kIpv4; }
  [[nodiscard]] IpAddress own() const { return is_v4() ? host.own4 : host.own6; }
  [[nodiscard]] IpAddress peer() const { return is_v4() ? host.peer4 : host.peer6; }
  Frames sent() {
    host.settle();
    return host.device.take_sent();
  }

  Host host;
  IcmpSocket socket = *IcmpSocket::open(host.stack, GetParam());
  std::array<std::byte, 100> buffer{};
};

TEST_P(Icmp, PingsAndHearsTheReply) {
  ASSERT_TRUE(socket.bind({}, 77));
  ASSERT_TRUE(socket.connect(peer()));
  EXPECT_EQ(socket.send_echo(text("ping").all(), 3, {}, host.now).value(), 4U);
  const Frame rest = big_endian16(77) + big_endian16(3) + text("ping");
  if (is_v4()) {
    EXPECT_THAT(sent(), ElementsAre(IsIpv4(AllOf(Carries(IsIcmp(wire::Icmpv4Type::kEchoRequest, 0)),
                                                 Carries(HasRest(rest))))));
  } else {
    EXPECT_THAT(sent(), ElementsAre(IsIpv6(AllOf(Carries(IsIcmp(wire::Icmpv6Type::kEchoRequest, 0)),
                                                 Carries(HasRest(rest))))));
  }
  EXPECT_EQ(socket.receive(buffer).error(), Error::kWouldBlock);
  (void)host.from_peer(echo_reply(peer(), own(), 77, 3, text("ping")));
  EXPECT_TRUE(socket.readiness().value().readable);
  const auto reply = socket.receive(buffer);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->identifier, 77);
  EXPECT_EQ(reply->sequence_number, 3);
  EXPECT_EQ(reply->info.size, 4U);
  EXPECT_EQ(reply->info.source.address, peer());
}

TEST_P(Icmp, OptionsActOnWhatIsSent) {
  ASSERT_TRUE(socket.set_hop_limit(5));
  ASSERT_TRUE(socket.set_traffic_class(0x28));
  SendChoices choices;
  choices.destination = Endpoint{peer()};
  ASSERT_TRUE(socket.send_echo({}, 1, choices, host.now));
  EXPECT_THAT(sent(), ElementsAre(IsIp(AllOf(Hops(5), HasTrafficClass(0x28)))));
  EXPECT_NE(socket.identifier().value(), 0);
  EXPECT_EQ(socket.set_hop_limit(0).error(), Error::kInvalidArgument);
  EXPECT_EQ(socket.set_bound_interface(77).error(), Error::kNoDevice);
  EXPECT_EQ(socket.set_receive_buffer(1).error(), Error::kInvalidArgument);
}

TEST_P(Icmp, TheLongestPingLeaves) {
  SendChoices choices;
  choices.destination = Endpoint{own()};
  const std::size_t most = is_v4() ? 65507 : 65527;
  EXPECT_EQ(socket.send_echo(pattern(most).all(), 1, choices, host.now).value(), most);
  host.settle();
  const auto reply = socket.receive(buffer);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->info.size, most);
  EXPECT_EQ(socket.send_echo(pattern(65528).all(), 1, choices, host.now).error(),
            Error::kMessageTooLong);
}

TEST_P(Icmp, WithoutAPeerNothingIsSent) {
  EXPECT_EQ(socket.send_echo({}, 1, {}, host.now).error(), Error::kNotConnected);
  EXPECT_EQ(socket.connect(is_v4() ? host.peer6 : host.peer4).error(), Error::kInvalidArgument);
  socket.close();
  EXPECT_EQ(socket.receive(buffer).error(), Error::kInvalidHandle);
}

INSTANTIATE_TEST_SUITE_P(Families, Icmp,
                         testing::Values(AddressFamily::kIpv4, AddressFamily::kIpv6));

}  // namespace
}  // namespace strata::icmp_socket_test
