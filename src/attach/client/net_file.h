// SPDX-License-Identifier: Apache-2.0
// The files of /proc/net that tell of the stack, and the paths by which programs open them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace strata::attach::client {

enum class NetFile : std::uint8_t {
  kTcp,
  kTcp6,
  kUdp,
  kUdp6,
  kRaw,
  kRaw6,
  kDevices,
  kRoutes,
  kRoutes6,
  kAddresses6,
  kNeighbors,
  kCounters,
  kTotals,
  kTotals6,
  kUnix,
  kMoreCounters,
  kCounters6,
};

// In the order of NetFile.
inline constexpr std::array<std::string_view, 17> kNetFileNames = {
    "tcp",      "tcp6", "udp",  "udp6",     "raw",       "raw6", "dev",     "route", "ipv6_route",
    "if_inet6", "arp",  "snmp", "sockstat", "sockstat6", "unix", "netstat", "snmp6"};

// No path that matters is longer.
inline constexpr std::size_t kNetPathMax = 64;

// Whether a path that is not named from the root can be one of them, wherever it begins.
[[nodiscard]] bool may_be_net_file(std::string_view path);

// Nothing: it is another file. /proc/self/net, /proc/thread-self/net and those of any process and
// thread are /proc/net. `folder` is where a path begins that is not named from the root, as
// readlink() tells it of a descriptor or a working directory.
[[nodiscard]] std::optional<NetFile> net_file_of(std::string_view path,
                                                 std::string_view folder = {});

}  // namespace strata::attach::client
