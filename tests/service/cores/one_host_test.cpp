// SPDX-License-Identifier: Apache-2.0
// Several cores are one host to others: each question is answered once, each answer comes home.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <vector>

#include "service/cores/echo_on_cores.h"
#include "strata/icmp_socket.h"

namespace strata::service::one_host_test {
namespace {

using namespace std::chrono_literals;
using many_cores::Core;
using many_cores::EchoServer;
using many_cores::kPort;
using many_cores::kThem4;
using many_cores::kThem6;
using many_cores::kUs4;
using many_cores::kUs6;
using many_cores::Lab;

TEST(OneHost, DatagramsInFragmentsComeTogetherOnceAndGoHome) {
  Lab lab({.cores = 4, .queues = 4});
  EchoServer server(*lab.host, lab.world);
  int good = 0;
  constexpr int kSockets = 32;
  for (int i = 0; i < kSockets; ++i) {
    const IpAddress to = i % 2 == 0 ? kUs4 : kUs6;
    auto socket =
        UdpSocket::open(lab.peer.stack(), to.is_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6);
    ASSERT_TRUE(socket.has_value());
    const std::vector<std::byte> sent(static_cast<std::size_t>(5000 + i * 100), std::byte{7});
    ASSERT_TRUE(socket->send_to(sent, {to, kPort}, lab.world.now()));
    lab.peer.wake();
    lab.world.run_for(1s);
    std::vector<std::byte> got(10'000);
    const auto answer = socket->receive(got);
    good += answer && answer->size == sent.size() ? 1 : 0;
    EXPECT_FALSE(socket->receive(got).has_value()) << "answered once";
  }
  EXPECT_EQ(good, kSockets);
  EXPECT_EQ(lab.host->sum([](Core& core) { return core.stack->counters().reassembled; }),
            static_cast<std::uint64_t>(kSockets));
}

TEST(OneHost, ConnectChoosesPortsWhoseAnswersComeHome) {
  Lab lab({.cores = 3, .queues = 3});
  auto listener = TcpListener::listen(lab.peer.stack(), {IpAddress::any_v6(), 80}, {});
  ASSERT_TRUE(listener.has_value());
  std::vector<TcpStream> streams;
  streams.reserve(60);
  for (std::uint16_t core = 0; core < 3; ++core) {
    for (int i = 0; i < 20; ++i) {
      auto stream = TcpStream::connect(lab.host->stack(core), {i % 2 == 0 ? kThem4 : kThem6, 80},
                                       {}, lab.world.now());
      ASSERT_TRUE(stream.has_value());
      streams.push_back(std::move(*stream));
    }
  }
  lab.host->turn_soon();
  lab.world.run_for(5s);
  for (const TcpStream& stream : streams) EXPECT_EQ(*stream.state(), TcpState::kEstablished);
  streams.clear();
}

TEST(OneHost, AUdpSocketOfOneCoreHearsEverybody) {
  Lab lab({.cores = 3, .queues = 3});
  for (std::uint16_t core = 0; core < 3; ++core) {
    auto socket = UdpSocket::open(lab.host->stack(core), AddressFamily::kIpv4);
    ASSERT_TRUE(socket.has_value());
    int heard = 0;
    for (std::uint16_t i = 0; i < 10; ++i) {
      auto answerer = UdpSocket::open(lab.peer.stack(), AddressFamily::kIpv4);
      ASSERT_TRUE(answerer->bind({kThem4, static_cast<std::uint16_t>(6000 + i)}));
      ASSERT_TRUE(socket->send_to(std::array{std::byte{1}},
                                  {kThem4, static_cast<std::uint16_t>(6000 + i)}, lab.world.now()));
      lab.host->turn_soon();
      lab.world.run_for(100ms);
      std::array<std::byte, 8> buffer;
      const auto got = answerer->receive(buffer);
      ASSERT_TRUE(got.has_value());
      ASSERT_TRUE(answerer->send_to(std::array{std::byte{2}}, got->source, lab.world.now()));
      lab.peer.wake();
      lab.world.run_for(100ms);
      heard += socket->receive(buffer).has_value() ? 1 : 0;
    }
    EXPECT_EQ(heard, 10) << core;
  }
}

TEST(OneHost, WhatIsAskedOfTheHostIsAnsweredOnce) {
  Lab lab({.cores = 4, .queues = 4});
  for (const IpAddress& to : {kUs4, kUs6}) {
    SendChoices choices;
    choices.destination = Endpoint{to, 0};
    auto ping = IcmpSocket::open(lab.peer.stack(),
                                 to.is_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6);
    ASSERT_TRUE(ping.has_value());
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(ping->send_echo(std::array{std::byte{1}}, static_cast<std::uint16_t>(i), choices,
                                  lab.world.now()));
      lab.peer.wake();
      lab.world.run_for(1s);
    }
  }
  EXPECT_EQ(lab.host->sum([](Core& core) { return core.stack->counters().echo_replies_sent; }),
            10U);
  EXPECT_EQ(lab.host->stack(0).counters().echo_replies_sent, 10U);
}

TEST(OneHost, ClosedPortsAreRefusedOnce) {
  Lab lab({.cores = 4, .queues = 4});
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    auto socket = UdpSocket::open(lab.peer.stack(), AddressFamily::kIpv4);
    ASSERT_TRUE(socket->connect({kUs4, 4444}));
    ASSERT_TRUE(socket->send(std::array{std::byte{1}}, lab.world.now()));
    lab.peer.wake();
    lab.world.run_for(300ms);
    std::array<std::byte, 8> buffer;
    const auto got = socket->receive(buffer);
    refused += !got && got.error() == Error::kPortUnreachable ? 1 : 0;
  }
  EXPECT_EQ(refused, 20);
  EXPECT_EQ(lab.host->sum([](Core& core) { return core.stack->counters().icmp_errors_sent; }), 20U);
}

}  // namespace
}  // namespace strata::service::one_host_test
