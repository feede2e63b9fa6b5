// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/address_seats.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace strata::service::address_seats_test {
namespace {

IpAddress address(const char* text) { return *IpAddress::parse(text); }

TEST(AddressSeats, LeaveOthersTheirPart) {
  AddressSeats seats(3, 2);
  const auto one = seats.try_take(address("10.0.0.1"));
  auto two = seats.try_take(address("10.0.0.1"));
  EXPECT_TRUE(one && two);
  EXPECT_FALSE(seats.has_room_for(address("10.0.0.1")));
  EXPECT_EQ(seats.try_take(address("10.0.0.1")), nullptr);
  const auto other = seats.try_take(address("10.0.0.2"));
  EXPECT_NE(other, nullptr);
  EXPECT_EQ(seats.taken(), 3U);
  EXPECT_EQ(seats.try_take(address("10.0.0.3")), nullptr) << "all are taken";
  two.reset();
  EXPECT_TRUE(seats.has_room_for(address("10.0.0.1")));
  EXPECT_TRUE(seats.has_room_for(address("10.0.0.3")));
}

TEST(AddressSeats, CountAnIpv6NetworkAsOne) {
  AddressSeats seats(10, 1);
  const auto one = seats.try_take(address("fd77::1"));
  EXPECT_FALSE(seats.has_room_for(address("fd77::2:2:2:2")));
  EXPECT_TRUE(seats.has_room_for(address("fd77:0:0:1::1")));
  const auto v4 = seats.try_take(address("10.0.0.1"));
  EXPECT_TRUE(seats.has_room_for(address("10.0.0.2"))) << "IPv4 is no one network";
}

TEST(AddressSeats, MayBeGivenBackLater) {
  std::optional<AddressSeats> seats(std::in_place, 1, 1);
  auto seat = seats->try_take(address("10.0.0.1"));
  seats.reset();
  seat.reset();
}

}  // namespace
}  // namespace strata::service::address_seats_test
