// SPDX-License-Identifier: Apache-2.0
#include "strata/tcp_listener.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "socket/native/tcp_pair.h"

namespace strata::tcp_listener_test {
namespace {

using namespace support;

TEST(Listener, AcceptsInTheOrderOfOpening) {
  TcpPair pair;
  EXPECT_EQ(pair.listener.accept(pair.theirs.now).error(), Error::kWouldBlock);
  std::vector<TcpStream> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(pair.connect());
    pair.settle();
  }
  for (const TcpStream& client : clients) {
    const auto server = pair.listener.accept(pair.theirs.now);
    ASSERT_TRUE(server);
    EXPECT_EQ(server->remote(), client.local());
    EXPECT_EQ(server->local()->port, kServerPort);
  }
  EXPECT_EQ(pair.listener.accept(pair.theirs.now).error(), Error::kWouldBlock);
}

TEST(Listener, TellsThatSomebodyWaits) {
  TcpPair pair;
  int calls = 0;
  ASSERT_TRUE(pair.listener.on_ready([&](Readiness news) { calls += news.readable ? 1 : 0; }));
  EXPECT_FALSE(pair.listener.readiness()->readable);
  const TcpStream client = pair.connect();
  pair.settle();
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(pair.listener.readiness()->readable);
  ASSERT_TRUE(pair.listener.accept(pair.theirs.now));
  EXPECT_FALSE(pair.listener.readiness()->readable);
}

TEST(Listener, TellsOfThoseWhoCameBeforeAnybodyListened) {
  TcpPair pair;
  const TcpStream client = pair.connect();
  pair.settle();
  int calls = 0;
  ASSERT_TRUE(pair.listener.on_ready([&](Readiness) { ++calls; }));
  pair.settle();
  EXPECT_EQ(calls, 1);
}

TEST(Listener, SharesNoPort) {
  TcpPair pair;
  Stack& stack = pair.theirs.stack;
  struct Row {
    const char* local;
    std::uint16_t port;
    std::optional<Error> error;
  };
  for (const Row& row : {
           Row{"::", kServerPort, Error::kAddressInUse},
           Row{"0.0.0.0", kServerPort, Error::kAddressInUse},
           Row{"10.0.0.2", kServerPort, Error::kAddressInUse},
           Row{"10.0.0.2", 81, std::nullopt},
           Row{"10.0.0.99", 82, Error::kAddressNotAvailable},
           Row{"127.0.0.1", 83, std::nullopt},
       }) {
    const auto made = TcpListener::listen(stack, {address(row.local), row.port}, {});
    EXPECT_EQ(made.has_value(), !row.error) << row.local << ' ' << row.port;
    if (row.error && !made) {
      EXPECT_EQ(made.error(), *row.error) << row.local << ' ' << row.port;
    }
  }
}

TEST(Listener, IsGivenAPortWhenItAsksForNone) {
  Host host;
  auto first = TcpListener::listen(host.stack, {IpAddress::any_v6(), 0}, {});
  auto second = TcpListener::listen(host.stack, {IpAddress::any_v6(), 0}, {});
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->local()->port, 0);
  EXPECT_NE(first->local()->port, second->local()->port);
}

TEST(Listener, HearsBothFamiliesUnlessToldNotTo) {
  Host host;
  for (const bool v6_only : {false, true}) {
    const std::uint16_t port = v6_only ? 91 : 90;
    auto listener = TcpListener::listen(host.stack, {IpAddress::any_v6(), port},
                                        {.options = {.v6_only = v6_only}});
    ASSERT_TRUE(listener);
    for (const IpAddress& to : {host.own6, host.own4}) {
      const auto client = TcpStream::connect(host.stack, {to, port}, {}, host.now);
      ASSERT_TRUE(client);
      host.settle();
      const bool is_heard = to.is_v6() || !v6_only;
      EXPECT_EQ(client->state(), is_heard ? TcpState::kEstablished : TcpState::kClosed);
      EXPECT_EQ(listener->accept(host.now).has_value(), is_heard);
    }
  }
}

// Those for whom there is no place try again, and come in once somebody was accepted.
TEST(Listener, KeepsToItsBacklog) {
  TcpPair pair({.backlog = 2});
  std::vector<TcpStream> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(pair.connect());
  pair.settle();
  std::vector<TcpStream> servers;
  const auto accept_all = [&] {
    std::size_t count = 0;
    for (auto server = pair.listener.accept(pair.theirs.now); server;
         server = pair.listener.accept(pair.theirs.now), ++count) {
      servers.push_back(std::move(*server));
    }
    return count;
  };
  const std::size_t first = accept_all();
  EXPECT_GE(first, 2U);
  EXPECT_LE(first, 3U) << "one more than the backlog at most";
  for (int i = 0; i < 10 && servers.size() < clients.size(); ++i) {
    pair.run_for(2s);
    EXPECT_LE(accept_all(), 3U);
  }
  EXPECT_EQ(servers.size(), clients.size());
}

TEST(Listener, TakesAnotherBacklog) {
  TcpPair pair({.backlog = 1});
  ASSERT_TRUE(pair.listener.set_backlog(50));
  std::vector<TcpStream> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(pair.connect());
  pair.settle();
  int accepted = 0;
  while (pair.listener.accept(pair.theirs.now)) ++accepted;
  EXPECT_EQ(accepted, 20);
}

