// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/host_resolver.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "service/lab.h"

namespace strata::service::host_resolver_test {
namespace {

using namespace std::chrono_literals;

constexpr IpAddress kOld = IpAddress::v4(192, 0, 2, 53);
constexpr IpAddress kNew = IpAddress::v4(192, 0, 2, 54);

class HostResolverTest : public testing::Test {
 protected:
  static void write(const std::string& to, const std::string& text) { std::ofstream(to) << text; }

  TemporaryFolder folder;
  std::string path = folder.path + "/resolv.conf";
  Time now{1h};
};

TEST_F(HostResolverTest, TakesTheFirstServerThatHasNoZone) {
  write(path,
        "# nameserver 1.2.3.4\nsearch example.org\nnameserver fe80::1%eth0\n"
        "nameserver 192.0.2.53 # ours\nnameserver 192.0.2.54\n");
  EXPECT_EQ(HostResolver(path).address(), kOld);
  EXPECT_FALSE(HostResolver(folder.path + "/none").address().has_value());
}

TEST_F(HostResolverTest, TakesTheUnspecifiedAddressForThisHost) {
  write(path, "nameserver 0.0.0.0\n");
  EXPECT_EQ(HostResolver(path).address(), IpAddress::v4(127, 0, 0, 1));
  write(path, "nameserver ::\n");
  EXPECT_EQ(HostResolver(path).address(), IpAddress::v6(0, 1));
}

TEST_F(HostResolverTest, SeesAFileThatTakesTheOthersPlace) {
  write(path, "nameserver 192.0.2.53\n");
  HostResolver resolver(path);
  resolver.look(now);
  write(path + ".new", "nameserver 192.0.2.54\n");
  std::filesystem::rename(path + ".new", path);
  resolver.look(now + 999ms);
  EXPECT_EQ(resolver.address(), kOld) << "once a second";
  resolver.look(now + 1s);
  EXPECT_EQ(resolver.address(), kNew);
}

TEST_F(HostResolverTest, SeesALinkThatIsTurned) {
  write(folder.path + "/first", "nameserver 192.0.2.53\n");
  write(folder.path + "/second", "nameserver 192.0.2.54\n");
  std::filesystem::create_symlink("first", path);
  HostResolver resolver(path);
  std::filesystem::remove(path);
  std::filesystem::create_symlink("second", path);
  resolver.look(now);
  EXPECT_EQ(resolver.address(), kNew);
}

TEST_F(HostResolverTest, SeesWhatIsWrittenInPlace) {
  write(path, "nameserver 192.0.2.53\n");
  HostResolver resolver(path);
  write(path, "nameserver 192.0.2.54\n# and a word more\n");
  resolver.look(now);
  EXPECT_EQ(resolver.address(), kNew);
  write(path, "# nobody is there\n");
  resolver.look(now + 1s);
  EXPECT_FALSE(resolver.address().has_value());
}

TEST_F(HostResolverTest, KnowsWhoItWasWhileTheFileIsAway) {
  write(path, "nameserver 192.0.2.53\n");
  HostResolver resolver(path);
  std::filesystem::remove(path);
  resolver.look(now);
  EXPECT_EQ(resolver.address(), kOld);
  write(path, "nameserver 192.0.2.54\n");
  resolver.look(now + 1s);
  EXPECT_EQ(resolver.address(), kNew);
}

}  // namespace
}  // namespace strata::service::host_resolver_test
