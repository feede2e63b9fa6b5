// SPDX-License-Identifier: Apache-2.0
#include "attach/client/descriptors.h"

#include <gtest/gtest.h>

#include <memory>

#include "attach/lease/lease_lab.h"

namespace strata::attach::client::descriptors_test {
namespace {

struct Lab {
  Lab() { all->open(2); }

  // As if the launcher had granted it.
  void lease(int descriptor, LeaseLab& lab) const {
    Entry* entry = all->find(descriptor);
    ASSERT_NE(entry, nullptr);
    new (entry->storage) StreamEnd(lab.end);
    entry->state = State::kLeased;
  }

  std::unique_ptr<Descriptors> all = std::make_unique<Descriptors>();
};

TEST(Descriptors, KnowNothingBeforeTheLauncherHasAnswered) {
  const auto all = std::make_unique<Descriptors>();
  all->born(5, false);
  EXPECT_EQ(all->find(5), nullptr);
}

TEST(Descriptors, AreKnownFromTheirMakingToTheirEnd) {
  Lab lab;
  for (const int out : {-1, Descriptors::kMax}) {
    lab.all->born(out, false);
    EXPECT_EQ(lab.all->find(out), nullptr);
    lab.all->forget(out);
    lab.all->release(out);
  }
  lab.all->born(5, true);
  ASSERT_NE(lab.all->find(5), nullptr);
  EXPECT_TRUE(lab.all->find(5)->is_non_blocking);
  EXPECT_EQ(lab.all->find(4), nullptr);
  lab.all->forget(5);
  EXPECT_EQ(lab.all->find(5), nullptr);
  for (const int one : {5, 6, 7, 8}) lab.all->born(one, false);
  lab.all->forget_range(6, 7);
  EXPECT_NE(lab.all->find(5), nullptr);
  EXPECT_EQ(lab.all->find(6), nullptr);
  EXPECT_EQ(lab.all->find(7), nullptr);
  lab.all->release_range(8, Descriptors::kMax - 1);
  EXPECT_EQ(lab.all->find(8), nullptr);
  lab.all->release_all();
  EXPECT_EQ(lab.all->find(5), nullptr);
}

// Bytes are refused only where the launcher says so: it may be gone, or never have known it.
TEST(Descriptors, WhatNobodyCallsAloneHasAPeer) {
  Lab lab;
  lab.all->born(5, false, /*has_peer=*/false);
  Entry& entry = *lab.all->find(5);
  EXPECT_FALSE(entry.has_peer);
  EXPECT_TRUE(Descriptors::has_peer(entry, -1));
  EXPECT_FALSE(entry.has_peer) << "nobody has said so";
  lab.all->born(5, false);
  EXPECT_TRUE(entry.has_peer);
  lab.all->born(5, false, /*has_peer=*/false);
  EXPECT_FALSE(entry.has_peer);
}

TEST(Descriptors, ADataCallIsTheKernelsOnlyWithoutALease) {
  Lab lab;
  LeaseLab pair;
  lab.all->born(5, false);
  Entry& entry = *lab.all->find(5);
  EXPECT_TRUE(Descriptors::enter_kernel(entry));
  EXPECT_EQ(entry.in_kernel, 1U);
  lab.all->leave_kernel(entry, 5, false);
  lab.lease(5, pair);
  EXPECT_FALSE(Descriptors::enter_kernel(entry));
  EXPECT_EQ(entry.in_kernel, 0U);
}

// Without a launcher who answers nothing changes, and it is not asked for each byte.
TEST(Descriptors, ARefusalLeavesThePairAsItIs) {
  Lab lab;
  const LeaseLab pair;
  const int descriptor = pair.pair.theirs.get();
  lab.all->born(descriptor, false);
  Entry& entry = *lab.all->find(descriptor);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(Descriptors::enter_kernel(entry));
    lab.all->leave_kernel(entry, descriptor, true);
  }
  EXPECT_EQ(entry.state, State::kPair);
  EXPECT_GT(entry.calls_left, 1000);
}

TEST(Descriptors, NoLeaseBeginsWhileAnotherCallIsInTheKernelOrAProcessIsMade) {
  Lab lab;
  lab.all->born(5, false);
  Entry& entry = *lab.all->find(5);
  ASSERT_TRUE(Descriptors::enter_kernel(entry));
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(Descriptors::enter_kernel(entry));
    lab.all->leave_kernel(entry, 5, true);
  }
  EXPECT_LT(entry.calls_left, 1) << "asked, and refused";
  lab.all->close_gate();
  lab.all->leave_kernel(entry, 5, true);
  EXPECT_EQ(entry.calls_left, 2) << "asked again a little later";
  EXPECT_EQ(entry.state, State::kPair);
}

// A thread waits in the kernel while another closes the descriptor, whose number is used again.
TEST(Descriptors, WhoIsInTheKernelCountsForTheNextOfTheSameNumber) {
  Lab lab;
  lab.all->born(5, false);
  Entry& entry = *lab.all->find(5);
  ASSERT_TRUE(Descriptors::enter_kernel(entry));
  lab.all->forget(5);
  lab.all->born(5, false);
  EXPECT_EQ(entry.in_kernel, 1U);
  lab.all->leave_kernel(entry, 5, false);
  EXPECT_EQ(entry.in_kernel, 0U);
}

TEST(Descriptors, WatchesForEdgesAreToldToTheLease) {
  Lab lab;
  LeaseLab pair;
  lab.all->born(5, false);
  Descriptors::want_edges(*lab.all->find(5));
  EXPECT_FALSE(pair.end.tells_every_arrival());
  lab.lease(5, pair);
  Descriptors::want_edges(*lab.all->find(5));
  EXPECT_TRUE(pair.end.tells_every_arrival());
}

TEST(Descriptors, AChildOfAForkKnowsNothing) {
  Lab lab;
  lab.all->born(5, false);
  lab.all->close_gate();
  ASSERT_TRUE(lab.all->find(5)->inward.lock());
  ASSERT_TRUE(Descriptors::enter_kernel(*lab.all->find(5)));
  lab.all->start_anew();
  EXPECT_EQ(lab.all->find(5), nullptr);
  lab.all->born(5, false);
  EXPECT_EQ(lab.all->find(5)->in_kernel, 0U);
  EXPECT_TRUE(lab.all->find(5)->inward.lock());
}

}  // namespace
}  // namespace strata::attach::client::descriptors_test
