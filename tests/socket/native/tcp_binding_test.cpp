// SPDX-License-Identifier: Apache-2.0
#include "strata/tcp_binding.h"

#include <gtest/gtest.h>

#include <optional>

#include "socket/native/tcp_pair.h"

namespace strata::tcp_binding_test {
namespace {

using namespace support;

TEST(Binding, HoldsItsPort) {
  Host host;
  auto binding = TcpBinding::bind(host.stack, {host.own4, 90});
  ASSERT_TRUE(binding);
  EXPECT_EQ(binding->local(), (Endpoint{host.own4, 90}));
  EXPECT_EQ(TcpBinding::bind(host.stack, {host.own4, 90}).error(), Error::kAddressInUse);
  EXPECT_EQ(TcpBinding::bind(host.stack, {IpAddress::any_v4(), 90}).error(), Error::kAddressInUse);
  EXPECT_EQ(TcpListener::listen(host.stack, {host.own4, 90}, {}).error(), Error::kAddressInUse);
  EXPECT_TRUE(TcpBinding::bind(host.stack, {address("127.0.0.1"), 90}));
  binding->release();
  EXPECT_TRUE(TcpBinding::bind(host.stack, {host.own4, 90}));
}

TEST(Binding, GivesItsPortBackWhenItDies) {
  Host host;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(TcpBinding::bind(host.stack, {IpAddress::any_v6(), 90})) << i;
  }
}

TEST(Binding, AsksForAnEphemeralPort) {
  Host host;
  const auto first = TcpBinding::bind(host.stack, {host.own4, 0});
  const auto second = TcpBinding::bind(host.stack, {host.own4, 0});
  ASSERT_TRUE(first && second);
  EXPECT_GE(first->local()->port, 1024);
  EXPECT_NE(first->local()->port, second->local()->port);
}

TEST(Binding, SaysWhyItCannotBe) {
  Host host;
  EXPECT_EQ(TcpBinding::bind(host.stack, {address("10.0.0.99"), 90}).error(),
            Error::kAddressNotAvailable);
  EXPECT_EQ(TcpBinding::bind(host.stack, {address("224.0.0.1"), 90}).error(),
            Error::kAddressNotAvailable);
  EXPECT_EQ(TcpBinding::bind(host.stack, {IpAddress::any_v6(), 90, InterfaceId{77}}).error(),
            Error::kNoDevice);
}

TEST(Binding, MayWaitForAnAddress) {
  Host host;
  const IpAddress later = address("10.0.0.99");
  const TcpSocketOptions options{.free_bind = true};
  EXPECT_EQ(TcpBinding::bind(host.stack, {address("224.0.0.1"), 90}, options).error(),
            Error::kAddressNotAvailable);
  auto binding = TcpBinding::bind(host.stack, {later, 90}, options);
  ASSERT_TRUE(binding);
  // Nothing is sent from there before it is ours.
  EXPECT_EQ(
      TcpStream::connect(host.stack, {host.peer4, 7}, {.binding = &*binding}, host.now).error(),
      Error::kInvalidArgument);
  auto listener = TcpListener::listen(host.stack, {}, {.binding = &*binding});
  ASSERT_TRUE(listener);
  ASSERT_TRUE(host.stack.add_address(host.eth0, Prefix(later, 24), host.now));
  host.run_for(std::chrono::seconds(10));
  auto client = TcpStream::connect(host.stack, {later, 90}, {}, host.now);
  ASSERT_TRUE(client);
  host.settle();
  EXPECT_TRUE(listener->accept(host.now));
}

TEST(Binding, IsUsedUpByAStream) {
  TcpPair pair;
  auto binding = TcpBinding::bind(pair.ours.stack, {pair.ours.own4, 5000});
  ASSERT_TRUE(binding);
  auto [client, server] = pair.open({.binding = &*binding});
  EXPECT_EQ(client.local(), (Endpoint{pair.ours.own4, 5000}));
  EXPECT_EQ(binding->local().error(), Error::kInvalidHandle);
  binding->release();
  EXPECT_EQ(client.state(), TcpState::kEstablished);
}

// One bound to no address gets that of the way out.
TEST(Binding, OfNoAddressGetsOneFromItsStream) {
  TcpPair pair;
  auto binding = TcpBinding::bind(pair.ours.stack, {IpAddress::any_v6(), 5000});
  ASSERT_TRUE(binding);
  const TcpStream client = pair.connect({.binding = &*binding});
  EXPECT_EQ(client.local(), (Endpoint{pair.ours.own4, 5000}));
}

TEST(Binding, IsUsedUpByAListener) {
  TcpPair pair;
  auto binding = TcpBinding::bind(pair.theirs.stack, {IpAddress::any_v6(), 5000});
  ASSERT_TRUE(binding);
  const auto listener = TcpListener::listen(pair.theirs.stack, {}, {.binding = &*binding});
  ASSERT_TRUE(listener);
  EXPECT_EQ(listener->local()->port, 5000);
  EXPECT_EQ(binding->local().error(), Error::kInvalidHandle);
  const auto client =
      TcpStream::connect(pair.ours.stack, {pair.ours.peer4, 5000}, {}, pair.ours.now);
  ASSERT_TRUE(client);
  pair.settle();
  EXPECT_EQ(client->state(), TcpState::kEstablished);
}

TEST(Binding, LivesOnWhenNothingCameOfIt) {
  Host host;
  auto binding = TcpBinding::bind(host.stack, {host.own4, 5000});
  ASSERT_TRUE(binding);
  EXPECT_FALSE(
      TcpStream::connect(host.stack, {address("192.0.2.1"), 80}, {.binding = &*binding}, host.now));
  EXPECT_EQ(binding->local(), (Endpoint{host.own4, 5000}));
}

TEST(Binding, OfAnotherStackOrOfNoneIsRefused) {
  TcpPair pair;
  auto theirs = TcpBinding::bind(pair.theirs.stack, {IpAddress::any_v6(), 5000});
  auto ours = TcpBinding::bind(pair.ours.stack, {IpAddress::any_v6(), 6000});
  ASSERT_TRUE(theirs && ours);
  const auto listen = [&](TcpBinding& binding) {
    const auto listener = TcpListener::listen(pair.ours.stack, {}, {.binding = &binding});
    return listener ? Error::kAlreadyExists : listener.error();
  };
  const auto connect = [&](TcpBinding& binding) {
    const auto stream = TcpStream::connect(pair.ours.stack, {pair.ours.peer4, 7},
                                           {.binding = &binding}, pair.ours.now);
    return stream ? Error::kAlreadyExists : stream.error();
  };
  EXPECT_EQ(listen(*theirs), Error::kInvalidHandle);
  EXPECT_EQ(connect(*theirs), Error::kInvalidHandle);
  const TcpBinding moved(std::move(*theirs));
  EXPECT_EQ(listen(*theirs), Error::kInvalidHandle);
  EXPECT_EQ(connect(*theirs), Error::kInvalidHandle);
  EXPECT_EQ(ours->local()->port, 6000);
  EXPECT_EQ(moved.local()->port, 5000);
  ours->release();
  EXPECT_EQ(listen(*ours), Error::kInvalidHandle);
}

TEST(Binding, MovesAndLeavesAnEmptyHandle) {
  Host host;
  auto first = TcpBinding::bind(host.stack, {host.own4, 90});
  auto second = TcpBinding::bind(host.stack, {host.own4, 91});
  ASSERT_TRUE(first && second);
  TcpBinding moved(std::move(*first));
  EXPECT_EQ(first->local().error(), Error::kInvalidHandle);
  first->release();
  moved = std::move(*second);
  EXPECT_EQ(moved.local()->port, 91);
  EXPECT_EQ(second->local().error(), Error::kInvalidHandle);
  EXPECT_TRUE(TcpBinding::bind(host.stack, {host.own4, 90})) << "what was here has gone";
}

}  // namespace
}  // namespace strata::tcp_binding_test
