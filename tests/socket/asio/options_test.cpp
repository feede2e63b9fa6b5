// SPDX-License-Identifier: Apache-2.0
#include "strata/asio/options.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "strata/sim.h"

namespace strata::asio::options_test {
namespace {

template <typename T>
Bytes bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

struct Case {
  int level;
  int name;
  int value;
};

constexpr Case kCases[] = {
    {SOL_SOCKET, SO_KEEPALIVE, 1},         {SOL_SOCKET, SO_REUSEADDR, 1},
    {SOL_SOCKET, SO_REUSEPORT, 1},         {SOL_SOCKET, SO_OOBINLINE, 1},
    {IPPROTO_TCP, TCP_NODELAY, 1},         {IPPROTO_TCP, TCP_CORK, 1},
    {IPPROTO_IPV6, IPV6_V6ONLY, 1},        {SOL_SOCKET, SO_SNDBUF, 70'000},
    {SOL_SOCKET, SO_RCVBUF, 80'000},       {IPPROTO_IP, IP_TTL, 9},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, 10}, {IPPROTO_IP, IP_TOS, 0xb8},
    {IPPROTO_IPV6, IPV6_TCLASS, 0x20},     {IPPROTO_TCP, TCP_KEEPIDLE, 30},
    {IPPROTO_TCP, TCP_KEEPINTVL, 5},       {IPPROTO_TCP, TCP_KEEPCNT, 4},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, 2500},
};

TEST(AsioOptions, EveryNumberOfTcpReadsAsItWasWritten) {
  for (const Case& one : kCases) {
    TcpSocketOptions options;
    EXPECT_TRUE(write_option(options, one.level, one.name, bytes_of(one.value)));
    EXPECT_NE(options, TcpSocketOptions()) << one.level << ' ' << one.name;
    std::array<std::byte, 4> room{};
    EXPECT_EQ(read_option(options, one.level, one.name, room).value_or(0), 4U);
    int value = 0;
    std::memcpy(&value, room.data(), sizeof(value));
    EXPECT_EQ(value, one.value) << one.level << ' ' << one.name;
  }
}

TEST(AsioOptions, WhatDoesNotFitIsRefusedAndChangesNothing) {
  TcpSocketOptions options;
  const int large = 1 << 20;
  const int negative = -1;
  const std::array<std::byte, 3> odd{};
  std::array<std::byte, 2> small{};
  const auto write = [&](int level, int name, Bytes value) {
    return write_option(options, level, name, value).error();
  };
  EXPECT_EQ(write(IPPROTO_IP, IP_TTL, bytes_of(large)), Error::kInvalidArgument);
  EXPECT_EQ(write(IPPROTO_IP, IP_TOS, bytes_of(large)), Error::kInvalidArgument);
  EXPECT_EQ(write(SOL_SOCKET, SO_SNDBUF, bytes_of(negative)), Error::kInvalidArgument);
  EXPECT_EQ(write(IPPROTO_TCP, TCP_NODELAY, odd), Error::kInvalidArgument);
  EXPECT_EQ(write(SOL_SOCKET, SO_LINGER, odd), Error::kInvalidArgument);
  EXPECT_EQ(write(SOL_SOCKET, SO_DEBUG, bytes_of(large)), Error::kNotSupported);
  EXPECT_EQ(read_option(options, SOL_SOCKET, SO_SNDBUF, small).error(), Error::kInvalidArgument);
  EXPECT_EQ(read_option(options, SOL_SOCKET, SO_LINGER, small).error(), Error::kInvalidArgument);
  EXPECT_EQ(read_option(options, SOL_SOCKET, SO_DEBUG, small).error(), Error::kNotSupported);
  EXPECT_EQ(options, TcpSocketOptions());
}

TEST(AsioOptions, LingerIsOnOrOff) {
  TcpSocketOptions options;
  const ::linger on{1, 0};
  EXPECT_TRUE(write_option(options, SOL_SOCKET, SO_LINGER, bytes_of(on)));
  EXPECT_EQ(options.linger, Duration::zero());
  const ::linger off{0, 7};
  EXPECT_TRUE(write_option(options, SOL_SOCKET, SO_LINGER, bytes_of(off)));
  EXPECT_EQ(options.linger, std::nullopt);
}

TEST(AsioOptions, UdpOptionsReachTheSocket) {
  sim::World world(1);
  sim::Host& host = world.add_host("host");
  auto socket = UdpSocket::open(host.stack(), AddressFamily::kIpv4).value();
  const auto set = [&](int level, int name, const auto& value) {
    return write_option(socket, level, name, bytes_of(value), world.now());
  };
  EXPECT_TRUE(set(SOL_SOCKET, SO_BROADCAST, 1));
  EXPECT_TRUE(set(SOL_SOCKET, SO_REUSEPORT, 1));
  EXPECT_TRUE(set(IPPROTO_IP, IP_TTL, 7));
  EXPECT_TRUE(set(SOL_SOCKET, SO_RCVBUF, 100'000));
  EXPECT_TRUE(set(IPPROTO_IP, IP_MULTICAST_LOOP, std::byte{0}));  // IPv4 has one byte for these
  const SocketOptions options = socket.options().value();
  EXPECT_TRUE(options.broadcast && options.reuse_port && !options.multicast_loop);
  EXPECT_EQ(options.hop_limit, 7);
  EXPECT_EQ(socket.receive_buffer().value(), 100'000U);
  std::byte read{1};
  EXPECT_EQ(read_option(socket, IPPROTO_IP, IP_MULTICAST_LOOP, {&read, 1}).value_or(0), 1U);
  EXPECT_EQ(read, std::byte{0});
}

TEST(AsioOptions, UdpRefusesWhatItCannotDo) {
  sim::World world(1);
  sim::Host& host = world.add_host("host");
  auto socket = UdpSocket::open(host.stack(), AddressFamily::kIpv4).value();
  const auto error = [&](int level, int name, const auto& value) {
    return write_option(socket, level, name, bytes_of(value), world.now()).error();
  };
  ip_mreq wanted{};
  wanted.imr_interface.s_addr = htonl(0x0a00'0001);
  EXPECT_EQ(error(IPPROTO_IP, IP_TTL, 0), Error::kInvalidArgument);
  EXPECT_EQ(error(IPPROTO_IP, IP_MULTICAST_TTL, 256), Error::kInvalidArgument);
  EXPECT_EQ(error(SOL_SOCKET, SO_RCVBUF, -1), Error::kInvalidArgument);
  EXPECT_EQ(error(SOL_SOCKET, SO_SNDBUF, 1), Error::kNotSupported);
  EXPECT_EQ(error(IPPROTO_IP, IP_ADD_MEMBERSHIP, wanted), Error::kNotSupported);
  EXPECT_EQ(error(IPPROTO_IP, IP_ADD_MEMBERSHIP, 1), Error::kInvalidArgument);
}

}  // namespace
}  // namespace strata::asio::options_test
