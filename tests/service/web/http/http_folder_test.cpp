// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/http_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/lab.h"

namespace strata::service::http_folder_test {
namespace {

namespace fs = std::filesystem;

class HttpFolderTest : public testing::Test {
 protected:
  HttpFolderTest() {
    fs::create_directories(www);
    put("a", "first");
    folder.emplace(*lab.loop, www);
  }
  void put(const std::string& name, std::string_view text) const {
    std::ofstream(www + "/" + name, std::ios::binary) << text;
  }
  // Its text, or its status.
  std::string ask(std::string_view path) {
    const auto found = folder->open(path);
    return found ? std::string((*found)->bytes()) : std::to_string(found.error());
  }
  [[nodiscard]] static std::size_t open_descriptors() {
    const auto all = fs::directory_iterator("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  Lab lab;
  TemporaryFolder above;
  std::string www = above.path + "/www";
  std::optional<HttpFolder> folder;
};

TEST_F(HttpFolderTest, LooksOnceATurn) {
  const auto first = *folder->open("/a");
  put("a", "changed");
  EXPECT_EQ(*folder->open("/a"), first) << "the same file, of the same turn";
  lab.settle();
  EXPECT_EQ(ask("/a"), "changed");
  EXPECT_EQ(first->bytes(), "first") << "whoever still sends it has what it was";
}

TEST_F(HttpFolderTest, WhatIsNotThereIsLookedForAgain) {
  EXPECT_EQ(ask("/b"), "404");
  put("b", "now");
  EXPECT_EQ(ask("/b"), "now");
}

// As those do who publish: a whole folder in the place of another.
TEST_F(HttpFolderTest, FollowsItsNameToAnotherFolder) {
  EXPECT_EQ(ask("/a"), "first");
  fs::rename(www, above.path + "/old");
  lab.settle();
  EXPECT_EQ(ask("/a"), "404");
  fs::create_directories(www);
  put("a", "second");
  EXPECT_EQ(ask("/a"), "second");
}

TEST_F(HttpFolderTest, NothingStaysOpen) {
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 100; ++i) {
    put("f" + std::to_string(i), "x");
    EXPECT_EQ(ask("/f" + std::to_string(i)), "x");
  }
  EXPECT_LE(open_descriptors(), before + HttpFolder::kKeptMax + 1);
  lab.settle();
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(HttpFolderTest, WhoSendsASmallFileHoldsNothingOpen) {
  const std::size_t before = open_descriptors();
  const auto sent = *folder->open("/a");
  lab.settle();
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(HttpFolderTest, ALargeFileIsOpenOnceHoweverManySendIt) {
  put("large", std::string(HttpFile::kSmallMax + 1, 'x'));
  const auto first = *folder->open("/large");
  lab.settle();
  EXPECT_EQ(*folder->open("/large"), first);
  put("large", std::string(HttpFile::kSmallMax + 2, 'x'));
  lab.settle();
  EXPECT_NE(*folder->open("/large"), first) << "it is another now";
}

TEST_F(HttpFolderTest, OfLargeFilesNoMoreAreOpenThanItsBound) {
  std::vector<std::shared_ptr<const HttpFile>> sent;
  for (std::size_t i = 0; i < HttpFolder::kLargeMax; ++i) {
    const std::string name = "large" + std::to_string(i);
    put(name, std::string(HttpFile::kSmallMax + 1, 'x'));
    sent.push_back(*folder->open("/" + name));
  }
  put("more", std::string(HttpFile::kSmallMax + 1, 'x'));
  EXPECT_EQ(ask("/more"), "503");
  sent.clear();
  lab.settle();
  EXPECT_TRUE(folder->open("/more").has_value());
}

TEST_F(HttpFolderTest, MayGoBeforeTheTurnEnds) {
  EXPECT_EQ(ask("/a"), "first");
  folder.reset();
  lab.settle();
}

}  // namespace
}  // namespace strata::service::http_folder_test
