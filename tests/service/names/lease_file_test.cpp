// SPDX-License-Identifier: Apache-2.0
// Leases on disk: they come back, of the right device and as old as they are.
#include "service/names/lease_file.h"

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
  lease.search.add(*wire::DnsName::parse("example.test"));
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
