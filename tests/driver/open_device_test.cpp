// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "driver/packets.h"
#include "strata/devices.h"

namespace strata::driver::open_device_test {
namespace {

using testing::HasSubstr;

TEST(OpenDevice, OpensWhatTheSpecSays) {
  TestPool pool;
  const auto device = open_device("null:gen,frame=0102030405060708090a0b0c0800,count=2,mtu=1400");
  ASSERT_TRUE(device.has_value()) << device.error().text;
  EXPECT_EQ((*device)->capabilities().mtu, 1400U);
  PacketBatch batch;
  (*device)->receive(pool.pool, batch);
  EXPECT_EQ(batch.size(), 2U);
  EXPECT_EQ(batch[0].size(), 14U);
}

TEST(OpenDevice, RefusesSeveralQueuesForOneStack) {
  const auto device = open_device("tap:x,queues=2");
  ASSERT_FALSE(device.has_value());
  EXPECT_THAT(device.error().text, HasSubstr("several queues need as many stacks"));
}

TEST(OpenDevice, ReportsAFileThatIsNotThere) {
  const auto device = open_device("pcap:/nonexistent/file.pcap");
  ASSERT_FALSE(device.has_value());
  EXPECT_THAT(device.error().text, HasSubstr("/nonexistent/file.pcap: No such file or directory"));
}

TEST(OpenDevice, LeavesTheGatewayToWhoRunsAStack) {
  const auto device = open_device("rootless");
  ASSERT_FALSE(device.has_value());
  EXPECT_THAT(device.error().hint, HasSubstr("strata up"));
}

TEST(OpenDevice, AnUnknownKindComesWithAHint) {
  EXPECT_THAT(open_device("eth0").error().hint, HasSubstr("KIND:NAME"));
  EXPECT_THAT(open_device("netmap:eth0").error().hint,
              HasSubstr("tap, tun, packet, xdp, pcap, pipe, rootless, null"));
}

TEST(MacForName, IsStableLocalAndNoGroup) {
  EXPECT_EQ(mac_for_name("tap0"), mac_for_name("tap0"));
  EXPECT_NE(mac_for_name("tap0"), mac_for_name("tap1"));
  for (int i = 0; i < 1000; ++i) {
    const MacAddress mac = mac_for_name("tap" + std::to_string(i));
    EXPECT_EQ(std::to_integer<unsigned>(mac.bytes()[0]) & 3U, 2U);
  }
}

}  // namespace
}  // namespace strata::driver::open_device_test
