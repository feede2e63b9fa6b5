// SPDX-License-Identifier: Apache-2.0
#include "strata/coro/udp.h"

#include <gtest/gtest.h>

#include <string>

#include "socket/coro/lab.h"

namespace strata::coro::udp_test {
namespace {

Task<> echo_datagrams(Net net) {
  auto socket = UdpSocket::bind(net, {IpAddress::any_v6(), 7});
  std::array<std::byte, 1500> buffer;
  while (auto got = co_await socket->receive(buffer)) {
    (void)co_await socket->send_to(Bytes(buffer).first(got->size), got->source);
  }
}

TEST(CoroUdp, ADatagramComesBackWithItsSource) {
  Lab lab;
  std::string answer;
  lab.spawn(echo_datagrams(lab.server()));
  lab.spawn([](Net net, std::string& out) -> Task<> {
    auto socket = UdpSocket::connect(net, {kServer, 7});
    EXPECT_EQ(co_await socket->send(bytes_of("ping")), 4U);
    std::array<std::byte, 100> buffer;
    const auto got = co_await socket->receive(buffer);
    EXPECT_EQ(got->source, (Endpoint{kServer, 7}));
    out = text_of(Bytes(buffer).first(got->size));
  }(lab.client(), answer));
  lab.world.run_for(1s);
  EXPECT_EQ(answer, "ping");
}

TEST(CoroUdp, AnAnswerThatIsLostIsAskedForAgain) {
  int rounds = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Lab lab(seed, {.delay = 5ms, .loss = {3, 10}});
    int tries = 0;
    lab.spawn(echo_datagrams(lab.server()));
    lab.spawn([](Net net, int& count) -> Task<> {
      auto socket = UdpSocket::connect(net, {kServer, 7});
      std::array<std::byte, 100> buffer;
      for (count = 1;; ++count) {
        (void)co_await socket->send(bytes_of("ping"));
        const auto got = co_await socket->receive(buffer, {.deadline = net.executor.now() + 1s});
        if (got) co_return;
        // A neighbour that does not answer is told at once.
        if (got.error() != Error::kTimedOut) co_await sleep_for(net.executor, 1s);
      }
    }(lab.client(), tries));
    ASSERT_TRUE(lab.world.run_until_true([&] { return lab.tasks.size() == 1; }, 100s));
    rounds += tries;
  }
  EXPECT_GT(rounds, 20);  // some were lost
}

TEST(CoroUdp, ClosingEndsWhoWaits) {
  Lab lab;
  Error error = Error::kIo;
  auto socket = UdpSocket::bind(lab.server(), {IpAddress::any_v4(), 7});
  ASSERT_TRUE(socket);
  lab.spawn([](UdpSocket& from, Error& out) -> Task<> {
    std::array<std::byte, 100> buffer;
    const auto got = co_await from.receive(buffer);
    out = got.error();
  }(*socket, error));
  socket->close();
  lab.world.run_for(1s);
  EXPECT_EQ(error, Error::kConnectionAborted);
}

TEST(CoroUdp, APortInUseIsRefused) {
  Lab lab;
  const auto first = UdpSocket::bind(lab.server(), {kServer, 7});
  const auto second = UdpSocket::bind(lab.server(), {kServer, 7});
  EXPECT_TRUE(first);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), Error::kAddressInUse);
}

}  // namespace
}  // namespace strata::coro::udp_test
