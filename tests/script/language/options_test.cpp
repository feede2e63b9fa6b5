// SPDX-License-Identifier: Apache-2.0
#include "script/language/options.h"

#include <gtest/gtest.h>

namespace strata::script::options_test {
namespace {

TEST(Options, ChooseAddressesByFamily) {
  Options options;
  EXPECT_EQ(to_text(options.remote()).view(), "192.0.2.1");
  EXPECT_TRUE(options.local_prefix().contains(options.gateway()));
  ASSERT_TRUE(apply_option(options, "ip_version", "ipv6"));
  EXPECT_EQ(to_text(options.remote()).view(), "2001:db8::1");
  EXPECT_TRUE(options.local_prefix().contains(options.gateway()));
  EXPECT_FALSE(options.is_socket_v4());
  ASSERT_TRUE(apply_option(options, "ip_version", "ipv4-mapped-ipv6"));
  EXPECT_TRUE(options.is_wire_v4());
  EXPECT_FALSE(options.is_socket_v4());
}

TEST(Options, TakeAddressesAndMasks) {
  Options options;
  ASSERT_TRUE(apply_option(options, "local_ip", "10.1.2.3"));
  ASSERT_TRUE(apply_option(options, "remote_ip", "10.9.9.9/24"));
  ASSERT_TRUE(apply_option(options, "gateway_ip", "10.1.2.1"));
  ASSERT_TRUE(apply_option(options, "netmask_ip", "255.255.255.0"));
  EXPECT_EQ(to_text(options.local_prefix()).view(), "10.1.2.3/24");
  EXPECT_EQ(to_text(options.remote()).view(), "10.9.9.9");
}

// Scripts name addresses of one family, and are run in all.
TEST(Options, LeaveAddressesOfTheOtherFamilyAside) {
  Options options;
  ASSERT_TRUE(apply_option(options, "local_ip", "fd00::1"));
  ASSERT_TRUE(apply_option(options, "local_ip", "10.1.2.3"));
  ASSERT_TRUE(apply_option(options, "remote_ip", "10.9.9.9"));
  EXPECT_EQ(to_text(options.local()).view(), "10.1.2.3");
  ASSERT_TRUE(apply_option(options, "ip_version", "ipv6"));
  EXPECT_EQ(to_text(options.local()).view(), "fd00::1");
  EXPECT_EQ(to_text(options.remote()).view(), "2001:db8::1");
}

TEST(Options, TakeWhatOnlyPacketdrillItselfNeeds) {
  Options options;
  for (const char* const name : {"send_omit_free", "is_anyip", "debug"}) {
    EXPECT_TRUE(apply_option(options, name, "")) << name;
  }
  EXPECT_TRUE(apply_option(options, "psp_udp_port", "1000"));
  ASSERT_TRUE(apply_option(options, "mss", "1000"));
  EXPECT_EQ(options.inbound_mss, 1000);
}

TEST(Options, SetWhatIsChecked) {
  Options options;
  ASSERT_TRUE(apply_option(options, "tolerance_percent", "0.5"));
  ASSERT_TRUE(apply_option(options, "tcp_ts_tick_usecs", "1000"));
  ASSERT_TRUE(apply_option(options, "non_fatal", "packet,syscall"));
  ASSERT_TRUE(apply_option(options, "strict_segments", ""));
  EXPECT_EQ(options.tolerance_percent, 0.5);
  EXPECT_EQ(options.timestamp_tick, std::chrono::milliseconds(1));
  EXPECT_TRUE(options.packets_may_fail && options.calls_may_fail && options.strict_segments);
}

TEST(Options, RefuseWhatMakesNoSense) {
  struct Row {
    std::string_view name, value;
  };
  const Row rows[] = {{"ip_version", "ipv5"},
                      {"mtu", "67"},
                      {"mtu", "70000"},
                      {"bind_port", "0"},
                      {"local_ip", "1.2.3"},
                      {"netmask_ip", "255.0.255.0"},
                      {"tolerance_usecs", "-1"},
                      {"non_fatal", "all"},
                      {"define", "=1"},
                      {"strict_segments", "yes"},
                      {"wire_server", ""},
                      {"tolerance_percent", "nan"},
                      {"code_command", "perl"},
                      {"mss", "-1"},
                      {"local_ip", "224.0.0.1"},
                      {"remote_ip", "0.0.0.0"},
                      {"gateway_ip", "255.255.255.255"}};
  for (const Row& row : rows) {
    Options options;
    EXPECT_FALSE(apply_option(options, row.name, row.value)) << row.name << "=" << row.value;
  }
}

}  // namespace
}  // namespace strata::script::options_test
