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
  // What a request of this socket says behind type, code and checksum.
  [[nodiscard]] static Frame request(unsigned sequence_number, const Frame& payload) {
    return big_endian16(77) + big_endian16(sequence_number) + payload;
  }
  void hear(unsigned sequence_number, const Frame& payload) {
    (void)host.from_peer(echo_reply(peer(), own(), 77, sequence_number, payload));
  }
  void talk_to_peer() {
    ASSERT_TRUE(socket.bind({}, 77));
    ASSERT_TRUE(socket.connect(peer()));
  }
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
  ASSERT_TRUE(socket.send_echo(Bytes{}, 1, choices, host.now));
  EXPECT_THAT(sent(), ElementsAre(IsIp(AllOf(Hops(5), HasTrafficClass(0x28)))));
  EXPECT_NE(socket.identifier().value(), 0);
  EXPECT_EQ(socket.set_hop_limit(0).error(), Error::kInvalidArgument);
  EXPECT_EQ(socket.set_bound_interface(77).error(), Error::kNoDevice);
  EXPECT_EQ(socket.set_receive_buffer(1).error(), Error::kInvalidArgument);
}

// RFC 1112 6.1 MUST: a host hears its own group packets unless it asks not to.
TEST_P(Icmp, OwnGroupPacketsAreHeardUnlessNotWanted) {
  const Endpoint group{is_v4() ? IpAddress::all_hosts_v4() : IpAddress::all_nodes_v6(), 0,
                       host.eth0};
  const auto heard = [&] {
    const StackCounters& counters = host.stack.counters();
    return is_v4() ? counters.ipv4_received : counters.ipv6_received;
  };
  ASSERT_TRUE(socket.bind({}, 77));
  for (const bool loops : {true, false}) {
    ASSERT_TRUE(socket.set_multicast_loop(loops));
    const std::uint64_t before = heard();
    ASSERT_TRUE(socket.send_echo(text("all").all(), 1, {.destination = group}, host.now));
    (void)sent();
    EXPECT_EQ(heard() != before, loops);
  }
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

TEST_P(Icmp, VectorsScatterAndGather) {
  talk_to_peer();
  const Frame start = text("pin");
  const Frame end = text("g");
  const Bytes parts[] = {Bytes{}, start.all(), Bytes{}, end.all(), Bytes{}};
  EXPECT_EQ(socket.send_echo(parts, 3, {}, host.now), 4U);
  EXPECT_EQ(socket.send_echo(std::span<const Bytes>{}, 4, {}, host.now), 0U);
  const Frame whole = request(3, text("ping"));
  if (is_v4()) {
    constexpr auto kType = wire::Icmpv4Type::kEchoRequest;
    EXPECT_THAT(sent(),
                ElementsAre(IsIpv4(AllOf(Carries(IsIcmp(kType, 0)), HasRest(whole))),
                            IsIpv4(AllOf(Carries(IsIcmp(kType, 0)), HasRest(request(4, {}))))));
  } else {
    constexpr auto kType = wire::Icmpv6Type::kEchoRequest;
    EXPECT_THAT(sent(),
                ElementsAre(IsIpv6(AllOf(Carries(IsIcmp(kType, 0)), HasRest(whole))),
                            IsIpv6(AllOf(Carries(IsIcmp(kType, 0)), HasRest(request(4, {}))))));
  }
  hear(3, text("abcde"));
  std::array<std::byte, 2> first{};
  std::array<std::byte, 10> second{};
  const MutableBytes into[] = {first, MutableBytes{}, second};
  const auto reply = socket.receive(into);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->sequence_number, 3);
  EXPECT_EQ(reply->info.size, 5U);
  EXPECT_FALSE(reply->info.is_truncated);
  EXPECT_EQ(Frame(Bytes(first)), text("ab"));
  EXPECT_EQ(Frame(Bytes(second).first(3)), text("cde"));
}

