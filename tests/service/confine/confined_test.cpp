// SPDX-License-Identifier: Apache-2.0
#include "service/confine/confined.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace strata::service::confined_test {
namespace {

int status_of_child(int (*body)()) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(Needs, FollowFromTheOptions) {
  StackOptions options;
  EXPECT_TRUE(needs_of(options, false).reads.empty());
  EXPECT_FALSE(needs_of(options, false).host_sockets);
  EXPECT_TRUE(needs_of(options, true).host_sockets);
  EXPECT_TRUE(needs_of(options, false).rereads.empty());
  EXPECT_EQ(needs_of(options, true).rereads, std::vector<std::string>{"/etc/resolv.conf"});
  options.serve = {{.service = Service::kEcho, .port = 7},
                   {.service = Service::kHttp, .port = 80, .folder = "/srv/www"}};
  options.devices.push_back({.spec = "tap:x", .addresses = {}});
  options.devices.back().lease_file = "/var/lib/strata/x.lease";
  options.devices.push_back({.spec = "pipe:/tmp/cables/one", .addresses = {}});
  const runtime::Needs needs = needs_of(options, false);
  EXPECT_EQ(needs.reads, std::vector<std::string>{"/srv/www"});
  EXPECT_EQ(needs.writes, (std::vector<std::string>{"/var/lib/strata", "/tmp/cables"}));
  EXPECT_TRUE(needs.local_sockets);
  EXPECT_FALSE(needs.taps);
}

TEST(Needs, OfAReloadAreFilesAndNoFolders) {
  StackOptions options;
  options.hosts = "/etc/hosts";
  options.dashboard_token = "token";
  options.tls = {"/etc/x/cert.pem", "/etc/x/key.pem"};
  runtime::Needs needs;
  add_needs_of_reload(options, "x.toml", needs);
  EXPECT_TRUE(needs.reads.empty());
  EXPECT_EQ(needs.rereads, (std::vector<std::string>{"x.toml", "/etc/hosts", "token",
                                                     "/etc/x/cert.pem", "/etc/x/key.pem"}));
}

TEST(TroubleOfReload, NamesTheFilesThatAreClosedAndWhatToDo) {
  EXPECT_FALSE(trouble_of_reload(nullptr));
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody who may read less";
  std::string folder = std::filesystem::temp_directory_path() / "strata-trouble-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  ASSERT_EQ(::chmod(folder.c_str(), 0755), 0);
  static std::string key;
  key = folder + "/key.pem";
  std::ofstream(key) << "key";
  for (const ::mode_t mode : {0600U, 0644U}) {
    ASSERT_EQ(::chmod(key.c_str(), mode), 0);
    EXPECT_EQ(status_of_child([] {
                runtime::Needs needs;
                needs.rereads = {key};
                const auto confined = Confined::begin(needs, {}, {});
                if (!confined) return 10;
                const auto trouble = trouble_of_reload(confined->get());
                if (!trouble) return 1;
                if (trouble->text.find(key) == std::string::npos) return 11;
                return trouble->hint.find("--user") == std::string::npos ? 12 : 0;
              }),
              mode == 0600U ? 0 : 1);
  }
  std::filesystem::remove_all(folder);
}

TEST(Needs, AFileWithoutAFolderLiesHere) {
  EXPECT_EQ(folder_of("x.lease"), ".");
  EXPECT_EQ(folder_of("/x.lease"), "/");
}

TEST(Confined, WithoutBeingWantedNothingIsGivenUp) {
  const auto done = confine({}, {.is_wanted = false});
  ASSERT_TRUE(done);
  EXPECT_FALSE(*done);
}

TEST(Confined, OpensNoDeviceThatNeedsAPrivilege) {
  EXPECT_EQ(status_of_child([] {
              auto confined = Confined::begin({}, {}, {});
              if (!confined) return 1;
              if (!(*confined)->open("null:sink")) return 2;
              for (const char* spec : {"packet:lo", "pcap:/etc/passwd", "tap:x", "pipe:x"}) {
                const auto device = (*confined)->open(spec);
                if (device || device.error().hint.find("--no-confine") == std::string::npos)
                  return 3;
              }
              return (*confined)->open("tap:x,colour=red") ? 4 : 0;
            }),
            0);
}

}  // namespace
}  // namespace strata::service::confined_test
