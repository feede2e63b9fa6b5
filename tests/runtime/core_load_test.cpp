// SPDX-License-Identifier: Apache-2.0
#include "runtime/core_load.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace strata::runtime::core_load_test {
namespace {

constexpr Time kStart{Duration(1000)};

class CoreLoadFile : public testing::Test {
 public:
  ~CoreLoadFile() override { std::remove(path_.c_str()); }

 protected:
  CoreLoadFile() {
    const int descriptor = ::mkstemp(path_.data());
    if (descriptor >= 0) std::fclose(::fdopen(descriptor, "w"));
  }
  void say(const std::string& text) { std::ofstream(path_) << text; }

  std::string path_ = "/tmp/strata-load-XXXXXX";
};

TEST_F(CoreLoadFile, IsContendedWhenMoreWantToRunThanThereAreCores) {
  say("0.20 0.18 0.12 2/131 4711\n");
  EXPECT_FALSE(CoreLoad(path_, 2).is_contended(kStart));
  EXPECT_TRUE(CoreLoad(path_, 1).is_contended(kStart));
  say("0.20 0.18 0.12 13/131 4711\n");
  EXPECT_TRUE(CoreLoad(path_, 12).is_contended(kStart));
}

TEST_F(CoreLoadFile, AsksAgainOnlyAfterAWhile) {
  say("0 0 0 1/1 1\n");
  CoreLoad load(path_, 2);
  EXPECT_FALSE(load.is_contended(kStart));
  say("0 0 0 9/9 1\n");
  EXPECT_FALSE(load.is_contended(kStart + CoreLoad::kRefresh - Duration(1)));
  EXPECT_TRUE(load.is_contended(kStart + CoreLoad::kRefresh));
}

TEST_F(CoreLoadFile, WithoutAnAnswerASingleCoreCountsAsContended) {
  for (const char* text : {"", "0.1", "0.1 0.2 0.3", "a b c d/e", "0 0 0 1"}) {
    say(text);
    EXPECT_FALSE(CoreLoad(path_, 2).is_contended(kStart)) << text;
    EXPECT_TRUE(CoreLoad(path_, 1).is_contended(kStart)) << text;
  }
  EXPECT_TRUE(CoreLoad("/nonexistent", 1).is_contended(kStart));
}

}  // namespace
}  // namespace strata::runtime::core_load_test