TEST(Listener, GivesItsOptionsToThoseItAccepts) {
  TcpPair pair({.options = {.no_delay = true, .traffic_class = 0x20}});
  auto [client, server] = pair.open();
  EXPECT_TRUE(server.options()->no_delay);
  EXPECT_EQ(server.options()->traffic_class, 0x20);
  TcpSocketOptions options = *pair.listener.options();
  options.keepalive = true;
  ASSERT_TRUE(pair.listener.set_options(options));
  auto [next_client, next_server] = pair.open();
  EXPECT_TRUE(next_server.options()->keepalive);
  EXPECT_FALSE(server.options()->keepalive) << "not to those it has accepted before";
}

TEST(Listener, ResetsThoseNobodyAccepted) {
  TcpPair pair;
  TcpStream waiting = pair.connect();
  pair.settle();
  auto [client, server] =
      TcpPair::Streams{pair.connect(), std::move(*pair.listener.accept(pair.theirs.now))};
  pair.settle();
  pair.listener.close(pair.theirs.now);
  pair.settle();
  EXPECT_EQ(failure_of(client), std::optional(Error::kConnectionReset));
  EXPECT_EQ(waiting.state(), TcpState::kEstablished) << "it was accepted";
  auto late =
      TcpStream::connect(pair.ours.stack, {pair.ours.peer4, kServerPort}, {}, pair.ours.now);
  ASSERT_TRUE(late);
  pair.settle();
  EXPECT_EQ(failure_of(*late), std::optional(Error::kConnectionRefused));
}

TEST(Listener, LetsItsPortGo) {
  Host host;
  for (int i = 0; i < 3; ++i) {
    const auto listener = TcpListener::listen(host.stack, {IpAddress::any_v6(), 90}, {});
    ASSERT_TRUE(listener) << i;
  }
}

// As with BSD sockets: while a connection holds the port, whoever listens again must say so.
TEST(Listener, ReusesAPortItsStreamsHoldOnlyWhenAsked) {
  TcpPair pair;
  auto [client, server] = pair.open();
  pair.listener.close(pair.theirs.now);
  Stack& stack = pair.theirs.stack;
  const Endpoint local{IpAddress::any_v6(), kServerPort};
  EXPECT_EQ(TcpListener::listen(stack, local, {}).error(), Error::kAddressInUse);
  EXPECT_TRUE(TcpListener::listen(stack, local, {.options = {.reuse_address = true}}));
}

void expect_no_listener(TcpListener& listener, Time now) {
  const auto gone = Error::kInvalidHandle;
  EXPECT_EQ(listener.accept(now).error(), gone);
  EXPECT_EQ(listener.set_backlog(3).error(), gone);
  EXPECT_EQ(listener.readiness().error(), gone);
  EXPECT_EQ(listener.on_ready(nullptr).error(), gone);
  EXPECT_EQ(listener.local().error(), gone);
  EXPECT_EQ(listener.options().error(), gone);
  EXPECT_EQ(listener.set_options({}).error(), gone);
  listener.close(now);
}

TEST(Listener, AnswersInvalidHandleOnceItIsClosedOrMoved) {
  TcpPair pair;
  TcpListener moved(std::move(pair.listener));
  expect_no_listener(pair.listener, pair.theirs.now);
  EXPECT_EQ(moved.local()->port, kServerPort);
  pair.listener = std::move(moved);
  auto [client, server] = pair.open();
  pair.listener.close(pair.theirs.now);
  expect_no_listener(pair.listener, pair.theirs.now);
  EXPECT_EQ(server.state(), TcpState::kEstablished);
}

TEST(Listener, ACallbackThatWasTakenAwayIsNotCalled) {
  TcpPair pair;
  const TcpStream client = pair.connect();
  pair.settle();
  ASSERT_TRUE(pair.listener.on_ready([](Readiness) { FAIL() << "it was taken away"; }));
  ASSERT_TRUE(pair.listener.on_ready(nullptr));  // with news that it has not been told yet
  pair.settle();
  EXPECT_TRUE(pair.listener.readiness()->readable);
}

TEST(Listener, ACallbackMayTakeItselfAway) {
  TcpPair pair;
  int told = 0;
  ASSERT_TRUE(pair.listener.on_ready([&](Readiness) {
    ++told;
    EXPECT_TRUE(pair.listener.on_ready(nullptr));
  }));
  std::vector<TcpStream> clients;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(pair.connect());
    pair.settle();
  }
  EXPECT_EQ(told, 1);
}

TEST(Listener, ACallbackMayOwnIt) {
  TcpPair pair;
  auto owner = std::make_shared<TcpListener>(std::move(pair.listener));
  TcpListener& listener = *owner;
  const std::weak_ptr<TcpListener> seen = owner;
  ASSERT_TRUE(listener.on_ready([self = std::move(owner)](Readiness) {}));
  listener.close(pair.theirs.now);
  EXPECT_TRUE(seen.expired());
  EXPECT_TRUE(TcpListener::listen(pair.theirs.stack, {IpAddress::any_v6(), kServerPort}, {}));
}

// What was here is closed, and nothing of it lives on in the other.
TEST(Listener, IsClosedWhenAnotherIsAssigned) {
  Host host;
  auto first = TcpListener::listen(host.stack, {IpAddress::any_v6(), 90}, {});
  auto second = TcpListener::listen(host.stack, {IpAddress::any_v6(), 91}, {});
  ASSERT_TRUE(first && second);
  *first = std::move(*second);
  EXPECT_EQ(first->local()->port, 91);
  EXPECT_EQ(second->local().error(), Error::kInvalidHandle);
  EXPECT_TRUE(TcpListener::listen(host.stack, {IpAddress::any_v6(), 90}, {}));
}

}  // namespace
}  // namespace strata::tcp_listener_test
