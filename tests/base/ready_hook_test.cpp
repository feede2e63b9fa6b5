// SPDX-License-Identifier: Apache-2.0
#include "base/ready_hook.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "strata/memory.h"

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
  HeapMemory memory;
  ReadyList list;
  ReadyHook hook;
  ReadyHook other;
  int told = 0;
  ASSERT_TRUE(hook.set([&](Readiness) { list.add(other, {.readable = true}); }, memory));
  other.callback = [&](Readiness) { ++told; };
  list.add(hook, {.readable = true});
  list.tell();
  EXPECT_EQ(told, 0);
  list.tell();
  EXPECT_EQ(told, 1);
}

TEST(ReadyList, ACallMayRemoveItsOwnHookAndTheNextOne) {
  HeapMemory memory;
  ReadyList list;
  ReadyHook next;
  {
    ReadyHook own;
    ASSERT_TRUE(own.set(
        [&](Readiness) {
          list.remove(next);
          list.remove(own);
        },
        memory));
    next.callback = [](Readiness) { FAIL() << "it was removed"; };
    list.add(own, {.readable = true});
    list.add(next, {.readable = true});
    list.tell();
    EXPECT_FALSE(own.callback) << "a removed hook is left alone";
  }
  EXPECT_TRUE(list.empty());
}

TEST(ReadyHook, KeepsASmallCallbackInPlaceAndALargeOneInABlock) {
  HeapMemory memory;
  int told = 0;
  {
    ReadyHook hook;
    ASSERT_TRUE(hook.set([&told](Readiness) { ++told; }, memory));
    EXPECT_EQ(memory.bytes_used(), 0U);
    hook.callback({});
    int ten = 10;
    ASSERT_TRUE(hook.set([&told, ten](Readiness) { told += ten; }, memory));
    EXPECT_GT(memory.bytes_used(), 0U);
    hook.callback({});
    EXPECT_EQ(told, 11);
    ASSERT_TRUE(hook.set({}, memory));
    EXPECT_FALSE(hook.callback);
    EXPECT_EQ(memory.bytes_used(), 0U);
    ASSERT_TRUE(hook.set([&told, ten](Readiness) { told += ten; }, memory));
  }
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(ReadyHook, WithoutMemoryKeepsWhatItHad) {
  HeapMemory memory(0);
  ReadyHook hook;
  int told = 0;
  ASSERT_TRUE(hook.set([&told](Readiness) { ++told; }, memory));
  int ten = 10;
  EXPECT_FALSE(hook.set([&told, ten](Readiness) { told += ten; }, memory));
  hook.callback({});
  EXPECT_EQ(told, 1);
}

// A block stays while its callback runs, whatever that does to its hook.
TEST(ReadyList, ALargeCallbackMayRemoveItsOwnHook) {
  HeapMemory memory;
  ReadyList list;
  auto hook = std::make_unique<ReadyHook>();
  int told = 0;
  ASSERT_TRUE(hook->set(
      [&](Readiness) {
        list.remove(*hook);
        hook.reset();
        ++told;
      },
      memory));
  list.add(*hook, {.readable = true});
  list.tell();
  EXPECT_EQ(told, 1);
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(ReadyList, ACallMayReplaceItsOwnCallback) {
  ReadyList list;
  ReadyHook hook;
  std::vector<int> told;
  HeapMemory memory;
  ASSERT_TRUE(hook.set(
      [&](Readiness) {
        told.push_back(1);
        hook.callback = [&](Readiness) { told.push_back(2); };
      },
      memory));
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
