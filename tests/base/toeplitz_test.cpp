// SPDX-License-Identifier: Apache-2.0
#include "base/toeplitz.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <vector>

#include "strata/rng.h"

namespace strata::toeplitz_test {
namespace {

std::array<std::byte, 40> usual_device_key() {
  constexpr std::array<unsigned, 40> kKey = {
      0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
      0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
      0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
  std::array<std::byte, 40> key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::byte>(kKey[i]);
  return key;
}

std::vector<std::byte> input_of(const Endpoint& source, const Endpoint& destination) {
  std::vector<std::byte> bytes;
  const auto add = [&](const IpAddress& address) {
    const auto all = address.bytes();
    const auto used = address.is_v4() ? all.subspan(12) : std::span<const std::byte>(all);
    bytes.insert(bytes.end(), used.begin(), used.end());
  };
  add(source.address);
  add(destination.address);
  for (const std::uint16_t port : {source.port, destination.port}) {
    bytes.push_back(static_cast<std::byte>(port >> 8U));
    bytes.push_back(static_cast<std::byte>(port & 0xffU));
  }
  return bytes;
}

Endpoint at(const char* address, std::uint16_t port) { return {*IpAddress::parse(address), port}; }

// The vectors that Microsoft publishes for those who build devices.
TEST(Toeplitz, HashesAsDevicesDo) {
  struct Case {
    Endpoint source;
    Endpoint destination;
    std::uint32_t hash;
  };
  const Case cases[] = {
      {at("66.9.149.187", 2794), at("161.142.100.80", 1766), 0x51ccc178},
      {at("199.92.111.2", 14230), at("65.69.140.83", 4739), 0xc626b0ea},
      {at("24.19.198.95", 12898), at("12.22.207.184", 38024), 0x5c2b394a},
      {at("38.27.205.30", 48228), at("209.142.163.6", 2217), 0xafc7327f},
      {at("153.39.163.191", 44251), at("202.188.127.2", 1303), 0x10e828a2},
      {at("3ffe:2501:200:1fff::7", 2794), at("3ffe:2501:200:3::1", 1766), 0x40207d3d},
      {at("3ffe:501:8::260:97ff:fe40:efab", 14230), at("ff02::1", 4739), 0xdde51bbf},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(toeplitz_hash(usual_device_key(), input_of(one.source, one.destination)), one.hash);
  }
}

TEST(SymmetricToeplitz, IsTheHashOfAKeyThatRepeats) {
  Rng rng(1);
  constexpr SymmetricToeplitz kHash;
  for (int i = 0; i < 2000; ++i) {
    const bool is_v4 = rng.next() % 2 == 0;
    const auto address = [&] {
      return is_v4 ? IpAddress::v4(static_cast<std::uint32_t>(rng.next()))
                   : IpAddress::v6(rng.next(), rng.next());
    };
    const Endpoint a{address(), static_cast<std::uint16_t>(rng.next())};
    const Endpoint b{address(), static_cast<std::uint16_t>(rng.next())};
    const auto hash = kHash.hash(SymmetricToeplitz::fold(a.address, b.address, a.port, b.port));
    EXPECT_EQ(toeplitz_hash(kHash.key(), input_of(a, b)), hash * 0x1'0001U);
    EXPECT_EQ(toeplitz_hash(kHash.key(), input_of(b, a)), hash * 0x1'0001U);
  }
}

TEST(SymmetricToeplitz, LosesNothingOfTheFold) {
  constexpr SymmetricToeplitz kHash;
  std::set<std::uint16_t> hashes;
  for (unsigned fold = 0; fold < 65536; ++fold) {
    hashes.insert(kHash.hash(static_cast<std::uint16_t>(fold)));
  }
  EXPECT_EQ(hashes.size(), 65536U);
}

}  // namespace
}  // namespace strata::toeplitz_test
