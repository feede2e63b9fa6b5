// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "sim/lab.h"
#include "strata/sim_link.h"

namespace strata::sim::sim_link_test {
namespace {

TEST(LinkConfig, WhatNoLinkCanBeIsRefused) {
  EXPECT_TRUE(validate({}).has_value());
  const std::function<void(LinkConfig&)> faults[] = {
      [](LinkConfig& c) { c.delay = -1ns; },
      [](LinkConfig& c) { c.jitter = -1ns; },
      [](LinkConfig& c) { c.reorder_delay = -1ns; },
      [](LinkConfig& c) { c.loss = {2, 1}; },
      [](LinkConfig& c) { c.duplication = {0, 0}; },
      [](LinkConfig& c) { c.corruption = {2, 1}; },
      [](LinkConfig& c) { c.reordering = {2, 1}; },
      [](LinkConfig& c) { c.burst_loss.good_to_bad = {1, 0}; },
      [](LinkConfig& c) { c.burst_loss.bad_to_good = {5, 4}; },
      [](LinkConfig& c) { c.burst_loss.loss_in_good = {5, 4}; },
      [](LinkConfig& c) { c.burst_loss.loss_in_bad = {5, 4}; },
      [](LinkConfig& c) { c.lost_frames = {3, 2}; },
      [](LinkConfig& c) { c.lost_frames = {3, 3}; },
      [](LinkConfig& c) { c.mtu = 67; },
      [](LinkConfig& c) { c.mtu = kLinkMtuMax + 1; },
      [](LinkConfig& c) { c.queue_packets_max = 0; },
      [](LinkConfig& c) { c.queue_bytes_max = 0; },
      [](LinkConfig& c) { c.corrupted_bits = 0; },
      [](LinkConfig& c) { c.frame_overhead_bytes = 65536; },
      [](LinkConfig& c) {
        c.backpressure = true;
        c.queue_bytes_max = 1500;
      },
  };
  for (const auto& spoil : faults) {
    LinkConfig config;
    spoil(config);
    const Result<void> result = validate(config);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error(), Error::kInvalidArgument);
  }
}

TEST(LinkDrop, EveryCauseHasWordsOfItsOwn) {
  std::set<std::string_view> texts;
  for (int i = 0; i < static_cast<int>(LinkDrop::kCount); ++i) {
    texts.insert(to_text(static_cast<LinkDrop>(i)));
  }
  EXPECT_EQ(texts.size(), static_cast<std::size_t>(LinkDrop::kCount));
  EXPECT_FALSE(texts.contains("unknown"));
}

}  // namespace
}  // namespace strata::sim::sim_link_test
