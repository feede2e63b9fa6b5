// SPDX-License-Identifier: Apache-2.0
// Bindings, listeners, ephemeral ports and accept queues, as programs see them.
#include <gtest/gtest.h>

#include <set>

#include "tcp/support/peer.h"
#include "tcp/support/programs.h"

namespace strata::tcp::transport_open_test {
namespace {

using namespace testing;
using std::chrono::seconds;

ConnectRequest to_server(std::uint16_t local_port = 0) {
  return {.flow = {.local_address = kClientAddress,
                   .remote_address = kServerAddress,
                   .local_port = local_port,
                   .remote_port = kServerPort}};
}

TEST(TransportOpen, EphemeralPortsDiffer) {
  Wire wire;
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 100; ++i) {
    const auto handle = wire.client.transport.connect(to_server(), wire.now);
    ASSERT_TRUE(handle.has_value());
    ports.insert(wire.client.transport.local(*handle)->port);
  }
  EXPECT_EQ(ports.size(), 100U);
}

// RFC 9293 3.9.1 MUST: an active OPEN along a flow that exists fails.
TEST(TransportOpen, AFlowExistsOnce) {
  Wire wire;
  ASSERT_TRUE(wire.client.transport.connect(to_server(4000), wire.now));
  EXPECT_EQ(wire.client.transport.connect(to_server(4000), wire.now).error(), Error::kAddressInUse);
}

// RFC 9293 3.9.2.3 MUST: OPEN to a multicast address, or to none, is an error (MUST-46).
TEST(TransportOpen, NowhereIsRefused) {
  Wire wire;
  ConnectRequest request = to_server();
  request.flow.remote_port = 0;
  EXPECT_EQ(wire.client.transport.connect(request, wire.now).error(), Error::kInvalidArgument);
  request = to_server();
  request.flow.remote_address = IpAddress::v4(224, 0, 0, 1);
  EXPECT_EQ(wire.client.transport.connect(request, wire.now).error(), Error::kInvalidArgument);
  request.flow.remote_address = IpAddress::any_v4();
  EXPECT_EQ(wire.client.transport.connect(request, wire.now).error(), Error::kInvalidArgument);
  request.flow.remote_address = IpAddress::loopback_v6();
  EXPECT_EQ(wire.client.transport.connect(request, wire.now).error(), Error::kInvalidArgument);
}

TEST(TransportOpen, ABindingBecomesAConnectionOrAListener) {
  Wire wire;
  Transport& transport = wire.client.transport;
  const auto first = transport.bind({kClientAddress, 4000}, {});
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(transport.bind({kClientAddress, 4000}, {}).error(), Error::kAddressInUse);
  EXPECT_EQ(transport.binding_of(*first)->port, 4000);
  ConnectRequest request = to_server();
  request.binding = *first;
  const auto handle = transport.connect(request, wire.now);
  ASSERT_TRUE(handle.has_value());
  EXPECT_EQ(transport.local(*handle)->port, 4000);
  EXPECT_FALSE(transport.binding_of(*first).has_value());

  const auto second = transport.bind({kClientAddress, 5000}, {});
  const auto listener =
      transport.listen({.local = {}, .binding = *second, .backlog = 1, .options = {}});
  ASSERT_TRUE(listener.has_value());
  EXPECT_EQ(transport.listener_local(*listener)->port, 5000);
  EXPECT_EQ(transport.binding_of(*second).error(), Error::kInvalidHandle);
  EXPECT_EQ(
      transport.listen({.local = {}, .binding = *second, .backlog = 1, .options = {}}).error(),
      Error::kInvalidHandle);
  transport.unbind(*second);
  EXPECT_EQ(transport.bind({kClientAddress, 5000}, {}).error(), Error::kAddressInUse)
      << "the port is the listener's";
  transport.close_listener(*listener, wire.now);
  EXPECT_TRUE(transport.bind({kClientAddress, 5000}, {}).has_value());
}

TEST(TransportOpen, AcceptGivesConnectionsInTheirOrder) {
  Wire wire;
  const Handle listener = listen(wire);
  EXPECT_EQ(wire.server.transport.accept(listener, wire.now).error(), Error::kWouldBlock);
  const Handle first = connect(wire);
  wire.run_for(seconds(1));
  const Handle second = connect(wire);
  wire.run_for(seconds(1));
  EXPECT_TRUE(wire.server.transport.listener_readiness(listener).readable);
  for (const Handle client : {first, second}) {
    const auto accepted = wire.server.transport.accept(listener, wire.now);
    ASSERT_TRUE(accepted.has_value());
    EXPECT_EQ(wire.server.transport.remote(*accepted), wire.client.transport.local(client));
  }
}

TEST(TransportOpen, AcceptedConnectionsHaveTheListenersOptions) {
  Wire wire;
  TcpSocketOptions options;
  options.hop_limit = 3;
  const Ends ends = establish(wire, {}, options);
  EXPECT_EQ(wire.server.transport.options(ends.server)->hop_limit, 3);
  options.hop_limit = 4;
  ASSERT_TRUE(wire.server.transport.set_listener_options(ends.listener, options));
  (void)connect(wire);
  wire.run_for(seconds(1));
  const auto later = wire.server.transport.accept(ends.listener, wire.now);
  ASSERT_TRUE(later.has_value());
  EXPECT_EQ(wire.server.transport.options(*later)->hop_limit, 4);
  EXPECT_EQ(wire.server.transport.options(ends.server)->hop_limit, 3);
}

TEST(TransportOpen, AListenersProgramIsToldOfConnections) {
  Wire wire;
  const Handle listener = listen(wire);
  int told = 0;
  (void)wire.server.transport.on_listener_ready(
      listener, [&](Readiness news) { told += news.readable ? 1 : 0; });
  (void)connect(wire);
  wire.run_for(seconds(1));
  EXPECT_EQ(told, 1);
}

TEST(TransportOpen, WhoWasNotAcceptedIsResetWithTheListener) {
  Wire wire;
  const Handle listener = listen(wire);
  const Handle client = connect(wire);
  wire.run_for(seconds(1));
  wire.server.transport.close_listener(listener, wire.now);
  wire.run_for(seconds(1));
  EXPECT_EQ(wire.client.transport.take_error(client), Error::kConnectionReset);
  EXPECT_EQ(wire.server.transport.connections(), 0U);
  EXPECT_EQ(wire.server.transport.orphans(), 0U);
}

TEST(TransportOpen, AConnectionThatEndsBeforeItIsAcceptedTellsWhy) {
  Wire wire;
  const Handle listener = listen(wire);
  const Handle client = connect(wire);
  wire.run_for(seconds(1));
  wire.client.transport.abort(client, wire.now);
  wire.run_for(seconds(1));
  const auto server = wire.server.transport.accept(listener, wire.now);
  ASSERT_TRUE(server.has_value());
  EXPECT_EQ(wire.server.transport.state(*server), TcpState::kClosed);
  EXPECT_EQ(wire.server.transport.take_error(*server), Error::kConnectionReset);
  wire.server.transport.close(*server, wire.now);
  wire.run_for(seconds(1));
  EXPECT_EQ(wire.server.transport.connections(), 0U);
}

// RFC 6191 2 SHOULD: a later SYN with a later timestamp may take a TIME-WAIT's place.
TEST(TransportOpen, ATimeWaitMakesPlaceForALaterConnection) {
  Wire wire;
  const Handle listener = listen(wire);
  for (int i = 0; i < 3; ++i) {
    const auto client = wire.client.transport.connect(to_server(4000), wire.now);
    ASSERT_TRUE(client.has_value()) << i;
    wire.run_for(seconds(1));
    const auto server = wire.server.transport.accept(listener, wire.now);
    ASSERT_TRUE(server.has_value()) << i;
    // The server ends first, and so has the TIME-WAIT; then the client does.
    const Side first = i == 0 ? Side::kServer : Side::kClient;
    wire.host(first).transport.close(first == Side::kServer ? *server : *client, wire.now);
    wire.run_for(seconds(1));
    wire.host(other(first)).transport.close(first == Side::kServer ? *client : *server, wire.now);
    wire.run_for(seconds(1));
  }
  EXPECT_EQ(wire.server.transport.counters().time_waits_reused, 1U);
  EXPECT_EQ(wire.client.transport.counters().time_waits_reused, 1U);
}

TEST(TransportOpen, AFullTableRefusesAndForgetsNothing) {
  TcpConfig config;
  config.connections_max = 2;
  Wire wire(1, {}, config, config);
  (void)connect(wire);
  (void)connect(wire);
  EXPECT_EQ(wire.client.transport.connect(to_server(), wire.now).error(), Error::kOutOfMemory);
  EXPECT_EQ(wire.client.transport.connections(), 2U);
}

}  // namespace
}  // namespace strata::tcp::transport_open_test
