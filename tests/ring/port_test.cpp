// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "driver/pipe/own_pipe.h"
#include "strata/pcap.h"
#include "strata/ring.h"

namespace strata::ring::port_test {
namespace {

TEST(Port, HasAsManyRingsAsWereAskedFor) {
  const auto port = Port::open("null:x").rx_rings(3).tx_rings(2).make();
  ASSERT_TRUE(port.has_value());
  EXPECT_EQ(port->rx_rings(), 3U);
  EXPECT_EQ(port->tx_rings(), 2U);
  const auto one_way = Port::open("null:x").rx_rings(0).make();
  ASSERT_TRUE(one_way.has_value());
  EXPECT_EQ(one_way->rx_rings(), 0U);
  EXPECT_EQ(one_way->tx_rings(), 1U);
}

TEST(Port, RefusesMoreRingsThanTheDeviceHas) {
  const driver::pipe::OwnPipe pipe;
  for (const std::string& spec : {"pipe:" + pipe.name(), "pcap:" + pipe.name()}) {
    const auto port = Port::open(spec).rx_rings(2).make();
    ASSERT_FALSE(port.has_value()) << spec;
  }
  const auto port = Port::open("pipe:" + pipe.name()).tx_rings(2).make();
  EXPECT_NE(port.error().text.find("1 of each kind of ring"), std::string::npos);
}

TEST(Port, KnowsTheShortFormOfAPipe) {
  const driver::pipe::OwnPipe pipe;
  auto first = Port::open("pipe{" + pipe.name() + "}").make();
  auto second = Port::open("pipe:" + pipe.name()).make();
  ASSERT_TRUE(first.has_value() && second.has_value());
  const auto third = Port::open("pipe{" + pipe.name() + "}").make();
  ASSERT_FALSE(third.has_value());
  EXPECT_NE(third.error().text.find("both of its ends are in use"), std::string::npos);
}

TEST(Port, SaysWhatIsWrongWithAName) {
  for (const char* spec : {"zoo:x", "pipe", "null:x,frame=xyz", "tap:x,colour=red", "^", "pipe{"}) {
    EXPECT_FALSE(Port::open(spec).make().has_value()) << spec;
  }
  EXPECT_FALSE(Port::open("zoo:x").check().has_value());
  EXPECT_TRUE(Port::open("eth0^").check().has_value()) << "nothing is opened";
  EXPECT_FALSE(Port::open("null:x").make()->rx().wait({}));
}

TEST(Port, RecordsAndReplaysCaptures) {
  const driver::pipe::OwnPipe folder;
  const std::string recorded = folder.name() + ".pcap";
  {
    auto port = Port::open("pcap:/dev/null,write=" + recorded).make();
    if (!port) port = Port::open("pcap:,write=" + recorded).make();
    ASSERT_TRUE(port.has_value()) << port.error().text;
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(port->tx().send(std::vector<std::byte>(60, static_cast<std::byte>(i))));
    }
  }
  auto port = Port::open("pcap:" + recorded).make();
  ASSERT_TRUE(port.has_value()) << port.error().text;
  int received = 0;
  for (auto batch = port->rx().batch(7); !batch.empty(); batch = port->rx().batch(7)) {
    for (const Frame& frame : batch) {
      EXPECT_EQ(frame.size(), 60U);
      EXPECT_EQ(frame.bytes()[0], static_cast<std::byte>(received++));
    }
  }
  EXPECT_EQ(received, 100);
}

}  // namespace
}  // namespace strata::ring::port_test
