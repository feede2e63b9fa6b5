// SPDX-License-Identifier: Apache-2.0
// A DHCP client on an interface, and a server played on the neighbour's sockets.
#include "service/names/dhcp_service.h"

#include <algorithm>
#include <optional>

#include "service/lab.h"
#include "strata/wire/dhcp_options.h"

namespace strata::service::dhcp_service_test {
namespace {

const IpAddress kServer = IpAddress::v4(10, 77, 0, 1);
const IpAddress kOffered = IpAddress::v4(10, 77, 0, 50);

// Gives everybody the same address, by broadcast.
class Server {
 public:
  explicit Server(Lab& lab, const char* interface = "theirs", const IpAddress& router = kServer,
                  const IpAddress& offered = kOffered)
      : socket_(*UdpSocket::open(lab.theirs->stack(), AddressFamily::kIpv4)),
        router_(router),
        offered_(offered) {
    EXPECT_TRUE(socket_.set_reuse_port(true));
    EXPECT_TRUE(socket_.bind({IpAddress::any_v4(), wire::kDhcpServerPort}));
    EXPECT_TRUE(socket_.set_broadcast(true));
    EXPECT_TRUE(socket_.set_bound_interface(*lab.theirs->stack().find_interface(interface)));
    EXPECT_TRUE(socket_.on_ready([this](Readiness) { serve(); }));
  }
  std::vector<wire::DhcpMessageType> heard;