TEST_P(Icmp, PartsThatAreTooLongOrTooShortSaySo) {
  talk_to_peer();
  const Frame half = pattern(32764);
  const Bytes parts[] = {half.all(), half.all()};  // 65528 together
  EXPECT_EQ(socket.send_echo(parts, 1, {}, host.now).error(), Error::kMessageTooLong);
  hear(1, text("abcde"));
  hear(2, text("fg"));
  std::array<std::byte, 1> first{};
  std::array<std::byte, 3> second{};
  const MutableBytes into[] = {first, second};
  const auto reply = socket.receive(into);
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->info.is_truncated);
  EXPECT_EQ(reply->info.size, 5U);
  EXPECT_EQ(Frame(Bytes(second)), text("bcd"));
  const auto nowhere = socket.receive(std::span<const MutableBytes>{});
  ASSERT_TRUE(nowhere);
  EXPECT_TRUE(nowhere->info.is_truncated);
  EXPECT_EQ(nowhere->info.size, 2U);
}

TEST_P(Icmp, BatchesSendInOrderUntilOneFails) {
  talk_to_peer();
  const Frame words[] = {text("one"), text("two")};
  const Bytes parts[] = {words[0].all(), words[1].all()};
  std::array<OutgoingEcho, 3> out{};
  out[0] = {.parts = {&parts[0], 1}, .sequence_number = 1};
  out[1] = {.parts = {&parts[1], 1}, .sequence_number = 2};
  out[2] = {.parts = parts, .sequence_number = 3};
  out[2].choices.destination = Endpoint{address(is_v4() ? "192.0.2.1" : "2001:db8::1")};
  EXPECT_EQ(socket.send_batch(out, host.now), 2U);
  EXPECT_THAT(sent(), ElementsAre(IsIp(HasRest(request(1, words[0]))),
                                  IsIp(HasRest(request(2, words[1])))));
  EXPECT_EQ(socket.send_batch({&out[2], 1}, host.now).error(), Error::kNetworkUnreachable);
}

TEST_P(Icmp, BatchesReceiveWhatIsThereInOrder) {
  talk_to_peer();
  std::array<std::array<std::byte, 10>, 2> buffers{};
  std::array<IncomingEcho, 2> in{};
  for (std::size_t i = 0; i < in.size(); ++i) in[i].buffer = buffers[i];
  EXPECT_EQ(socket.receive_batch(in).error(), Error::kWouldBlock);
  for (unsigned i = 1; i <= 3; ++i) hear(i, pattern(i * 5));
  ASSERT_EQ(socket.receive_batch(in), 2U);
  EXPECT_EQ(in[0].reply.sequence_number, 1);
  EXPECT_EQ(Frame(Bytes(buffers[0]).first(5)), pattern(5));
  EXPECT_EQ(in[1].reply.sequence_number, 2);
  EXPECT_FALSE(in[1].reply.info.is_truncated);
  ASSERT_EQ(socket.receive_batch(in), 1U);
  EXPECT_EQ(in[0].reply.sequence_number, 3);
  EXPECT_EQ(in[0].reply.info.size, 15U);
  EXPECT_TRUE(in[0].reply.info.is_truncated);
  EXPECT_EQ(in[1].reply.sequence_number, 2);  // untouched
  EXPECT_EQ(socket.receive_batch(in).error(), Error::kWouldBlock);
  socket.close();
  EXPECT_EQ(socket.receive_batch(in).error(), Error::kInvalidHandle);
}

TEST_P(Icmp, WithoutAPeerNothingIsSent) {
  EXPECT_EQ(socket.send_echo(Bytes{}, 1, {}, host.now).error(), Error::kNotConnected);
  EXPECT_EQ(socket.connect(is_v4() ? host.peer6 : host.peer4).error(), Error::kInvalidArgument);
  socket.close();
  EXPECT_EQ(socket.receive(buffer).error(), Error::kInvalidHandle);
}

INSTANTIATE_TEST_SUITE_P(Families, Icmp,
                         testing::Values(AddressFamily::kIpv4, AddressFamily::kIpv6));

}  // namespace
}  // namespace strata::icmp_socket_test
