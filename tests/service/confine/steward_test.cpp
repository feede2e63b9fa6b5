// SPDX-License-Identifier: Apache-2.0
#include "service/confine/steward.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "runtime/confine/confine.h"
#include "strata/permissions.h"

namespace strata::service::steward_test {
namespace {

class Stewards : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / "strata-steward-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string file(const std::string& name) const {
    std::string path = folder_ + "/" + name;
    std::FILE* const made = std::fopen(path.c_str(), "we");
    if (made != nullptr) std::fclose(made);
    return path;
  }
  std::string folder_;
};

TEST_F(Stewards, TakeAwayOneFileAndNoOther) {
  const std::string socket = file("control");
  const std::string other = file("other");
  auto steward = Steward::start(socket);
  ASSERT_TRUE(steward) << steward.error().text;
  (*steward)->remove_file();
  EXPECT_FALSE(std::filesystem::exists(socket));
  EXPECT_TRUE(std::filesystem::exists(other));
}

TEST_F(Stewards, AreConfinedThemselves) {
  auto steward = Steward::start(file("control"));
  ASSERT_TRUE(steward) << steward.error().text;
  const std::string path = "/proc/" + std::to_string((*steward)->process()) + "/status";
  std::FILE* const status = std::fopen(path.c_str(), "re");
  ASSERT_NE(status, nullptr);
  std::string text(4096, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), status));
  std::fclose(status);
  const auto told = runtime::parse_privileges(text);
  ASSERT_TRUE(told);
  EXPECT_TRUE(told->is_filtered);
  EXPECT_TRUE(told->has_no_new_privileges);
  EXPECT_EQ(told->capabilities & ~(std::uint64_t{1} << 12U), 0U) << "more than CAP_NET_ADMIN";
}

TEST_F(Stewards, EndWithTheirChannel) {
  auto steward = Steward::start(file("control"));
  ASSERT_TRUE(steward) << steward.error().text;
  const pid_t process = (*steward)->process();
  steward->reset();
  EXPECT_EQ(::kill(process, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(Stewards, RefuseWhatIsNoTap) {
  auto steward = Steward::start(file("control"));
  ASSERT_TRUE(steward) << steward.error().text;
  for (const std::string spec : {"packet:lo", "pcap:/etc/passwd", "tap:x,netns=other",
                                 "tap:x,queues=2", "tap:x,colour=red", "nonsense"}) {
    EXPECT_FALSE((*steward)->open(spec)) << spec;
  }
  EXPECT_FALSE((*steward)->open("tap:" + std::string(Steward::kSpecBytesMax, 'x')));
}

// In a network of its own: the device that comes back is the one that was asked for.
TEST_F(Stewards, HandOverATapDevice) {
  const bool is_possible = ::geteuid() == 0 && probe(Permission::kTunDevice).is_granted;
  if (!is_possible) GTEST_SKIP() << "no TAP devices here";
  const std::string control = file("control");
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNET) != 0) ::_exit(10);
    auto steward = Steward::start(control);
    if (!steward || !runtime::confine({}, {})) ::_exit(11);
    auto device = (*steward)->open("tap:handed,host=10.99.0.1/24,mtu=1400");
    if (!device) ::_exit(12);
    const auto& capabilities = (*device)->capabilities();
    if (capabilities.mtu != 1400 || capabilities.medium != Medium::kEthernet) ::_exit(13);
    if (!(*device)->is_up() || (*device)->descriptor() < 0) ::_exit(14);
    // The name is taken as long as it is held, and free at once when it is not.
    if ((*steward)->open("tap:handed")) ::_exit(15);
    device->reset();
    ::_exit((*steward)->open("tap:handed") ? 0 : 16);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace strata::service::steward_test
