// SPDX-License-Identifier: Apache-2.0
#include "strata/inline_function.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "base/checked_memory.h"

namespace strata::inline_function_test {
namespace {

TEST(InlineFunction, IsFalseUntilItHoldsSomething) {
  InlineFunction<int(int)> function;
  EXPECT_FALSE(function);
  EXPECT_FALSE((InlineFunction<int(int)>(nullptr)));
  function = [](int value) { return value + 1; };
  EXPECT_TRUE(function);
  EXPECT_EQ(function(2), 3);
  function.reset();
  EXPECT_FALSE(function);
}

TEST(InlineFunction, KeepsStateAndPassesArgumentsThatOnlyMove) {
  InlineFunction<int(std::unique_ptr<int>)> sum = [total = 0](std::unique_ptr<int> value) mutable {
    return total += *value;
  };
  EXPECT_EQ(sum(std::make_unique<int>(2)), 2);
  EXPECT_EQ(sum(std::make_unique<int>(3)), 5);
}

TEST(InlineFunction, MovesWhatItHoldsAndDestroysItOnce) {
  {
    InlineFunction<int()> first = [counted = Counted(7)] { return counted.value; };
    EXPECT_EQ(Counted::alive, 1);
    InlineFunction<int()> second = std::move(first);
    EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(second(), 7);
    EXPECT_EQ(Counted::alive, 1);
    second = [counted = Counted(8)] { return counted.value; };
    EXPECT_EQ(second(), 8);
    EXPECT_EQ(Counted::alive, 1);
  }
  EXPECT_EQ(Counted::alive, 0);
}

TEST(InlineFunction, MovesIntoASmallerOneOnlyWhereItFits) {
  int total = 0;
  InlineFunction<void()> from = [&total] { ++total; };
  InlineFunction<void(), sizeof(void*)> to;
  EXPECT_TRUE(to.try_take(from));
  EXPECT_FALSE(from);
  to();
  EXPECT_EQ(total, 1);
  int more = 10;
  from = [&total, more] { total += more; };
  EXPECT_FALSE(to.try_take(from));
  from();
  to();
  EXPECT_EQ(total, 12);
  from.reset();
  EXPECT_TRUE(to.try_take(from));
  EXPECT_FALSE(to);
}

// Ends what it was given when it is itself destroyed.
struct Ending {
  explicit Ending(InlineFunction<void()>* whose) : of(whose) {}
  Ending(Ending&& other) noexcept : of(std::exchange(other.of, nullptr)) {}
  Ending& operator=(Ending&&) = delete;
  ~Ending() {
    if (of != nullptr) of->reset();
  }
  InlineFunction<void()>* of;
};

TEST(InlineFunction, IsEmptyWhileWhatItHeldIsDestroyed) {
  InlineFunction<void()> function;
  function = [ending = Ending(&function), counted = Counted()] { (void)counted; };
  function.reset();
  EXPECT_FALSE(function);
  EXPECT_EQ(Counted::alive, 0);
}

TEST(InlineFunction, HoldsTheNewOneBeforeTheOldOneIsDestroyed) {
  InlineFunction<void()> function;
  function = [ending = Ending(&function)] {};
  function = [counted = Counted()] { (void)counted; };
  EXPECT_FALSE(function) << "the old one ended last, and reset it";
  EXPECT_EQ(Counted::alive, 0);
}

}  // namespace
}  // namespace strata::inline_function_test
