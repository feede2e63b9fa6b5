// SPDX-License-Identifier: Apache-2.0
#include "attach/proc/interface_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attach/proc/proc_lab.h"

namespace strata::attach::interface_lines_test {
namespace {

using proc_lab::Lab;
using proc_lab::lines_of;
using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

TEST(InterfaceLines, DevicesHaveTheirCounters) {
  Lab lab;
  lab.settle();
  std::uint64_t packets = 0;
  lab.stack->for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.id == lab.wire) packets = entry.sent_packets;
  });
  const auto lines = lines_of(device_lines(*lab.stack));
  ASSERT_THAT(lines, SizeIs(4));
  EXPECT_THAT(lines[2], StartsWith("    lo: "));
  EXPECT_THAT(lines[3], StartsWith(" wire0:       0       0    0    0    0     0          0"
                                   "         0 "));
  EXPECT_EQ(lines[3].size(), lines[2].size());
  char sent[16];
  std::snprintf(sent, sizeof(sent), " %7u ", static_cast<unsigned>(packets));
  EXPECT_THAT(lines[3], HasSubstr(sent));
}

TEST(InterfaceLines, RoutesAreWordsAsTheyLieInMemory) {
  Lab lab;
  const auto lines = lines_of(route_lines(*lab.stack));
  ASSERT_THAT(lines, SizeIs(3));
  for (const std::string& line : lines) EXPECT_EQ(line.size(), 127U);
  EXPECT_THAT(lines,
              Contains(StartsWith("wire0\t00000000\t0102010A\t0003\t0\t0\t7\t00000000\t0\t0\t0")));
  EXPECT_THAT(lines,
              Contains(StartsWith("wire0\t0002010A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0")));
}

TEST(InterfaceLines, AddressesOfIpv6SayWhereTheyAreGood) {
  Lab lab;
  const auto lines = lines_of(address_lines_v6(*lab.stack));
  EXPECT_THAT(lines, Contains("00000000000000000000000000000001 01 80 10 80       lo"));
  EXPECT_THAT(lines, Contains("fd010000000000000000000000000003 02 40 00 80    wire0"));
}

TEST(InterfaceLines, RoutesOfIpv6AreOneALine) {
  Lab lab;
  EXPECT_THAT(lines_of(route_lines_v6(*lab.stack)),
              Contains("fd010000000000000000000000000000 40 00000000000000000000000000000000 00 "
                       "00000000000000000000000000000000 00000000 00000001 00000000 00000001    "
                       "wire0"));
}

TEST(InterfaceLines, NeighborsHaveLinkAddresses) {
  Lab lab;
  const auto lines = lines_of(neighbor_lines(*lab.stack, lab.now));
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[1],
            "10.1.2.1         0x1         0x6         02:00:00:00:00:09     *        wire0");
}

}  // namespace
}  // namespace strata::attach::interface_lines_test
