// SPDX-License-Identifier: Apache-2.0
// What TCP gets of a path that loses by chance, beside the response functions: Mathis et al. 1997
// for Reno, RFC 9438 5.1 for CUBIC.
#include <gtest/gtest.h>

#include <cmath>

#include "sim/tcp/bottleneck.h"

namespace strata::sim::response_test {
namespace {

using namespace tcp_test;

// One in so many is lost. With the RTT below, CUBIC is itself up to one in 230, and as Reno beyond.
constexpr std::uint64_t kOneIn[] = {10'000, 3000, 1000, 300, 100, 30};

Path path_of(std::uint64_t one_in) {
  return {.bits_per_second = 1'000'000'000, .rtt = 200ms, .loss = {1, one_in}};
}

double rate(const char* control, const Path& path) {
  Bottleneck bottleneck(path, 5);
  bottleneck.add_flow(control);
  bottleneck.run(20s);
  (void)bottleneck.rates();
  bottleneck.run(1000s);
  return bottleneck.rates()[0];
}

// MSS / RTT * sqrt(3 / 2) / sqrt(p): a segment more for each window that was acknowledged, however
// many ACKs that took (RFC 3465).
TEST(Response, RenoIsThatOfMathis) {
  for (const std::uint64_t one_in : kOneIn) {
    const Path path = path_of(one_in);
    const double window = std::sqrt(1.5 * static_cast<double>(one_in));
    EXPECT_NEAR(rate("reno", path) / (1448 / path.seconds() * window), 1, 0.1) << one_in;
  }
}

TEST(Response, CubicIsThatOfItsRfc) {
  for (const std::uint64_t one_in : kOneIn) {
    const Path path = path_of(one_in);
    const double expected = cubic_response(path, 1 / static_cast<double>(one_in));
    EXPECT_NEAR(rate("cubic", path) / expected, 1, 0.2) << one_in;
  }
}

}  // namespace
}  // namespace strata::sim::response_test
