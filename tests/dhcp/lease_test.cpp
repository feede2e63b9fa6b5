// SPDX-License-Identifier: Apache-2.0
// What an acknowledgement grants, and what makes it unusable.
#include "dhcp/lease.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace strata::dhcp::lease_test {
namespace {

using wire::DhcpOption;

const IpAddress kServer = IpAddress::v4(10, 77, 0, 1);

std::optional<Lease> read(const std::function<void(wire::DhcpWriter&)>& more,
                          const IpAddress& address = IpAddress::v4(10, 77, 0, 50)) {
  std::array<std::byte, 1024> out{};
  wire::DhcpWriter writer({.your_address = address}, out);
  EXPECT_TRUE(writer.add(DhcpOption::kServerIdentifier, kServer));
  EXPECT_TRUE(writer.add(DhcpOption::kLeaseTime, std::uint32_t{60}));
  more(writer);
  const auto view = *wire::DhcpView::parse(writer.finish());
  return read_lease(view, wire::DhcpOptions(view), Time(std::chrono::seconds(5)));
}

void add(wire::DhcpWriter& writer, DhcpOption code, std::initializer_list<int> octets) {
  std::vector<std::byte> data;
  for (const int octet : octets) data.push_back(static_cast<std::byte>(octet));
  EXPECT_TRUE(writer.add(code, Bytes(data)));
}

TEST(Lease, EveryOptionIsRead) {
  const auto lease = read([](wire::DhcpWriter& writer) {
    add(writer, DhcpOption::kSubnetMask, {255, 255, 0, 0});
    add(writer, DhcpOption::kRouter, {10, 77, 0, 1, 10, 77, 0, 2});
    add(writer, DhcpOption::kDomainNameServer, {10, 77, 0, 3});
    add(writer, DhcpOption::kNtpServers, {10, 77, 0, 4});
    add(writer, DhcpOption::kInterfaceMtu, {5, 20});
    add(writer, DhcpOption::kDomainName, {'x', '.', 'y', 0});
    add(writer, DhcpOption::kClasslessRoutes, {8, 10, 0, 0, 0, 0, 0, 10, 77, 0, 9});
  });
  ASSERT_TRUE(lease.has_value());
  EXPECT_EQ(lease->address, *Prefix::parse("10.77.0.50/16"));
  EXPECT_EQ(lease->server, kServer);
  EXPECT_EQ(lease->routers.count, 2);
  EXPECT_EQ(lease->name_servers.span().front(), IpAddress::v4(10, 77, 0, 3));
  EXPECT_EQ(lease->time_servers.span().front(), IpAddress::v4(10, 77, 0, 4));
  EXPECT_EQ(lease->mtu, 1300);
  EXPECT_EQ(lease->search.span().front(), *wire::DnsName::parse("x.y"));
  EXPECT_EQ(lease->routes.count, 2);
  EXPECT_EQ(lease->routes.span().back().router, IpAddress::v4(10, 77, 0, 9));
  EXPECT_EQ(lease->expires(), Time(std::chrono::seconds(65)));
}

// RFC 3397 2: names share their ends; the search list stands above the domain name.
TEST(Lease, TheSearchListIsCompressed) {
  const auto lease = read([](wire::DhcpWriter& writer) {
    add(writer, DhcpOption::kDomainName, {'z'});
    add(writer, DhcpOption::kDomainSearch, {1, 'a', 1, 'b', 0, 1, 'c', 0xc0, 2, 0xc0, 9, 1});
  });
  ASSERT_TRUE(lease.has_value());
  ASSERT_EQ(lease->search.count, 2);
  EXPECT_EQ(lease->search.span()[0], *wire::DnsName::parse("a.b"));
  EXPECT_EQ(lease->search.span()[1], *wire::DnsName::parse("c.b"));
}

TEST(Lease, WithoutAMaskTheClassOfTheAddressSaysIt) {
  const auto nothing = [](wire::DhcpWriter&) {};
  EXPECT_EQ(read(nothing)->address.length(), 8U);
  EXPECT_EQ(read(nothing, IpAddress::v4(172, 16, 0, 5))->address.length(), 16U);
  EXPECT_EQ(read(nothing, IpAddress::v4(192, 0, 2, 5))->address.length(), 24U);
  const auto holes = read(
      [](wire::DhcpWriter& writer) { add(writer, DhcpOption::kSubnetMask, {255, 0, 255, 0}); });
  EXPECT_EQ(holes->address.length(), 8U);
}

TEST(Lease, NonsenseInOptionsIsLeftOut) {
  const auto lease = read([](wire::DhcpWriter& writer) {
    add(writer, DhcpOption::kRouter, {10, 77, 0});
    add(writer, DhcpOption::kDomainNameServer, {0, 0, 0, 0, 255, 255, 255, 255, 224, 0, 0, 1});
    add(writer, DhcpOption::kInterfaceMtu, {0, 67});
    add(writer, DhcpOption::kClasslessRoutes, {33, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    add(writer, DhcpOption::kDomainName, {'a', ' ', 'b'});
  });
  ASSERT_TRUE(lease.has_value());
  EXPECT_EQ(lease->routers.count + lease->name_servers.count + lease->routes.count, 0);
  EXPECT_EQ(lease->search.count, 0);
  EXPECT_EQ(lease->mtu, 0);
}

TEST(Lease, AddressesThatNoHostMayHaveAreRefused) {
  const auto mask = [](wire::DhcpWriter& writer) {
    add(writer, DhcpOption::kSubnetMask, {255, 255, 255, 0});
  };
  for (const char* const text : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "240.0.0.1",
                                 "255.255.255.255", "10.77.0.0", "10.77.0.255"}) {
    EXPECT_FALSE(read(mask, *IpAddress::parse(text))) << text;
  }
  EXPECT_TRUE(read(mask, *IpAddress::parse("10.77.0.254")));
}

}  // namespace
}  // namespace strata::dhcp::lease_test
