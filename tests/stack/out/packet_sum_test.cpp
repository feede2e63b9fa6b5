// SPDX-License-Identifier: Apache-2.0
#include "stack/out/packet_sum.h"

#include <gtest/gtest.h>

#include "strata/packet_pool.h"
#include "strata/rng.h"
#include "support/frames.h"

namespace strata::stack::packet_sum_test {
namespace {

using namespace support;

// Slices of odd sizes, from odd offsets: the sum is that of the bytes in a row.
TEST(PacketSum, DoesNotDependOnSlices) {
  HeapMemory memory;
  PacketPool pool(memory, {.small_buffers = 64, .large_buffers = 0, .extra_descriptors = 0});
  Rng rng(5);
  for (int round = 0; round < 500; ++round) {
    Frame whole;
    PacketPtr packet = pool.allocate();
    for (std::uint64_t slices = rng.between(1, 5); slices-- > 0;) {
      const Frame part = pattern(rng.below(40), static_cast<unsigned>(rng.next()));
      PacketPtr tail = pool.allocate();
      copy_bytes(part.all(), tail->append(part.size()));
      packet->append_chain(std::move(tail));
      whole += part.all();
    }
    const std::size_t offset = rng.below(whole.size() + 1);
    EXPECT_EQ(fold(packet_sum(*packet, offset)),
              fold(wire::partial_sum(whole.all().subspan(offset))));
  }
}

}  // namespace
}  // namespace strata::stack::packet_sum_test
