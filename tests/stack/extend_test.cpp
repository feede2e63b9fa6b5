// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/core.h"
#include "support/bench.h"
#include "support/matchers.h"

namespace strata::extend_test {
namespace {

using namespace support;
using testing::IsEmpty;

class Ethertypes final : public EthertypeHandler {
 public:
  void on_frame(PacketPtr packet, const MacAddress& source, const MacAddress& destination,
                Time) override {
    heard = Frame(packet->bytes());
    from = source;
    to = destination;
  }
  Frame heard;
  MacAddress from;
  MacAddress to;
};

class Protocols final : public ProtocolHandler {
 public:
  void on_packet(PacketPtr packet, const IpAddress& source, const IpAddress&, Time) override {
    heard = Frame(packet->bytes().subspan(packet->notes().transport_offset));
    from = source;
  }
  Frame heard;
  IpAddress from;
};

TEST(Extend, EthertypesCanBeAdded) {
  Host host;
  Ethertypes handler;
  ASSERT_TRUE(host.stack.set_ethertype_handler(0x88b5, &handler));
  EXPECT_EQ(host.stack.set_ethertype_handler(0x88b5, &handler).error(), Error::kAlreadyExists);
  for (const unsigned spoken : {0x0800U, 0x86ddU, 0x0806U, 0x8100U, 0x0100U}) {
    EXPECT_EQ(
        host.stack.set_ethertype_handler(static_cast<std::uint16_t>(spoken), &handler).error(),
        Error::kAlreadyExists);
  }
  (void)host.exchange(ethernet(kOurMac, kPeerMac, 0x88b5, text("mine")));
  EXPECT_EQ(handler.heard, text("mine"));
  EXPECT_EQ(handler.from, kPeerMac);
  EXPECT_EQ(handler.to, kOurMac);
  ASSERT_TRUE(host.stack.set_ethertype_handler(0x88b5, nullptr));
  EXPECT_EQ(host.stack.set_ethertype_handler(0x88b5, nullptr).error(), Error::kNotFound);
  (void)host.exchange(ethernet(kOurMac, kPeerMac, 0x88b5, text("mine")));
  EXPECT_EQ(host.drops(DropReason::kFrameUnknownEthertype), 1U);
}

TEST(Extend, ProtocolsCanBeAdded) {
  Host host;
  Protocols handler;
  ASSERT_TRUE(host.stack.set_protocol_handler(200, &handler));
  for (const unsigned spoken : {0U, 1U, 2U, 6U, 17U, 43U, 44U, 58U, 60U}) {
    EXPECT_EQ(host.stack.set_protocol_handler(static_cast<std::uint8_t>(spoken), &handler).error(),
              Error::kAlreadyExists);
  }
  for (const auto& [peer, own] : {std::pair{host.peer4, host.own4}, {host.peer6, host.own6}}) {
    EXPECT_THAT(host.from_peer(ip_packet(peer, own, 200, text("mine"))), IsEmpty());
    EXPECT_EQ(handler.heard, text("mine"));
    EXPECT_EQ(handler.from, peer);
  }
  ASSERT_TRUE(host.stack.set_protocol_handler(200, nullptr));
}

TEST(Extend, RoutesComeAndGo) {
  Host host;
  const RouteEntry route{.destination = prefix("192.0.2.0/24"), .gateway = host.peer4};
  ASSERT_TRUE(host.stack.add_route(route));
  EXPECT_EQ(host.stack.add_route(route).error(), Error::kAlreadyExists);
  const auto count = [&] {
    int routes = 0;
    host.stack.for_each_route([&](const RouteEntry& entry) {
      routes += entry.destination == route.destination && entry.interface == host.eth0 ? 1 : 0;
    });
    return routes;
  };
  EXPECT_EQ(count(), 1);
  ASSERT_TRUE(host.stack.remove_route(route));
  EXPECT_EQ(host.stack.remove_route(route).error(), Error::kNotFound);
  EXPECT_EQ(count(), 0);
  // A gateway nobody is a neighbour of.
  EXPECT_EQ(
      host.stack
          .add_route({.destination = prefix("192.0.2.0/24"), .gateway = address("203.0.113.1")})
          .error(),
      Error::kNetworkUnreachable);
}

}  // namespace
}  // namespace strata::extend_test
