// SPDX-License-Identifier: Apache-2.0
// The hosts file: what its lines mean, and where it cannot be read.
#include "dns/hosts.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "strata/memory.h"

namespace strata::dns::hosts_test {
namespace {

class HostsTest : public testing::Test {
 protected:
  std::vector<IpAddress> find(const char* name, bool v4) {
    AddressSet found;
    is_known_ = hosts_.find(*wire::DnsName::parse(name), v4, found);
    return {found.span().begin(), found.span().end()};
  }

  HeapMemory memory_;
  Hosts hosts_{memory_, 64};
  bool is_known_ = false;
};

TEST_F(HostsTest, LinesNameHosts) {
  EXPECT_EQ(hosts_.read("# a comment\n"
                        "192.0.2.1  a.test a   # more\n"
                        "\t192.0.2.2\ta\r\n"
                        "\n"
                        "fd00::1 a\n"
                        "fe80::1%eth0 b"),
            0U);
  EXPECT_EQ(find("A", true),
            (std::vector{IpAddress::v4(192, 0, 2, 1), IpAddress::v4(192, 0, 2, 2)}));
  EXPECT_EQ(find("a", false), std::vector{*IpAddress::parse("fd00::1")});
  EXPECT_EQ(find("a.test", true).size(), 1U);
  EXPECT_EQ(find("b", false), std::vector{*IpAddress::parse("fe80::1")});
  EXPECT_TRUE(find("b", true).empty());
  EXPECT_TRUE(is_known_);
  EXPECT_TRUE(find("c", true).empty());
  EXPECT_FALSE(is_known_);
}

TEST_F(HostsTest, TheFirstFaultIsToldByItsLineAndTheRestIsRead) {
  EXPECT_EQ(hosts_.read("192.0.2.1 a\nnonsense b\n192.0.2.3 c..d e\n"), 2U);
  EXPECT_EQ(find("e", true).size(), 1U);
  EXPECT_EQ(hosts_.read("192.0.2.1 x\n"), 0U);
  EXPECT_TRUE(find("e", true).empty());
}

TEST_F(HostsTest, EntriesAreBounded) {
  std::string text;
  for (int i = 0; i < 70; ++i) text += "192.0.2.1 n" + std::to_string(i) + "\n";
  EXPECT_EQ(hosts_.read(text), 65U);
  EXPECT_EQ(hosts_.size(), 64U);
}

}  // namespace
}  // namespace strata::dns::hosts_test
