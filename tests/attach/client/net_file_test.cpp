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
      {"/proc/net/netstat", NetFile::kMoreCounters},
      {"/proc/net/snmp6", NetFile::kCounters6},
      {"/proc/./net/tcp", NetFile::kTcp},
      {"/sys/../proc/self/../net/tcp", NetFile::kTcp},
      {"/../proc/net/tcp", NetFile::kTcp},
      {"/proc/net/tcp/.", std::nullopt},
      {"/proc/net/tcp/..", std::nullopt},
      {"/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/proc/net/tcp", std::nullopt},
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

TEST(NetFile, IsKnownFromAnyFolder) {
  const struct {
    std::string_view folder;
    std::string_view path;
    std::optional<NetFile> file;
  } cases[] = {
      {"/proc", "net/tcp", NetFile::kTcp},
      {"/proc", "self/net/dev", NetFile::kDevices},
      {"/proc/12/net", "udp", NetFile::kUdp},
      {"/proc/12/task/13", "net/snmp", NetFile::kCounters},
      {"/proc/12/fd", "../net/arp", NetFile::kNeighbors},
      {"/", "proc/net/route", NetFile::kRoutes},
      {"/root", "/proc/net/tcp", NetFile::kTcp},
      {"/root", "../proc/net/tcp", NetFile::kTcp},
      {"/root/proc", "net/tcp", std::nullopt},
      {"/root", "net/tcp", std::nullopt},
      {"/proc/net", "tcp/", std::nullopt},
      {"", "net/tcp", std::nullopt},
      {"(unreachable)/proc", "net/tcp", std::nullopt},
      {"anon_inode:[eventpoll]", "tcp", std::nullopt},
  };
  for (const auto& [folder, path, file] : cases) {
    EXPECT_EQ(net_file_of(path, folder), file) << folder << ' ' << path;
  }
  EXPECT_EQ(net_file_of("net/tcp", "/proc/" + std::string(kNetPathMax, '/')), std::nullopt);
  EXPECT_TRUE(may_be_net_file("net/tcp") && may_be_net_file("tcp"));
  EXPECT_FALSE(may_be_net_file("net/") || may_be_net_file("") || may_be_net_file("tcp7"));
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
