// SPDX-License-Identifier: Apache-2.0
#include "base/ready_hook.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
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

TEST(ReadyList, TellsOfWhatWasThereBeforeTheCallback) {
  HeapMemory memory;
  ReadyList list;
  ReadyHook hook;
  int told = 0;
  ASSERT_TRUE(list.watch(hook, [&](Readiness) { ++told; }, {}, memory));
  EXPECT_TRUE(list.empty());
  ASSERT_TRUE(list.watch(hook, [&](Readiness) { ++told; }, {.readable = true}, memory));
  list.tell();
  EXPECT_EQ(told, 1);
}

TEST(ReadyList, ACallbackThatIsTakenAwayIsNotTold) {
  HeapMemory memory;
  ReadyList list;
  ReadyHook hook;
  ReadyCallback fails = [](Readiness) { FAIL() << "it was taken away"; };
  ASSERT_TRUE(list.watch(hook, std::move(fails), {.readable = true}, memory));
  ASSERT_TRUE(list.watch(hook, nullptr, {.readable = true}, memory));
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(hook.news, Readiness{});
  list.tell();
}

// Also when it went behind the list's back.
TEST(ReadyList, ALinkedHookMayLoseItsCallback) {
  HeapMemory memory;
  ReadyList list;
  ReadyHook hook;
  ASSERT_TRUE(hook.set([](Readiness) { FAIL() << "it was taken away"; }, memory));
  list.add(hook, {.readable = true});
  ASSERT_TRUE(hook.set({}, memory));
  list.tell();
  EXPECT_TRUE(list.empty());
}

TEST(ReadyList, ACallMayTakeItsOwnCallbackAway) {
  HeapMemory memory;
  ReadyList list;
  ReadyHook hook;
  int told = 0;
  ASSERT_TRUE(list.watch(
      hook,
      [&](Readiness) {
        ++told;
        EXPECT_TRUE(list.watch(hook, nullptr, {}, memory));
      },
      {.readable = true}, memory));
  list.tell();
  EXPECT_FALSE(hook.callback);
  list.add(hook, {.readable = true});
  list.tell();
  EXPECT_EQ(told, 1);
}

// As with [self = shared_from_this()].
TEST(ReadyList, ACallbackMayOwnItsHook) {
  struct Owner {
    explicit Owner(ReadyList& in) : list(in) {}
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;
    ~Owner() { list.remove(hook); }
    ReadyList& list;
    ReadyHook hook;
  };
  HeapMemory memory;
  ReadyList list;
  for (const bool is_replaced : {false, true}) {
    auto owner = std::make_shared<Owner>(list);
    const std::weak_ptr<Owner> seen = owner;
    Owner& named = *owner;
    ReadyCallback keeps = [owner](Readiness) {};
    ASSERT_TRUE(list.watch(named.hook, std::move(keeps), {.readable = true}, memory));
    owner.reset();
    ReadyCallback next;
    if (is_replaced) next = [](Readiness) {};
    EXPECT_TRUE(list.watch(named.hook, std::move(next), {.readable = true}, memory));
    EXPECT_TRUE(seen.expired());
    EXPECT_TRUE(list.empty());
  }
  EXPECT_EQ(memory.bytes_used(), 0U);
}

}  // namespace
}  // namespace strata::ready_hook_test
