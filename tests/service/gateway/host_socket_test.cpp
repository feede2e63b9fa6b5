// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/host_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "service/gateway/gateway_bench.h"

namespace strata::service::host_socket_test {
namespace {

bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) >= 0; }

TEST(HostSocket, WhatAnotherTakesThePlaceOfIsClosedAtOnce) {
  const int former = ::eventfd(0, EFD_CLOEXEC);
  const int next = ::eventfd(0, EFD_CLOEXEC);
  HostSocket kept(former), moved(next);
  kept = std::move(moved);
  EXPECT_FALSE(is_open(former)) << "though what was moved from lives on";
  EXPECT_TRUE(is_open(next));
  HostSocket& self = kept;
  kept = std::move(self);
  EXPECT_TRUE(is_open(next));
  kept.close();
  EXPECT_FALSE(is_open(next));
}

TEST(HostSocket, AnErrorTellsWhichDestinationItIsAbout) {
  const HostEnd there(SOCK_DGRAM);
  const std::uint16_t nobody = HostEnd(SOCK_DGRAM).port();
  const auto socket = HostSocket::roam(true);
  ASSERT_TRUE(socket.has_value());
  std::array<std::byte, 3> quote{};
  EXPECT_EQ(socket->undelivered(quote).error(), EAGAIN);
  const Endpoint gone{IpAddress::loopback_v4(), nobody};
  ASSERT_TRUE(socket->send_to(bytes_of("lost"), gone).has_value());
  auto failed = socket->undelivered(quote);
  for (int i = 0; i < 1000 && !failed; ++i) {
    static_cast<void>(::poll(nullptr, 0, 1));
    failed = socket->undelivered(quote);
  }
  ASSERT_TRUE(failed.has_value());
  EXPECT_EQ(failed->remote, gone);
  EXPECT_EQ(failed->error, ECONNREFUSED);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(quote.data()), failed->size), "los");
  EXPECT_TRUE(
      socket->send_to(bytes_of("here"), {IpAddress::loopback_v4(), there.port()}).has_value());
  EXPECT_EQ(there.read(), "here");
}

}  // namespace
}  // namespace strata::service::host_socket_test