 private:
  void serve() {
    std::array<std::byte, 2048> buffer;
    while (const auto got = socket_.receive(buffer)) {
      const auto view = wire::DhcpView::parse(Bytes(buffer).first(got->size));
      ASSERT_TRUE(view.has_value());
      heard.push_back(*wire::DhcpOptions(*view).message_type());
      if (heard.back() == wire::DhcpMessageType::kDiscover)
        reply(*view, wire::DhcpMessageType::kOffer);
      if (heard.back() == wire::DhcpMessageType::kRequest)
        reply(*view, wire::DhcpMessageType::kAck);
    }
  }
  void reply(const wire::DhcpView& to, wire::DhcpMessageType type) {
    wire::DhcpHeader header = to.header();
    header.operation = wire::DhcpOperation::kReply;
    header.your_address = offered_;
    std::array<std::byte, 600> out{};
    wire::DhcpWriter writer(header, out);
    EXPECT_TRUE(writer.add(wire::DhcpOption::kMessageType, static_cast<std::uint8_t>(type)));
    EXPECT_TRUE(writer.add(wire::DhcpOption::kServerIdentifier, router_));
    EXPECT_TRUE(writer.add(wire::DhcpOption::kLeaseTime, std::uint32_t{3600}));
    EXPECT_TRUE(writer.add(wire::DhcpOption::kSubnetMask, std::uint32_t{0xffff'ff00}));
    EXPECT_TRUE(writer.add(wire::DhcpOption::kRouter, router_));
    EXPECT_TRUE(writer.add(wire::DhcpOption::kDomainNameServer, kServer));
    EXPECT_TRUE(writer.add(wire::DhcpOption::kInterfaceMtu, std::uint16_t{1300}));
    EXPECT_TRUE(socket_.send_to(writer.finish(),
                                {IpAddress::limited_broadcast(), wire::kDhcpClientPort}, lab_now));
  }
  UdpSocket socket_;
  IpAddress router_;
  IpAddress offered_;
};

std::size_t mtu_of(const Stack& stack) {
  std::size_t mtu = 0;
  stack.for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.name.view() == "ours") mtu = entry.mtu;
  });
  return mtu;
}

bool has_default_route(const Stack& stack) {
  bool has = false;
  stack.for_each_route([&](const RouteEntry& entry) {
    has = has || (entry.destination.length() == 0 && entry.gateway == kServer);
  });
  return has;
}

TEST(DhcpService, WhatALeaseBringsGoesWithIt) {
  Lab lab;
  Server server(lab);
  Stack& stack = lab.ours->stack();
  const InterfaceId interface = *stack.find_interface("ours");
  ASSERT_TRUE(stack.remove_address(interface, IpAddress::v4(10, 77, 0, 2), lab_now));
  const std::size_t mtu = mtu_of(stack);
  {
    auto service =
        DhcpService::start(stack, *lab.loop, lab.ours->resolver(), interface, {1, 2}, {});
    ASSERT_TRUE(service.has_value()) << service.error().text;
    lab.run_for(std::chrono::seconds(2));
    EXPECT_TRUE((*service)->is_bound());
    EXPECT_TRUE(stack.is_local(kOffered));
    EXPECT_TRUE(has_default_route(stack));
    EXPECT_EQ(mtu_of(stack), 1300U);
    EXPECT_EQ(lab.ours->resolver().current_servers().front().address, kServer);
    EXPECT_TRUE((*service)->stop());
    lab.run_for(std::chrono::milliseconds(100));
    EXPECT_EQ(server.heard.back(), wire::DhcpMessageType::kRelease);
  }
  EXPECT_FALSE(stack.is_local(kOffered));
  EXPECT_FALSE(has_default_route(stack));
  EXPECT_EQ(mtu_of(stack), mtu);
  EXPECT_TRUE(lab.ours->resolver().current_servers().empty());
}

TEST(DhcpService, AVlanHasALeaseOfItsOwn) {
  Lab lab;
  Stack& stack = lab.ours->stack();
  Stack& other = lab.theirs->stack();
  const VlanTags tags{.tags = {{{.id = 10}}}, .count = 1};
  InterfaceConfig config;
  config.name = "vlan";
  const auto vlan_of = [&](Stack& where, const char* port) {
    return where.add_vlan(*where.find_interface(port), tags, config, lab_now).value();
  };
  const InterfaceId ours = vlan_of(stack, "ours");
  const InterfaceId theirs = vlan_of(other, "theirs");
  // The same network as outside the VLAN: what leaves must not go by that.
  ASSERT_TRUE(
      stack.remove_address(*stack.find_interface("ours"), IpAddress::v4(10, 77, 0, 2), lab_now));
  ASSERT_TRUE(other.remove_address(*other.find_interface("theirs"), kServer, lab_now));
  ASSERT_TRUE(other.add_address(theirs, Prefix(kServer, 24), lab_now));
  lab.run_for(std::chrono::seconds(10));
  Server server(lab, "vlan");
  auto service = DhcpService::start(stack, *lab.loop, lab.ours->resolver(), ours, {1, 2}, {});
  ASSERT_TRUE(service.has_value()) << service.error().text;
  lab.run_for(std::chrono::seconds(10));  // nobody else has the address (RFC 5227 2.1.1)
  ASSERT_TRUE((*service)->is_bound());
  EXPECT_TRUE(has_default_route(stack));
  stack.for_each_address([&](const AddressEntry& entry) {
    EXPECT_EQ(entry.prefix.address() == kOffered, entry.interface == ours && entry.prefix.is_v4());
  });
  EXPECT_EQ(mtu_of(stack), 1500U);  // the lease's is the VLAN's
  EXPECT_TRUE((*service)->stop());
  lab.run_for(std::chrono::milliseconds(100));
  EXPECT_EQ(server.heard.back(), wire::DhcpMessageType::kRelease);
}

// The one that came first, or was renewed last, has no better route for it.
TEST(DhcpService, OfTwoLeasesTheRouteOfTheFirstInterfaceWins) {
  Lab lab;
  Stack& stack = lab.ours->stack();
  Stack& other = lab.theirs->stack();
  const VlanTags tags{.tags = {{{.id = 10}}}, .count = 1};
  InterfaceConfig config;
  config.name = "vlan";
  const InterfaceId first = *stack.find_interface("ours");
  const InterfaceId second = stack.add_vlan(first, tags, config, lab_now).value();
  const InterfaceId theirs =
      other.add_vlan(*other.find_interface("theirs"), tags, config, lab_now).value();
  const IpAddress second_router = IpAddress::v4(10, 78, 0, 1);
  ASSERT_TRUE(stack.remove_address(first, IpAddress::v4(10, 77, 0, 2), lab_now));
  ASSERT_TRUE(other.add_address(theirs, Prefix(second_router, 24), lab_now));
  lab.run_for(std::chrono::seconds(10));
  Server one(lab);
  Server two(lab, "vlan", second_router, IpAddress::v4(10, 78, 0, 50));
  DnsResolver& resolver = lab.ours->resolver();
  auto late = DhcpService::start(stack, *lab.loop, resolver, second, {1, 2}, {});
  lab.run_for(std::chrono::seconds(10));
  auto early = DhcpService::start(stack, *lab.loop, resolver, first, {1, 2}, {});
  lab.run_for(std::chrono::seconds(10));
  ASSERT_TRUE((*late)->is_bound());
  ASSERT_TRUE((*early)->is_bound());
  std::vector<RouteEntry> defaults;
  stack.for_each_route([&](const RouteEntry& entry) {
    if (entry.destination.length() == 0 && entry.destination.is_v4()) defaults.push_back(entry);
  });
  ASSERT_EQ(defaults.size(), 2U);
  EXPECT_EQ(defaults[0].interface, first) << "routes are told in the order in which they are used";
  EXPECT_EQ(defaults[1].interface, second);
  EXPECT_LT(defaults[0].metric, defaults[1].metric);
}

TEST(DhcpService, AnAddressThatVanishesIsNoConflict) {
  Lab lab;
  Server server(lab);
  Stack& stack = lab.ours->stack();
  const InterfaceId interface = *stack.find_interface("ours");
  ASSERT_TRUE(stack.remove_address(interface, IpAddress::v4(10, 77, 0, 2), lab_now));
  auto service = DhcpService::start(stack, *lab.loop, lab.ours->resolver(), interface, {1, 2}, {});
  ASSERT_TRUE(service.has_value());
  lab.run_for(std::chrono::seconds(2));
  ASSERT_TRUE((*service)->is_bound());
  ASSERT_TRUE(stack.remove_address(interface, kOffered, lab_now));
  lab.run_for(std::chrono::seconds(2));
  EXPECT_FALSE((*service)->is_bound());
  EXPECT_EQ(std::ranges::count(server.heard, wire::DhcpMessageType::kDecline), 0);
  EXPECT_EQ(mtu_of(stack), 1500U);
  lab.run_for(std::chrono::seconds(11));
  EXPECT_TRUE((*service)->is_bound());
}

TEST(DhcpService, WhoIsPluggedInAsksSoon) {
  Lab lab;
  Stack& stack = lab.ours->stack();
  const InterfaceId interface = *stack.find_interface("ours");
  ASSERT_TRUE(stack.remove_address(interface, IpAddress::v4(10, 77, 0, 2), lab_now));
  auto service = DhcpService::start(stack, *lab.loop, lab.ours->resolver(), interface, {1, 2}, {});
  ASSERT_TRUE(service.has_value());
  lab.run_for(std::chrono::seconds(35));  // by now it asks once in half a minute
  lab.link.set_up(false);
  lab.run_for(std::chrono::seconds(2));
  const Server server(lab);
  lab.link.set_up(true);
  lab.run_for(std::chrono::seconds(4));
  EXPECT_TRUE((*service)->is_bound());
}

TEST(DhcpService, WhatIsNoEthernetHasNone) {
  Lab lab;
  const auto none = DhcpService::start(lab.ours->stack(), *lab.loop, lab.ours->resolver(),
                                       *lab.ours->stack().find_interface("lo"), {1, 2}, {});
  EXPECT_FALSE(none.has_value());
}

}  // namespace
}  // namespace strata::service::dhcp_service_test
