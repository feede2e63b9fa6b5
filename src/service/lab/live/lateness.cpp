// SPDX-License-Identifier: Apache-2.0
#include "service/lab/live/lateness.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace strata::service {
namespace {

constexpr unsigned kPartBits = 5;

std::size_t bucket_of(std::uint64_t value) {
  const auto width = static_cast<unsigned>(std::bit_width(value));
  if (width <= kPartBits) return static_cast<std::size_t>(value);
  const unsigned octave = width - kPartBits;
  const std::uint64_t part = value >> (octave - 1) & ((1U << kPartBits) - 1);
  return (std::size_t{octave} << kPartBits) + static_cast<std::size_t>(part);
}

// The most that falls into a bucket.
std::uint64_t end_of(std::size_t bucket) {
  const std::size_t octave = bucket >> kPartBits;
  if (octave == 0) return bucket;
  const std::uint64_t part = bucket & ((1U << kPartBits) - 1);
  return (((std::uint64_t{1} << kPartBits) + part + 1) << (octave - 1)) - 1;
}

}  // namespace

void Lateness::add(Duration late) {
  const Duration value = std::max(late, Duration::zero());
  ++buckets_[bucket_of(static_cast<std::uint64_t>(value.count()))];
  ++count_;
  most_ = std::max(most_, value);
}

Duration Lateness::quantile(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen != 0 && seen >= wanted) {
      return std::min(most_, Duration(static_cast<std::int64_t>(end_of(bucket))));
    }
  }
  return most_;
}

}  // namespace strata::service
