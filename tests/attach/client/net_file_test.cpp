// SPDX-License-Identifier: Apache-2.0
#include "attach/client/net_file.h"

#include <gtest/gtest.h>

#include <string>

namespace strata::attach::client::net_file_test {
namespace {

TEST(NetFile, IsKnownByAnyOfItsPaths) {
  const struct {
    std::string_view path;
    std::optional<NetFile> file;
  } cases[] = {
      {"/proc/net/tcp", NetFile::kTcp},
      {"/proc/net/sockstat6", NetFile::kTotals6},
      {"/proc/self/net/udp6", NetFile::kUdp6},
      {"/proc/thread-self/net/dev", NetFile::kDevices},
      {"/proc/1234/net/route", NetFile::kRoutes},
      {"/proc/1234/task/1235/net/snmp", NetFile::kCounters},
      {"/proc/self/task/7/net/if_inet6", NetFile::kAddresses6},
      {"/proc//net//arp", NetFile::kNeighbors},
      {"/proc/net/tcp7", std::nullopt},
      {"/proc/net/", std::nullopt},
      {"/proc/net", std::nullopt},
      {"/proc/net/tcp/", std::nullopt},
      {"/proc/net/tcp/x", std::nullopt},
      {"/proc/net/unix", NetFile::kUnix},
      {"/proc/net/packet", std::nullopt},
      {"/proc/self/tcp", std::nullopt},
      {"/proc/x12/net/tcp", std::nullopt},
      {"/proc/self/task/net/tcp", std::nullopt},
      {"/proc/self/task/x/net/tcp", std::nullopt},
      {"/proc/thread-self/task/1/net/tcp", std::nullopt},
      {"proc/net/tcp", std::nullopt},
      {"/sys/net/tcp", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& [path, file] : cases) EXPECT_EQ(net_file_of(path), file) << path;
}

TEST(NetFile, NoPathIsReadForEver) {
  EXPECT_EQ(net_file_of("/proc/" + std::string(kNetPathMax, '/') + "net/tcp"), std::nullopt);
}

TEST(NetFile, EachHasItsName) {
  for (std::size_t i = 0; i < kNetFileNames.size(); ++i) {
    EXPECT_EQ(net_file_of("/proc/net/" + std::string(kNetFileNames[i])), static_cast<NetFile>(i));
  }
}

}  // namespace
}  // namespace strata::attach::client::net_file_test
