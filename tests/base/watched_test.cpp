// SPDX-License-Identifier: Apache-2.0
#include "base/watched.h"

#include <gtest/gtest.h>

namespace strata::watched_test {
namespace {

struct Engine {
  explicit Engine(int first) : value(first) {}
  int value;
};

TEST(Watched, IsAskedOnceAtFirst) {
  Watched<Engine> engine(7);
  EXPECT_EQ(engine->value, 7);
  EXPECT_TRUE(engine.has_news());
}

TEST(Watched, NoticesWhatItIsToldAndNotWhoLooks) {
  Watched<Engine> engine(7);
  engine.forget_news();
  EXPECT_EQ((*engine).value, 7);
  engine.ask().value = 8;
  EXPECT_FALSE(engine.has_news());
  engine.tell().value = 9;
  EXPECT_TRUE(engine.has_news());
  EXPECT_EQ(engine->value, 9);
}

}  // namespace
}  // namespace strata::watched_test
