// SPDX-License-Identifier: Apache-2.0
#include "stack/in/socket_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/out/send_ip.h"
#include "strata/wire/ip_protocol.h"
#include "support/bench.h"
#include "support/udp_port.h"

namespace strata::stack::socket_errors_test {
namespace {

using namespace support;

icmp::ErrorReport report_about(const Endpoint& local, const Endpoint& remote) {
  return {.source = local.address,
          .destination = remote.address,
          .protocol = wire::kIpProtocolUdp,
          .source_port = local.port,
          .destination_port = remote.port,
          .error = Error::kPortUnreachable,
          .is_hard = true,
          .type = 3,
          .code = 3};
}

class SocketErrors : public testing::Test {
 protected:
  bool tell(const icmp::ErrorReport& report) {
    const Arrival arrival{.interface = host.stack.core().interface(host.eth0),
                          .source = host.peer4};
    return tell_socket(host.stack.core(), report, arrival, host.now);
  }

  Host host;
  Endpoint local{host.own4, 9};
  Endpoint remote{host.peer4, 7};
};

// RFC 1122 4.1.3.3 MUST: UDP passes the ICMP errors it receives to the application.
TEST_F(SocketErrors, AConnectedSocketIsToldOnce) {
  UdpPort port(host, local);
  ASSERT_TRUE(port.connect(remote));
  EXPECT_TRUE(tell(report_about(local, remote)));
  EXPECT_EQ(port.socket().errors.take_pending(), Error::kPortUnreachable);
  EXPECT_EQ(port.socket().errors.take_pending(), std::nullopt);
}

TEST_F(SocketErrors, ASocketThatAsksGetsAllDetails) {
  UdpPort port(host, local);
  EXPECT_TRUE(tell(report_about(local, remote)));
  EXPECT_EQ(port.socket().errors.take_pending(), std::nullopt) << "it talks to many";
  EXPECT_FALSE(port.socket().errors.take_kept());
  port.options().receive_errors = true;
  EXPECT_TRUE(tell(report_about(local, remote)));
  const auto error = port.socket().errors.take_kept();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->error, Error::kPortUnreachable);
  EXPECT_EQ(error->destination, remote);
  EXPECT_EQ(error->offender, host.peer4);
  EXPECT_EQ(error->icmp_type, 3);
  EXPECT_EQ(error->icmp_code, 3);
  EXPECT_TRUE(error->is_hard);
}

// RFC 5927 4.1 advises it: an error about what nobody here sent changes nothing.
TEST_F(SocketErrors, WhatNobodySentConcernsNobody) {
  UdpPort port(host, local);
  ASSERT_TRUE(port.connect(remote));
  EXPECT_FALSE(tell(report_about({host.own4, 10}, remote))) << "another port";
  EXPECT_FALSE(tell(report_about(local, {host.peer4, 8}))) << "another peer";
  EXPECT_FALSE(tell(report_about({address("192.0.2.1"), 9}, remote))) << "not our address";
  icmp::ErrorReport other = report_about(local, remote);
  other.protocol = 253;
  EXPECT_FALSE(tell(other)) << "another protocol";
  EXPECT_EQ(port.socket().errors.take_pending(), std::nullopt);
}

// RFC 1191 3 MUST: a host that is told of a datagram too big reduces its estimate of the path MTU.
TEST_F(SocketErrors, ATooBigSetsThePathMtu) {
  UdpPort port(host, local);
  ASSERT_TRUE(port.connect(remote));
  icmp::ErrorReport report = report_about(local, remote);
  report.error = Error::kMessageTooLong;
  report.mtu = 1000;
  report.quoted_size = 1500;
  const auto mtu = [&] { return depart(host.stack.core(), {.destination = remote.address})->mtu; };
  icmp::ErrorReport stray = report;
  stray.source_port = 10;
  EXPECT_FALSE(tell(stray));
  EXPECT_EQ(mtu(), 1500U);
  EXPECT_TRUE(tell(report));
  EXPECT_EQ(mtu(), 1000U);
  EXPECT_EQ(port.socket().errors.take_pending(), std::nullopt) << "the next write fits again";
}

}  // namespace
}  // namespace strata::stack::socket_errors_test
