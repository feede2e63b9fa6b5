// SPDX-License-Identifier: Apache-2.0
#include "attach/process/program_address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace strata::attach::program_address_test {
namespace {

const ProgramMemory kOurs(::getpid());

std::uint64_t address_of(const void* object) { return reinterpret_cast<std::uint64_t>(object); }

sockaddr_storage some_name() {
  sockaddr_storage name{};
  sockaddr_in plain{};
  plain.sin_family = AF_INET;
  plain.sin_port = htons(80);
  plain.sin_addr.s_addr = htonl(0x0a4d0002);
  std::memcpy(&name, &plain, sizeof(plain));
  return name;
}

TEST(ProgramAddress, IsCopied) {
  const sockaddr_storage name = some_name();
  const auto read = ProgramAddress::read(kOurs, address_of(&name), sizeof(sockaddr_in));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->size(), sizeof(sockaddr_in));
  EXPECT_EQ(std::memcmp(read->get(), &name, sizeof(sockaddr_in)), 0);
}

TEST(ProgramAddress, SizesThatNoAddressHasAreRefused) {
  const sockaddr_storage name = some_name();
  EXPECT_EQ(ProgramAddress::read(kOurs, address_of(&name), 129).error(), -EINVAL);
  EXPECT_EQ(ProgramAddress::read(kOurs, address_of(&name), UINT64_MAX).error(), -EINVAL);
  EXPECT_EQ(ProgramAddress::read(kOurs, 1, 16).error(), -EFAULT);
}

TEST(ProgramAddress, IsToldAsFarAsThereIsRoom) {
  const sockaddr_storage name = some_name();
  sockaddr_in told{};
  int size = 4;
  EXPECT_EQ(write_address(kOurs, name, sizeof(told), address_of(&told), address_of(&size)), 0);
  EXPECT_EQ(size, static_cast<int>(sizeof(sockaddr_in)));
  EXPECT_EQ(told.sin_port, htons(80));
  EXPECT_EQ(told.sin_addr.s_addr, 0U);
  size = sizeof(told);
  EXPECT_EQ(write_address(kOurs, name, sizeof(told), address_of(&told), address_of(&size)), 0);
  EXPECT_EQ(told.sin_addr.s_addr, htonl(0x0a4d0002));
}

TEST(ProgramAddress, BadRoomIsRefused) {
  const sockaddr_storage name = some_name();
  int size = -1;
  EXPECT_EQ(write_address(kOurs, name, 16, 0, address_of(&size)), -EINVAL);
  EXPECT_EQ(write_address(kOurs, name, 16, 0, 0), -EFAULT);
  size = 16;
  EXPECT_EQ(write_address(kOurs, name, 16, 1, address_of(&size)), -EFAULT);
}

}  // namespace
}  // namespace strata::attach::program_address_test
