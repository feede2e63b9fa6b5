// SPDX-License-Identifier: Apache-2.0
#include "ip/discovery/router_solicitation.h"

#include <gtest/gtest.h>

#include <vector>

namespace strata::ip::router_solicitation_test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// RFC 4861 6.3.7 SHOULD: the first solicitation waits a random time of up to one second.
// RFC 7559 2 MUST: then the interval starts at 4 s and doubles, up to an hour.
TEST(RouterSolicitation, DoublesItsIntervalUpToAnHour) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Rng rng(seed);
    RouterSolicitation solicitation;
    Time now{};
    solicitation.start(rng, now);
    ASSERT_TRUE(solicitation.next_deadline().has_value());
    EXPECT_LE(*solicitation.next_deadline(), now + seconds(1));
    EXPECT_FALSE(solicitation.take_due(rng, now - milliseconds(1)));
    Duration previous{};
    for (int i = 0; i < 20; ++i) {
      now = *solicitation.next_deadline();
      ASSERT_TRUE(solicitation.take_due(rng, now));
      EXPECT_FALSE(solicitation.take_due(rng, now));
      const Duration interval = *solicitation.next_deadline() - now;
      EXPECT_LE(interval, std::chrono::minutes(66));
      if (i == 0) {
        EXPECT_GE(interval, milliseconds(3600));
        EXPECT_LE(interval, milliseconds(4400));
      } else if (interval < milliseconds(3'240'000)) {
        EXPECT_GE(interval, previous * 19 / 10);
        EXPECT_LE(interval, previous * 21 / 10);
      }
      previous = interval;
    }
    EXPECT_GE(previous, milliseconds(3'240'000));
  }
}

TEST(RouterSolicitation, StopsWhenToldAndStartsAfresh) {
  Rng rng(1);
  RouterSolicitation solicitation;
  solicitation.start(rng, Time{});
  solicitation.stop();
  EXPECT_FALSE(solicitation.is_active());
  EXPECT_EQ(solicitation.next_deadline(), std::nullopt);
  EXPECT_FALSE(solicitation.take_due(rng, Time{} + hours(1)));
  solicitation.start(rng, Time{} + hours(1));
  EXPECT_LE(*solicitation.next_deadline(), Time{} + hours(1) + seconds(1));
}

}  // namespace
}  // namespace strata::ip::router_solicitation_test
