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
  bool any = false;
  News news(any);
  const Watched<Engine> engine(news, 7);
  EXPECT_EQ(engine->value, 7);
  EXPECT_TRUE(news.is_told());
  EXPECT_TRUE(any);
}

TEST(Watched, NoticesWhatItIsToldAndNotWhoLooks) {
  bool any = false;
  News news(any);
  Watched<Engine> engine(news, 7);
  news.forget();
  any = false;
  EXPECT_EQ((*engine).value, 7);
  engine.ask().value = 8;
  EXPECT_FALSE(news.is_told());
  EXPECT_FALSE(any);
  engine.tell().value = 9;
  EXPECT_TRUE(news.is_told());
  EXPECT_TRUE(any);
  EXPECT_EQ(engine->value, 9);
}

TEST(Watched, NewsOfOneIsNotNewsOfAnother) {
  bool any = false;
  News here(any), there(any);
  Watched<Engine> one(here, 1), two(here, 2), other(there, 3);
  here.forget();
  there.forget();
  any = false;
  two.tell().value = 5;
  EXPECT_TRUE(here.is_told());
  EXPECT_FALSE(there.is_told());
  EXPECT_TRUE(any);
  here.forget();
  EXPECT_TRUE(any) << "others may have left it";
}

TEST(Watched, ThatSomebodyIsGoneIsNewsToAll) {
  bool any = false;
  {
    const News news(any);
    any = false;
  }
  EXPECT_TRUE(any);
}

}  // namespace
}  // namespace strata::watched_test
