// SPDX-License-Identifier: Apache-2.0
#include "runtime/confine/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "runtime/confine/forked.h"
#include "runtime/confine/user.h"

namespace strata::runtime::files_test {
namespace {

constexpr int kNotConfined = 99;

class ConfinedFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    if (landlock_version() == 0) GTEST_SKIP() << "this kernel has no Landlock";
    std::string pattern = std::filesystem::temp_directory_path() / "strata-confine-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    put("inside/text");
    put("outside/text");
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  void put(const std::string& name) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::FILE* const file = std::fopen(path(name).c_str(), "we");
    ASSERT_NE(file, nullptr);
    std::fclose(file);
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] int open(const std::string& name, int flags = O_RDONLY) const {
    const std::string at = path(name);
    return error_of([&] { return ::open(at.c_str(), flags | O_CLOEXEC, 0600); });
  }
  template <typename Body>
  int with_rule(FileRule::May may, Body body) const {
    return status_of_child([&] {
      if (forbid_new_privileges() != 0) return kNotConfined;
      const FilesConfined done = confine_files({{path("inside"), may}}, true);
      return done.error == 0 && done.version > 0 ? body() : kNotConfined;
    });
  }

  std::string folder_;
};

TEST_F(ConfinedFiles, AFolderIsReadAndNothingBesideIt) {
  EXPECT_EQ(with_rule(FileRule::May::kRead, [&] { return open("inside/text"); }), 0);
  EXPECT_EQ(with_rule(FileRule::May::kRead, [&] { return open("outside/text"); }), EACCES);
  EXPECT_EQ(with_rule(FileRule::May::kRead, [&] { return open("inside/../outside/text"); }),
            EACCES);
  EXPECT_EQ(with_rule(FileRule::May::kRead, [&] { return open("inside/text", O_WRONLY); }), EACCES);
  EXPECT_EQ(
      with_rule(FileRule::May::kRead, [&] { return open("inside/fresh", O_WRONLY | O_CREAT); }),
      EACCES);
}

TEST_F(ConfinedFiles, AFolderIsChangedAndNothingBesideIt) {
  EXPECT_EQ(
      with_rule(FileRule::May::kChange, [&] { return open("inside/fresh", O_WRONLY | O_CREAT); }),
      0);
  EXPECT_EQ(with_rule(FileRule::May::kChange,
                      [&] {
                        const std::string from = path("inside/fresh");
                        const std::string to = path("inside/text");
                        return error_of([&] { return std::rename(from.c_str(), to.c_str()); });
                      }),
            0);
  EXPECT_EQ(with_rule(FileRule::May::kChange,
                      [&] {
                        const std::string text = path("outside/text");
                        return error_of([&] { return ::unlink(text.c_str()); });
                      }),
            EACCES);
}

TEST_F(ConfinedFiles, NoProgramIsRun) {
  EXPECT_EQ(with_rule(FileRule::May::kRead,
                      [] {
                        char* const words[] = {nullptr};
                        return error_of([&] { return ::execve("/bin/true", words, words); });
                      }),
            EACCES);
}

TEST_F(ConfinedFiles, WhatIsOpenStaysOpen) {
  const int before = ::open(path("outside/text").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(before, 0);
  EXPECT_EQ(with_rule(FileRule::May::kRead,
                      [&] { return error_of([&] { return ::write(before, "x", 1); }); }),
            0);
  ::close(before);
}

TEST_F(ConfinedFiles, AFileIsARuleToo) {
  EXPECT_EQ(status_of_child([&] {
              if (forbid_new_privileges() != 0) return kNotConfined;
              const FilesConfined done =
                  confine_files({{path("outside/text"), FileRule::May::kUse}}, false);
              return done.error != 0 ? kNotConfined : open("outside/text", O_RDWR);
            }),
            0);
}

// As certificates are renewed: a link leads to another file of another folder, and is replaced.
TEST_F(ConfinedFiles, AFileIsReadAgainThroughALinkAndWhenAnotherTookItsPlace) {
  put("archive/cert1");
  put("live/plain");
  std::filesystem::create_symlink("../archive/cert1", path("live/cert"));
  const auto rules = rules_to_read_again(path("live/cert"));
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_EQ(rules_to_read_again(path("live/plain")).size(), 1U);
  EXPECT_EQ(rules_to_read_again(path("live/nowhere")).size(), 0U);
  EXPECT_EQ(status_of_child([&] {
              // A process that is not confined renews it in the meantime.
              std::array<int, 2> turn{};
              if (::pipe(turn.data()) != 0) return kNotConfined;
              const pid_t other = ::fork();
              if (other == 0) {
                char go = 0;
                while (::read(turn[0], &go, 1) < 0) continue;
                put("archive/cert2");
                std::filesystem::remove(path("live/cert"));
                std::filesystem::create_symlink("../archive/cert2", path("live/cert"));
                std::filesystem::rename(path("outside/text"), path("live/plain"));
                ::_exit(0);
              }
              if (forbid_new_privileges() != 0 || confine_files(rules, true).error != 0) {
                return kNotConfined;
              }
              if (open("live/cert") != 0) return 1;
              if (open("outside/text") != EACCES) return 2;
              if (::write(turn[1], "x", 1) != 1 || ::waitpid(other, nullptr, 0) != other) return 3;
              if (open("live/cert") != 0 || open("archive/cert2") != 0) return 4;
              return open("live/plain") == 0 ? 0 : 5;
            }),
            0);
}

TEST(RulesToReadAgain, OfABroadFolderOpenThatFileAlone) {
  const auto of_etc = rules_to_read_again("/etc/passwd");
  ASSERT_EQ(of_etc.size(), 1U);
  EXPECT_EQ(of_etc.front().path, std::filesystem::canonical("/etc/passwd").string());
  EXPECT_EQ(of_etc.front().may, FileRule::May::kRead);
  EXPECT_TRUE(rules_to_read_again("/dev/null").empty()) << "it is no file";
  EXPECT_TRUE(rules_to_read_again("").empty());
}

TEST(RulesToReadAgain, OfABareNameAreOfTheWorkingDirectory) {
  std::string folder = std::filesystem::temp_directory_path() / "strata-bare-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder);
  std::fclose(std::fopen("x.toml", "we"));
  const auto rules = rules_to_read_again("x.toml");
  std::filesystem::current_path(before);
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules.front().path, std::filesystem::canonical(folder).string());
  std::filesystem::remove_all(folder);
}

TEST_F(ConfinedFiles, AFolderThatIsNotThereIsNamed) {
  EXPECT_EQ(status_of_child([&] {
              if (forbid_new_privileges() != 0) return kNotConfined;
              const FilesConfined done =
                  confine_files({{path("nowhere"), FileRule::May::kRead}}, false);
              return done.error == ENOENT && done.path == path("nowhere") ? 0 : 1;
            }),
            0);
}

}  // namespace
}  // namespace strata::runtime::files_test
