// SPDX-License-Identifier: Apache-2.0
// Claim: checksums run at the speed of the first-level cache. Prints GB/s of every kernel this CPU
// supports, and nanoseconds for the short sums of a header.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <vector>

#include "strata/rng.h"
#include "strata/wire/checksum.h"
#include "wire/checksum_kernels.h"

namespace {

using namespace strata;
using namespace strata::wire;
using Clock = std::chrono::steady_clock;

// Best of several rounds, so that a busy neighbour does not count. Nanoseconds for one call.
template <typename Call>
double nanoseconds_of(std::size_t calls, Call call) {
  double best = 1e18;
  for (int round = 0; round < 15; ++round) {
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < calls; ++i) {
      const std::uint64_t result = call();
      asm volatile("" : : "r"(result) : "memory");
    }
    const std::chrono::duration<double, std::nano> took = Clock::now() - begin;
    best = std::min(best, took.count() / static_cast<double>(calls));
  }
  return best;
}

std::vector<std::byte> random_bytes(std::size_t length) {
  Rng rng(1);
  std::vector<std::byte> bytes(length);
  for (auto& byte : bytes) byte = static_cast<std::byte>(rng.next());
  return bytes;
}

}  // namespace

int main() {
  const auto source = random_bytes(65536);
  std::vector<std::byte> target(65536);
  std::printf("%-12s %8s %12s %12s\n", "kernel", "bytes", "sum GB/s", "copy GB/s");
  for (const auto& kernel : checksum_detail::checksum_kernels()) {
    if (!kernel.is_supported()) continue;
    for (const std::size_t length : {std::size_t{1472}, std::size_t{8192}, std::size_t{65536}}) {
      const std::size_t calls = 50'000'000 / length;
      const double sum = nanoseconds_of(calls, [&] { return kernel.sum(source.data(), length); });
      const double copy = nanoseconds_of(
          calls, [&] { return kernel.copy_and_sum(source.data(), target.data(), length); });
      const auto bytes = static_cast<double>(length);
      std::printf("%-12.*s %8zu %12.1f %12.1f\n", static_cast<int>(kernel.name.size()),
                  kernel.name.data(), length, bytes / sum, bytes / copy);
    }
  }
  std::printf("\n%-24s %8s %8s\n", "dispatched", "bytes", "ns");
  for (const std::size_t length : {20U, 40U, 64U, 65U, 128U, 256U, 1472U}) {
    const Bytes bytes = Bytes(source).first(length);
    const double took =
        nanoseconds_of(1'000'000, [bytes] { return std::uint64_t{fold(partial_sum(bytes))}; });
    std::printf("%-24s %8zu %8.2f\n", "partial_sum + fold", length, took);
  }
  const Bytes header = Bytes(source).first(20);
  const double took = nanoseconds_of(
      1'000'000, [header] { return std::uint64_t{is_valid(ipv4_header_sum(header))}; });
  std::printf("%-24s %8d %8.2f\n", "ipv4_header_sum", 20, took);
}
