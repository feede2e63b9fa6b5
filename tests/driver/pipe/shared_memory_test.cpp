// SPDX-License-Identifier: Apache-2.0
#include "driver/pipe/shared_memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace strata::driver::pipe::shared_memory_test {
namespace {

TEST(SharedMemory, IsSeenByBoth) {
  const auto made = SharedMemory::make();
  ASSERT_TRUE(made.has_value());
  const auto adopted = SharedMemory::adopt(::dup(made->file()));
  ASSERT_TRUE(adopted.has_value());
  for (const std::size_t which : {0U, 1U}) {
    made->lane(which).indices.tail = 7;
    EXPECT_EQ(adopted->lane(which).indices.tail, 7U);
    made->data(which).back() = std::byte{42};
    EXPECT_EQ(adopted->data(which).back(), std::byte{42});
  }
}

TEST(SharedMemory, CannotBeCutShort) {
  const auto made = SharedMemory::make();
  ASSERT_TRUE(made.has_value());
  EXPECT_NE(::ftruncate(made->file(), 0), 0);
}

TEST(SharedMemory, IsRefusedWhenItCouldBeCutShortOrIsOfAnotherSize) {
  const int loose = ::memfd_create("loose", MFD_ALLOW_SEALING);
  ASSERT_EQ(::ftruncate(loose, off_t{4096} + 2 * SharedMemory::kLaneBytes), 0);
  EXPECT_FALSE(SharedMemory::adopt(::dup(loose)).has_value());
  ::close(loose);

  const int small = ::memfd_create("small", MFD_ALLOW_SEALING);
  ASSERT_EQ(::ftruncate(small, 4096), 0);
  ASSERT_EQ(::fcntl(small, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
  EXPECT_FALSE(SharedMemory::adopt(::dup(small)).has_value());
  ::close(small);

  EXPECT_FALSE(SharedMemory::adopt(::open("/dev/null", O_RDWR)).has_value());
}

}  // namespace
}  // namespace strata::driver::pipe::shared_memory_test
