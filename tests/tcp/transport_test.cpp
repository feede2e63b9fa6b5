// SPDX-License-Identifier: Apache-2.0
#include "tcp/transport.h"

#include <gtest/gtest.h>

#include "tcp/support/programs.h"

namespace strata::tcp::transport_test {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Transport, TwoOfThemConnectExchangeAndClose) {
  Wire wire;
  const Ends ends = establish(wire);
  EXPECT_EQ(wire.client.transport.state(ends.client), TcpState::kEstablished);
  EXPECT_EQ(wire.server.transport.state(ends.server), TcpState::kEstablished);
  Source up(wire, Side::kClient, ends.client, 1, 100'000);
  Sink up_sink(wire, Side::kServer, ends.server, 1);
  Source down(wire, Side::kServer, ends.server, 2, 50'000);
  Sink down_sink(wire, Side::kClient, ends.client, 2);
  EXPECT_TRUE(wire.run_until([&] {
    up.run();
    down.run();
    up_sink.run();
    down_sink.run();
    wire.pump();
    return up_sink.is_done() && down_sink.is_done();
  }));
  EXPECT_EQ(up_sink.read(), 100'000U);
  EXPECT_EQ(down_sink.read(), 50'000U);
  wire.client.transport.close(ends.client, wire.now);
  wire.server.transport.close(ends.server, wire.now);
  wire.run_for(seconds(2));
  EXPECT_EQ(wire.client.transport.connections(), 0U);
  EXPECT_EQ(wire.server.transport.connections(), 0U);
  EXPECT_GE(wire.client.transport.time_waits() + wire.server.transport.time_waits(), 1U)
      << "one, or two when the FINs crossed";
  wire.run_for(seconds(70));
  EXPECT_EQ(wire.client.transport.time_waits() + wire.server.transport.time_waits(), 0U);
}

}  // namespace
}  // namespace strata::tcp::transport_test
