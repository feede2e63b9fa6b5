// SPDX-License-Identifier: Apache-2.0
// The law parse(write(h)) == h, and parsers met by every prefix of a message.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <initializer_list>
#include <vector>

#include "wire/random_values.h"

namespace strata::wire {

inline std::vector<std::byte> to_vector(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

inline std::vector<std::byte> concatenated(std::initializer_list<Bytes> parts) {
  std::vector<std::byte> whole;
  for (const Bytes part : parts) {
    for (const std::byte byte : part) whole.push_back(byte);
  }
  return whole;
}

template <typename T>
T any_of(Rng& rng, T a, T b) {
  return any_bool(rng) ? a : b;
}

// Global unicast: neither multicast nor v4-mapped.
inline IpAddress any_unicast_v6(Rng& rng) {
  return IpAddress::v6(0x2000'0000'0000'0000 | (rng.next() >> 3U), rng.next());
}

// The law of every wire format, and that write leaves no byte of `kSize` as it was. A header that
// announces what follows it needs `kRoom` for that.
template <typename View, std::size_t kSize, std::size_t kRoom = kSize, typename Header>
void expect_round_trip(const Header& header) {
  std::array<std::byte, kRoom> zeros{};
  std::array<std::byte, kRoom> ones{};
  ones.fill(std::byte{0xff});
  write(header, MutableBytes(zeros).first<kSize>());
  write(header, MutableBytes(ones).first<kSize>());
  EXPECT_EQ(to_vector(Bytes(zeros).first(kSize)), to_vector(Bytes(ones).first(kSize)));
  const auto view = View::parse(ones);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->header(), header);
}

// The law from the other side: what is read from `whole` and written again is how it began.
template <typename View, std::size_t kSize>
void expect_same_bytes(Bytes whole) {
  const auto view = View::parse(whole);
  ASSERT_TRUE(view.has_value());
  std::array<std::byte, kSize> out{};
  write(view->header(), out);
  EXPECT_EQ(to_vector(out), to_vector(whole.first(kSize)));
}

// Calls `touch` with every prefix of `whole`, the whole included, each in its own allocation of
// exactly that size, so that a sanitizer sees a read beyond it.
template <typename Touch>
void for_every_prefix(Bytes whole, Touch touch) {
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const std::vector<std::byte> exact = to_vector(whole.first(size));
    touch(Bytes(exact));
  }
}

// Expects that parse refuses exactly the prefixes shorter than `size_min`.
template <typename View>
void expect_refused_below(Bytes whole, std::size_t size_min) {
  for_every_prefix(whole, [&](Bytes bytes) {
    EXPECT_EQ(View::parse(bytes).has_value(), bytes.size() >= size_min) << bytes.size();
  });
}

}  // namespace strata::wire
