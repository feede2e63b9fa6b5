// SPDX-License-Identifier: Apache-2.0
#include "base/ready_hook.h"

#include <gtest/gtest.h>

#include <vector>

namespace strata::ready_hook_test {
namespace {

TEST(ReadyList, TellsEachHookOnceInTheOrderOfItsFirstNews) {
  ReadyList list;
  ReadyHook one;
  ReadyHook two;
  std::vector<int> told;
  one.callback = [&](Readiness news) {
    told.push_back(1);
    EXPECT_EQ(news, (Readiness{.readable = true, .closed = true}));
  };
  two.callback = [&](Readiness news) {
    told.push_back(2);
    EXPECT_EQ(news, (Readiness{.writable = true}));
  };
  list.add(one, {.readable = true});
  list.add(two, {.writable = true});
  list.add(one, {.closed = true});
  list.tell();
  EXPECT_EQ(told, (std::vector{1, 2}));
  EXPECT_TRUE(list.empty());
  list.tell();
  EXPECT_EQ(told.size(), 2U);
}

TEST(ReadyList, AHookWithoutACallbackHasNoNews) {
  ReadyList list;
  ReadyHook hook;
  list.add(hook, {.readable = true});
  EXPECT_TRUE(list.empty());
}

TEST(ReadyList, WhatACallCausesIsToldNextTime) {
  ReadyList list;
  ReadyHook hook;
  ReadyHook other;
  int told = 0;
  hook.callback = [&](Readiness) { list.add(other, {.readable = true}); };
  other.callback = [&](Readiness) { ++told; };
  list.add(hook, {.readable = true});
  list.tell();
  EXPECT_EQ(told, 0);
  list.tell();
  EXPECT_EQ(told, 1);
}

TEST(ReadyList, ACallMayRemoveItsOwnHookAndTheNextOne) {
  ReadyList list;
  ReadyHook next;
  {
    ReadyHook own;
    own.callback = [&](Readiness) {
      list.remove(next);
      list.remove(own);
    };
    next.callback = [](Readiness) { FAIL() << "it was removed"; };
    list.add(own, {.readable = true});
    list.add(next, {.readable = true});
    list.tell();
    EXPECT_FALSE(own.callback) << "a removed hook is left alone";
  }
  EXPECT_TRUE(list.empty());
}

TEST(ReadyList, ACallMayReplaceItsOwnCallback) {
  ReadyList list;
  ReadyHook hook;
  std::vector<int> told;
  hook.callback = [&](Readiness) {
    told.push_back(1);
    hook.callback = [&](Readiness) { told.push_back(2); };
  };
  list.add(hook, {.readable = true});
  list.tell();
  list.add(hook, {.readable = true});
  list.tell();
  list.add(hook, {.readable = true});
  list.tell();
  EXPECT_EQ(told, (std::vector{1, 2, 2}));
}

}  // namespace
}  // namespace strata::ready_hook_test
