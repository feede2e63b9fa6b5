// SPDX-License-Identifier: Apache-2.0
#include "service/print.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <string>

namespace strata::service::print_test {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

TEST(Print, WritesWhatItFormats) {
  std::string written(64, '\0');
  const File file(::fmemopen(written.data(), written.size(), "w"), &std::fclose);
  print(file.get(), "{} and {}\n", "one", 2);
  EXPECT_EQ(unwritten(file.get()), std::nullopt);
  EXPECT_STREQ(written.c_str(), "one and 2\n");
}

TEST(Print, LosesWhatCannotBeWrittenAndGoesOn) {
  const File full(std::fopen("/dev/full", "w"), &std::fclose);
  ASSERT_NE(full, nullptr);
  std::setvbuf(full.get(), nullptr, _IONBF, 0);
  print(full.get(), "{}\n", "nobody reads this");
  EXPECT_NE(std::ferror(full.get()), 0);
}

// What still waits in a buffer is found out about, and what was lost earlier, too.
TEST(Print, KnowsWhatDidNotArrive) {
  const File full(std::fopen("/dev/full", "w"), &std::fclose);
  ASSERT_NE(full, nullptr);
  print(full.get(), "{}\n", "nobody reads this");
  EXPECT_EQ(unwritten(full.get()), "No space left on device");
  const File lost(std::fopen("/dev/full", "w"), &std::fclose);
  ASSERT_NE(lost, nullptr);
  std::setvbuf(lost.get(), nullptr, _IONBF, 0);
  print(lost.get(), "{}\n", "nor this");
  EXPECT_EQ(unwritten(lost.get()), "not all could be written");
}

}  // namespace
}  // namespace strata::service::print_test
