// SPDX-License-Identifier: Apache-2.0
// A DHCP client on an interface, and a server played on the neighbour's sockets.
#include "service/names/dhcp_service.h"

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
  explicit Server(Lab& lab, const char* interface = "theirs")
      : socket_(*UdpSocket::open(lab.theirs->stack(), AddressFamily::kIpv4)) {
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
    header.your_address = kOffered;
    std::array<std::byte, 600> out{};
    wire::DhcpWriter writer(header, out);
    EXPECT_TRUE(writer.add(wire::DhcpOption::kMessageType, static_cast<std::uint8_t>(type)));
    EXPECT_TRUE(writer.add(wire::DhcpOption::kServerIdentifier, kServer));
    EXPECT_TRUE(writer.add(wire::DhcpOption::kLeaseTime, std::uint32_t{3600}));
    EXPECT_TRUE(writer.add(wire::DhcpOption::kSubnetMask, std::uint32_t{0xffff'ff00}));
    EXPECT_TRUE(writer.add(wire::DhcpOption::kRouter, kServer));
    EXPECT_TRUE(writer.add(wire::DhcpOption::kDomainNameServer, kServer));
    EXPECT_TRUE(writer.add(wire::DhcpOption::kInterfaceMtu, std::uint16_t{1300}));
    EXPECT_TRUE(socket_.send_to(writer.finish(),
                                {IpAddress::limited_broadcast(), wire::kDhcpClientPort}, lab_now));
  }
  UdpSocket socket_;
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

TEST(DhcpService, AnAddressThatVanishesIsDeclined) {
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
  EXPECT_EQ(server.heard.back(), wire::DhcpMessageType::kDecline);
  EXPECT_EQ(mtu_of(stack), 1500U);
  lab.run_for(std::chrono::seconds(11));
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
