// SPDX-License-Identifier: Apache-2.0
#include "service/names/resolv_conf.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace strata::service::resolv_conf_test {
namespace {

using std::chrono::seconds;

TEST(ResolvConf, ReadsWhatItsPageSays) {
  const auto options = read_resolv_conf(
      "# generated\n"
      "; by somebody\n"
      "nameserver 10.77.0.1\n"
      "nameserver\t2001:db8::53 \n"
      "nameserver fe80::1%eth0\n"
      "domain old.test\n"
      "search lan  example.test.\n"
      "options ndots:2 timeout:3 attempts:4 rotate edns0 inet6\r\n"
      "sortlist 10.0.0.0");
  EXPECT_EQ(options.servers,
            (std::vector{IpAddress::v4(10, 77, 0, 1), *IpAddress::parse("2001:db8::53"),
                         *IpAddress::parse("fe80::1")}));
  EXPECT_EQ(options.search, (std::vector<std::string>{"lan", "example.test."}));
  EXPECT_EQ(options.ndots, 2U);
  EXPECT_EQ(options.timeout, seconds(3));
  EXPECT_EQ(options.attempts, 4U);
  EXPECT_TRUE(options.rotate);
}

TEST(ResolvConf, CutsWhatIsTooLargeAndLeavesOutWhatCannotBeRead) {
  const auto options = read_resolv_conf(
      "nameserver here\nnameserver\noptions ndots:99999999999 timeout:0 attempts:77\n"
      "options ndots: timeout:x attempts:-1 rotated\n\n   \nsearch\n");
  EXPECT_TRUE(options.servers.empty());
  EXPECT_TRUE(options.search.empty());
  EXPECT_EQ(options.ndots, 15U);
  EXPECT_EQ(options.timeout, seconds(1));
  EXPECT_EQ(options.attempts, 5U);
  EXPECT_FALSE(options.rotate);
}

TEST(ResolvConf, TheEngineGetsTheSame) {
  const NamesOptions made = engine_options({.servers = {IpAddress::v4(10, 0, 0, 1)},
                                            .search = {"lan", "a..b", "."},
                                            .hosts = "10.0.0.9 nas\n",
                                            .ndots = 3,
                                            .timeout = seconds(4),
                                            .attempts = 2,
                                            .rotate = true});
  EXPECT_EQ(made.servers.size(), 1U);
  EXPECT_EQ(made.search, std::vector{*wire::DnsName::parse("lan")});
  EXPECT_EQ(made.hosts, "10.0.0.9 nas\n");
  EXPECT_EQ(made.policy,
            (dns::Policy{.timeout_first = seconds(4), .rounds = 2, .ndots = 3, .rotate = true}));
}

}  // namespace
}  // namespace strata::service::resolv_conf_test
