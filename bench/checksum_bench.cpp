// SPDX-License-Identifier: Apache-2.0
// Claim: checksums run at the speed of the first-level cache, 60 GB/s with AVX-512 and 50 with
// AVX2, and a copy that sums on its way costs little more than a copy.
#include <fmt/format.h>

#include <array>
#include <vector>

#include "bench/harness/benchmark.h"
#include "bench/harness/timing.h"
#include "bench/peers/lwip_host.h"
#include "strata/rng.h"
#include "strata/wire/checksum.h"
#include "wire/checksum_kernels.h"

namespace strata::bench {
namespace {

constexpr std::size_t kBytesATurn = 1U << 20U;  // between two looks at the clock

std::vector<std::byte> random_bytes(std::size_t length) {
  Rng rng(1);
  std::vector<std::byte> bytes(length);
  for (auto& byte : bytes) byte = static_cast<std::byte>(rng.next());
  return bytes;
}

// Sums the same bytes again and again: GB/s out of the nearest cache that holds them.
template <typename SumOnce>
class Summing final : public Contestant {
 public:
  Summing(std::size_t length, SumOnce sum_once)
      : bytes_(random_bytes(length)), copy_(length), sum_once_(sum_once) {}
  double measure(Seconds duration) override {
    const std::size_t calls = kBytesATurn / bytes_.size();
    const Throughput done = run_for(duration, [&] {
      for (std::size_t i = 0; i < calls; ++i) keep(sum_once_(Bytes(bytes_), MutableBytes(copy_)));
      return calls * bytes_.size();
    });
    return done.per_second() / 1e9;
  }

 private:
  std::vector<std::byte> bytes_, copy_;
  SumOnce sum_once_;
};

template <typename SumOnce>
ContestantSpec summing(std::string name, std::size_t length, SumOnce sum_once) {
  return {std::move(name),
          [=]() -> Entry { return std::make_unique<Summing<SumOnce>>(length, sum_once); }};
}

// RFC 1071 4.1 as printed: 16 bits at a time.
std::uint64_t rfc1071(Bytes bytes, MutableBytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    sum += load_big_endian<std::uint16_t>(bytes.data() + i);
  }
  return sum;
}

ContestantSpec lwip_contestant(std::size_t length) {
  if (!has_lwip()) {
    return {"lwIP 2.1.3 (Debian)",
            []() -> Entry { return std::unexpected("liblwip-dev is not installed"); }};
  }
  return summing("lwIP 2.1.3 (Debian)", length, [](Bytes bytes, MutableBytes) {
    // Its length is 16 bits wide.
    const std::size_t size = std::min<std::size_t>(bytes.size(), 65535);
    return std::uint64_t{lwip_checksum(bytes.data(), static_cast<int>(size))};
  });
}

// What the fastest kernel of this CPU has promised for bytes in the first-level cache.
double goal_in_l1() {
  return wire::checksum_detail::best_checksum_kernel().name == "avx2" ? 50 : 60;
}

void add_sum(std::size_t length) {
  Benchmark sum{.name = fmt::format("checksum/{}", length),
                .unit = "GB/s",
                .claim = fmt::format("Internet checksum of {} bytes in cache, by {}", length,
                                     wire::checksum_detail::best_checksum_kernel().name),
                .contestants = {}};
  sum.contestants.push_back(summing("strata", length, [](Bytes bytes, MutableBytes) {
    return std::uint64_t{fold(wire::partial_sum(bytes))};
  }));
  sum.contestants.push_back(lwip_contestant(length));
  sum.contestants.push_back(summing("RFC 1071 loop", length, rfc1071));
  sum.contestants.push_back(
      summing("strata, copies as well", length,
              [](Bytes bytes, MutableBytes to) { return wire::copy_and_sum(bytes, to).bits(); }));
  if (length == 8192) sum.goal = goal_in_l1();
  add(std::move(sum));
}

void add_kernels() {
  for (const auto& kernel : wire::checksum_detail::checksum_kernels()) {
    if (!kernel.is_supported()) continue;
    add({.name = fmt::format("checksum/kernel/{}", kernel.name),
         .unit = "GB/s",
         .claim = "one kernel over 8192 bytes in cache, chosen or not",
         .contestants = {
             summing(std::string(kernel.name), 8192, [&kernel](Bytes bytes, MutableBytes) {
               return kernel.sum(bytes.data(), bytes.size());
             })}});
  }
}

void add_all() {
  for (const std::size_t length : {64U, 1472U, 8192U, 65536U}) add_sum(length);
  add_kernels();
}

const Registration kRegistration(&add_all);

}  // namespace
}  // namespace strata::bench
