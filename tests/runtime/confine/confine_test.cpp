// SPDX-License-Identifier: Apache-2.0
#include "runtime/confine/confine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "runtime/confine/files.h"
#include "runtime/confine/forked.h"

namespace strata::runtime::confine_test {
namespace {

constexpr std::string_view kStatus =
    "Name:\tstrata\nUid:\t65534\t65534\t65534\t65534\nCapInh:\t0000000000000001\n"
    "CapEff:\t00000000000001ff\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n";

TEST(Privileges, AreReadFromWhatTheKernelSays) {
  const auto told = parse_privileges(kStatus);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->user, 65534U);
  EXPECT_EQ(told->capabilities, 0x1ffU);
  EXPECT_TRUE(told->has_no_new_privileges);
  EXPECT_TRUE(told->is_filtered);
  EXPECT_FALSE(parse_privileges("Uid:\t0\n"));
  EXPECT_FALSE(parse_privileges("Uid:\tx\nCapEff:\ty\nNoNewPrivs:\nSeccomp:\t2\n"));
  EXPECT_FALSE(parse_privileges(""));
}

int errno_of_open(const std::string& path) {
  return error_of([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); });
}

TEST(Confine, WhatTheKernelSaysIsAskedAgainAndAgain) {
  EXPECT_EQ(status_of_child([] {
              const auto done = confine({}, {});
              if (!done) return 1;
              for (int i = 0; i < 2; ++i) {
                const auto told = done->privileges();
                if (!told || told->capabilities != 0) return 2;
                if (!told->has_no_new_privileges || !told->is_filtered) return 3;
                if (told->user == 0 && done->why_still_root().empty()) return 4;
              }
              return done->landlock() == 0 || errno_of_open("/etc/passwd") == EPERM ? 0 : 5;
            }),
            0);
}

TEST(Confine, AFolderThatIsNeededIsRead) {
  EXPECT_EQ(status_of_child([] {
              Needs needs;
              needs.reads.emplace_back("/etc");
              const auto done = confine(needs, {});
              if (!done) return 1;
              if (errno_of_open("/etc/passwd") != 0) return 2;
              const int other = errno_of_open("/proc/self/maps");
              return done->landlock() == 0 || other == EACCES ? 0 : 3;
            }),
            0);
}

TEST(Confine, RootStaysWhereNobodyReaches) {
  if (::geteuid() != 0) GTEST_SKIP() << "there is no root to stay";
  std::string folder = std::filesystem::temp_directory_path() / "strata-private-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const Needs needs{.reads = {folder}, .writes = {}};
  EXPECT_EQ(status_of_child([&] {
              const auto done = confine(needs, {});
              if (!done) return 1;
              const auto told = done->privileges();
              if (!told || told->user != 0 || told->capabilities != 0) return 2;
              if (done->why_still_root().find(folder) == std::string::npos) return 3;
              return errno_of_open(folder) == 0 ? 0 : 4;
            }),
            0);
  EXPECT_EQ(status_of_child([&] {
              const auto done = confine(needs, {.user = "nobody"});
              return !done && done.error().text.find(folder) != std::string::npos ? 0 : 1;
            }),
            0);
  std::filesystem::remove(folder);
}

// A private file that is read again is no reason to stay root, nor to refuse a user.
TEST(Confine, WhatIsReadAgainDoesNotDecideOnTheUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "there is no root to give up";
  std::string folder = std::filesystem::temp_directory_path() / "strata-again-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  ASSERT_EQ(::chmod(folder.c_str(), 0755), 0);
  const std::string open = folder + "/open";
  const std::string key = folder + "/key";
  const std::string hidden = folder + "/private/file";
  std::filesystem::create_directory(folder + "/private");
  for (const std::string& file : {open, key, hidden}) std::ofstream(file) << "text";
  ASSERT_EQ(::chmod(open.c_str(), 0644), 0);
  ASSERT_EQ(::chmod(key.c_str(), 0600), 0);
  ASSERT_EQ(::chmod((folder + "/private").c_str(), 0700), 0);
  Needs needs;
  needs.rereads = {open, key, hidden, folder + "/none"};
  for (const char* name : {"", "nobody"}) {
    EXPECT_EQ(status_of_child([&] {
                const auto done = confine(needs, {.user = name});
                if (!done) return 1;
                const auto told = done->privileges();
                if (!told || told->user == 0 || !done->why_still_root().empty()) return 2;
                if (errno_of_open(open) != 0) return 3;
                return closed_among(needs.rereads) == std::vector{key, hidden} ? 0 : 4;
              }),
              0);
  }
  std::filesystem::remove_all(folder);
}

TEST(Confine, AUserWhoIsNotThereIsAFailure) {
  const auto done = confine({}, {.user = "strata-no-such-user"});
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().text.find("no user 'strata-no-such-user'"), std::string::npos);
}

}  // namespace
}  // namespace strata::runtime::confine_test
