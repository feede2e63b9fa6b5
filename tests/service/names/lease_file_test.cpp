// SPDX-License-Identifier: Apache-2.0
// Leases on disk: they come back, of the right device and as old as they are.
#include "service/names/lease_file.h"

#include <algorithm>
#include <fstream>

#include "service/lab.h"

namespace strata::service::lease_file_test {
namespace {

const MacAddress kMac = MacAddress::from_value(0x0200'0000'0001);

dhcp::Lease some_lease(Time now) {
  dhcp::Lease lease;
  lease.address = *Prefix::parse("10.77.0.50/24");
  lease.server = IpAddress::v4(10, 77, 0, 1);
  lease.lease_s = 3600;
  lease.obtained = now - std::chrono::minutes(10);
  lease.mtu = 1400;
  lease.routers.add(IpAddress::v4(10, 77, 0, 1));
  lease.name_servers.add(IpAddress::v4(10, 77, 0, 2));
  lease.time_servers.add(IpAddress::v4(10, 77, 0, 3));
  lease.routes.add({*Prefix::parse("0.0.0.0/0"), IpAddress::v4(10, 77, 0, 1)});
  lease.routes.add({*Prefix::parse("10.8.0.0/13"), IpAddress::any_v4()});
  lease.search.add(*wire::DnsName::parse("example.test"));
  lease.set_times(1000, 2000);
  return lease;
}

class LeaseFile : public testing::Test {
 protected:
  TemporaryFolder folder;
  std::string path = folder.path + "/lease";
  Time now{std::chrono::hours(5)};
};

TEST_F(LeaseFile, ComesBackAsOldAsItIs) {
  ASSERT_TRUE(write_lease_file(path, kMac, some_lease(now), now));
  const auto read = read_lease_file(path, kMac, now);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->address, *Prefix::parse("10.77.0.50/24"));
  EXPECT_EQ(read->server, IpAddress::v4(10, 77, 0, 1));
  EXPECT_EQ(read->mtu, 1400);
  EXPECT_EQ(read->routers.count, 1);
  EXPECT_EQ(read->name_servers.count, 1);
  EXPECT_EQ(read->search.span().front(), *wire::DnsName::parse("example.test"));
  EXPECT_NEAR(std::chrono::duration<double>(read->expires() - now).count(), 3000, 2);
  EXPECT_FALSE(read_lease_file(path, kMac, now + std::chrono::hours(1)).has_value());
}

// RFC 2131 3.2 and 4.4.5: without an answer the former lease is used as it was given.
TEST_F(LeaseFile, ComesBackWithItsRoutesAndTimes) {
  const dhcp::Lease written = some_lease(now);
  ASSERT_TRUE(write_lease_file(path, kMac, written, now));
  const auto read = read_lease_file(path, kMac, now);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->renewal_s, 1000U);
  EXPECT_EQ(read->rebinding_s, 2000U);
  EXPECT_TRUE(std::ranges::equal(read->routes.span(), written.routes.span()));
  EXPECT_TRUE(std::ranges::equal(read->time_servers.span(), written.time_servers.span()));
}

TEST_F(LeaseFile, OfFormerVersionsIsReadAsItIs) {
  ASSERT_TRUE(write_lease_file(path, kMac, some_lease(now), now));
  std::ifstream file(path);
  std::string kept;
  for (std::string line; std::getline(file, line);) {
    const std::string key = line.substr(0, line.find(' '));
    if (key != "route" && key != "renewal" && key != "rebinding" && key != "ntp") {
      kept += line + "\n";
    }
  }
  std::ofstream(path) << kept;
  const auto read = read_lease_file(path, kMac, now);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->routers.count, 1);
  EXPECT_EQ(read->routes.count, 0);
  EXPECT_EQ(read->renewal_s, 0U);
}

TEST_F(LeaseFile, SaysNoMoreThanAServerCan) {
  dhcp::Lease lease = some_lease(now);
  lease.routes = {};
  lease.routers = {};
  lease.mtu = 0;
  lease.set_times(0, 0);
  ASSERT_TRUE(write_lease_file(path, kMac, lease, now));
  std::ofstream file(path, std::ios::app);
  file << "renewal 2000\nrebinding 1000\nmtu 65600\nrouter 224.0.0.1\nrouter fd00::1\n"
       << "route 10.0.0.0/8\nroute fd00::/8 10.77.0.1\nroute 10.0.0.0/8 127.0.0.1\n"
       << "route 10.0.0.0/33 10.77.0.1\nroute 10.1.2.3/8 10.77.0.9\n";
  for (int i = 0; i < 1000; ++i) file << "route 10.0.0.0/8 10.77.0.1\n";
  file.close();
  const auto read = read_lease_file(path, kMac, now);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->renewal_s, 0U) << "T1 after T2";
  EXPECT_EQ(read->mtu, 0);
  EXPECT_EQ(read->routers.count, 0);
  ASSERT_EQ(read->routes.count, dhcp::kRoutesMax);
  EXPECT_EQ(read->routes.span().front(),
            (wire::DhcpRoute{*Prefix::parse("10.0.0.0/8"), IpAddress::v4(10, 77, 0, 9)}));
}

TEST_F(LeaseFile, OfAnotherDeviceIsNotOurs) {
  ASSERT_TRUE(write_lease_file(path, kMac, some_lease(now), now));
  EXPECT_FALSE(read_lease_file(path, MacAddress::from_value(1), now).has_value());
}

TEST_F(LeaseFile, NonsenseIsNoLease) {
  EXPECT_FALSE(read_lease_file(path, kMac, now).has_value());
  for (const char* const text :
       {"", "strata-lease 1\n",
        ("strata-lease 1\nmac 02:00:00:00:00:01\naddress 127.0.0.1/8\n"
         "server 10.0.0.1\nobtained 1\nlease 4294967295\n"),
        ("strata-lease 1\nmac 02:00:00:00:00:01\naddress 10.0.0.255/24\n"
         "server 10.0.0.1\nobtained 1\nlease 4294967295\n"),
        ("strata-lease 1\nmac 02:00:00:00:00:01\naddress 10.0.0.2/24\n"
         "server 224.0.0.1\nobtained 1\nlease 4294967295\n"),
        "mac 02:00:00:00:00:01\n", "strata-lease 1\nobtained x\nlease -5\n"}) {
    std::ofstream(path) << text;
    EXPECT_FALSE(read_lease_file(path, kMac, now).has_value()) << text;
  }
  remove_lease_file(path);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(write_lease_file(folder.path + "/no/where", kMac, some_lease(now), now));
}

}  // namespace
}  // namespace strata::service::lease_file_test
