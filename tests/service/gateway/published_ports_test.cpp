// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/published_ports.h"

#include <string>

#include "service/gateway/gateway_bench.h"

namespace strata::service::published_ports_test {
namespace {

constexpr IpAddress kLoopback = IpAddress::v4(127, 0, 0, 1);

TEST_F(GatewayTest, SaysWhyAPortCannotBePublished) {
  const HostEnd stream(SOCK_STREAM);
  const HostEnd datagram(SOCK_DGRAM);
  const struct {
    PublishOptions options;
    const char* says;
  } cases[] = {
      {{kLoopback, stream.port(), 80},
       "publish: TCP port {} of the host at 127.0.0.1 is taken by another program"},
      {{{}, stream.port(), 80}, "publish: TCP port {} of the host is taken by another program"},
      {{kLoopback, datagram.port(), 80, true},
       "publish: UDP port {} of the host at 127.0.0.1 is taken by another program"},
      {{IpAddress::v4(192, 0, 2, 1), 8080, 80},
       "publish: TCP port 8080 of the host at 192.0.2.1: this host has no such address"},
  };
  for (const auto& [options, says] : cases) {
    std::string wanted = says;
    if (const auto hole = wanted.find("{}"); hole != std::string::npos) {
      wanted.replace(hole, 2, std::to_string(options.host_port));
    }
    const auto published = gateway_->publish(options);
    ASSERT_FALSE(published.has_value());
    EXPECT_EQ(published.error().text, wanted);
  }
}

}  // namespace
}  // namespace strata::service::published_ports_test
