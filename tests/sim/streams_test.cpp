// SPDX-License-Identifier: Apache-2.0
#include "sim/streams.h"

#include <gtest/gtest.h>

#include <set>

namespace strata::sim::streams_test {
namespace {

TEST(Streams, DifferBySeedNameDirectionAndUse) {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    for (const char* name : {"a-b", "a-c", "a-b#2", ""}) {
      for (std::uint64_t direction = 0; direction < 2; ++direction) {
        for (const StreamUse use : {StreamUse::kLoss, StreamUse::kJitter}) {
          seeds.insert(stream_seed(seed, name, direction, use));
        }
      }
    }
  }
  EXPECT_EQ(seeds.size(), 4U * 4 * 2 * 2);
}

TEST(Streams, DependOnNothingElse) {
  EXPECT_EQ(stream_seed(9, "a-b", 1, StreamUse::kLoss), stream_seed(9, "a-b", 1, StreamUse::kLoss));
}

}  // namespace
}  // namespace strata::sim::streams_test
