// SPDX-License-Identifier: Apache-2.0
#include "driver/xdp/steering.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "driver/packets.h"
#include "driver/xdp/bpf.h"
#include "strata/bytes.h"
#include "strata/rng.h"

namespace strata::driver::xdp::steering_test {
namespace {

constexpr std::string_view kOurs4 = "192.0.2.7";
constexpr std::string_view kOther4 = "192.0.2.8";
constexpr std::string_view kOurs6 = "2001:db8::7";
constexpr std::string_view kOther6 = "2001:db8::8";

IpAddress address(std::string_view text) { return *IpAddress::parse(text); }

// What a frame is about; everything that a program looks at.
struct Frame {
  std::vector<std::uint16_t> tags{};
  std::string_view to = kOurs4;  // for ARP and neighbour discovery: about whom
  std::uint8_t protocol = 6;
  std::uint16_t port = 80;
  std::uint16_t fragment = 0;
  std::uint8_t ip_options = 0;  // words
  bool is_arp = false;
  std::uint8_t nd_type = 0;
  std::uint16_t ethertype = 0;  // in place of the right one
  std::size_t bytes = 0;        // cut to this length
};

std::vector<std::byte> build(const Frame& frame) {
  std::vector<std::byte> bytes(12, std::byte{2});
  const auto put16 = [&](std::size_t value) {
    bytes.push_back(static_cast<std::byte>(value >> 8U));
    bytes.push_back(static_cast<std::byte>(value));
  };
  const auto put_address = [&](const IpAddress& value) {
    const auto all = std::span(value.bytes());
    const auto part = value.is_v4() ? all.last(4) : all.first(16);
    bytes.insert(bytes.end(), part.begin(), part.end());
  };
  for (const std::uint16_t tag : frame.tags) {
    put16(tag);
    put16(5);
  }
  const IpAddress to = address(frame.to);
  const std::uint16_t ip_type = to.is_v4() ? 0x0800 : 0x86dd;
  put16(frame.ethertype != 0 ? frame.ethertype : frame.is_arp ? 0x0806 : ip_type);
  if (frame.is_arp) {
    for (const unsigned word : {1U, 0x0800U, 0x0604U, 1U}) put16(word);
    bytes.resize(bytes.size() + 16);
    put_address(to);
  } else if (to.is_v4()) {
    put16(0x4500U + (std::size_t{frame.ip_options} << 8U));
    put16(100);
    put16(1);
    put16(frame.fragment);
    put16(64U << 8U | frame.protocol);
    put16(0);
    bytes.resize(bytes.size() + 4);
    put_address(to);
    bytes.resize(bytes.size() + frame.ip_options * std::size_t{4});
  } else {
    put16(0x6000);
    put16(0);
    put16(100);
    put16((frame.nd_type != 0 ? 58U : frame.protocol) << 8U | 255U);
    bytes.resize(bytes.size() + 16);
    put_address(frame.nd_type != 0 ? address("ff02::1") : to);
    if (frame.nd_type != 0) {
      put16(std::size_t{frame.nd_type} << 8U);
      bytes.resize(bytes.size() + 6);
      put_address(to);
    }
  }
  if (!frame.is_arp && frame.nd_type == 0) {
    put16(1000);
    put16(frame.port);
    bytes.resize(bytes.size() + 40);
  }
  if (frame.bytes != 0) bytes.resize(frame.bytes);
  return bytes;
}

class SteeringTest : public testing::Test {
 protected:
  // False where programs cannot be loaded.
  bool load(const Steering& steering) {
    auto program = load_program(make_verdicts(steering), false);
    if (!program) {
      EXPECT_EQ(program.error().error, EPERM) << program.error().detail;
      return false;
    }
    program_ = *std::move(program);
    return true;
  }
  [[nodiscard]] bool is_ours(const Frame& frame) const {
    const auto verdict = run_program(program_, build(frame));
    EXPECT_TRUE(verdict.has_value());
    return verdict.value_or(0) == XDP_TX;
  }

  Descriptor program_;
};

const Steering kAddresses{.addresses = {address(kOurs4), address(kOurs6)}, .ports = {}};
const Steering kPorts{.addresses = {}, .ports = {{80, 80}, {8000, 8080}}};
const Steering kBoth{.addresses = kAddresses.addresses, .ports = kPorts.ports};

TEST_F(SteeringTest, WithoutKeysTakesAll) {
  if (!load({})) GTEST_SKIP() << "programs cannot be loaded here";
  for (const Frame& frame : {Frame{}, Frame{.to = kOther6}, Frame{.ethertype = 0x88cc}}) {
    EXPECT_TRUE(is_ours(frame));
  }
}

TEST_F(SteeringTest, ByAddressTakesWhatIsToItAndAboutIt) {
  if (!load(kAddresses)) GTEST_SKIP() << "programs cannot be loaded here";
  for (const bool ours : {true, false}) {
    const std::string_view v4 = ours ? kOurs4 : kOther4;
    const std::string_view v6 = ours ? kOurs6 : kOther6;
    for (const std::vector<std::uint16_t>& tags :
         {std::vector<std::uint16_t>{}, {0x8100}, {0x88a8, 0x8100}}) {
      EXPECT_EQ(is_ours({.tags = tags, .to = v4}), ours);
      EXPECT_EQ(is_ours({.tags = tags, .to = v6}), ours);
      EXPECT_EQ(is_ours({.tags = tags, .to = v4, .is_arp = true}), ours);
      EXPECT_EQ(is_ours({.tags = tags, .to = v6, .nd_type = 135}), ours);
      EXPECT_EQ(is_ours({.tags = tags, .to = v6, .nd_type = 136}), ours);
    }
    EXPECT_EQ(is_ours({.to = v4, .protocol = 1}), ours);
    EXPECT_EQ(is_ours({.to = v4, .fragment = 0x2000}), ours);
    EXPECT_EQ(is_ours({.to = v4, .ip_options = 3}), ours);
    EXPECT_EQ(is_ours({.to = v6, .protocol = 44}), ours);
  }
  EXPECT_FALSE(is_ours({.to = kOurs6, .nd_type = 134})) << "advertisements are for all";
  EXPECT_FALSE(is_ours({.ethertype = 0x88cc}));
  EXPECT_FALSE(is_ours({.tags = {0x88a8, 0x8100, 0x8100}})) << "a tag too many";
}

TEST_F(SteeringTest, ByPortTakesWhatItCanRead) {
  for (const Steering& steering : {kPorts, kBoth}) {
    if (!load(steering)) GTEST_SKIP() << "programs cannot be loaded here";
    for (const std::string_view to : {kOurs4, kOurs6}) {
      for (const std::uint8_t protocol : {std::uint8_t{6}, std::uint8_t{17}}) {
        for (const std::uint16_t port : std::array<std::uint16_t, 4>{80, 8000, 8050, 8080}) {
          EXPECT_TRUE(is_ours({.to = to, .protocol = protocol, .port = port})) << to << port;
        }
        for (const std::uint16_t port :
             std::array<std::uint16_t, 6>{0, 79, 81, 7999, 8081, 65535}) {
          EXPECT_FALSE(is_ours({.to = to, .protocol = protocol, .port = port})) << to << port;
        }
      }
      for (const std::uint8_t protocol : std::array<std::uint8_t, 7>{0, 1, 43, 44, 58, 60, 132}) {
        EXPECT_FALSE(is_ours({.to = to, .protocol = protocol}));
      }
      EXPECT_TRUE(is_ours({.tags = {0x8100}, .to = to}));
    }
    for (const std::string_view to : {kOther4, kOther6}) {
      EXPECT_EQ(is_ours({.to = to}), steering.addresses.empty());
    }
    EXPECT_FALSE(is_ours({.fragment = 0x2000}));
    EXPECT_FALSE(is_ours({.fragment = 0x00b9}));
    EXPECT_TRUE(is_ours({.fragment = 0x4000})) << "DF is no fragment";
    EXPECT_FALSE(is_ours({.ip_options = 1}));
    EXPECT_FALSE(is_ours({.is_arp = true}));
    EXPECT_FALSE(is_ours({.to = kOurs6, .nd_type = 135}));
  }
}

TEST_F(SteeringTest, AFamilyWithoutAddressesIsTheKernels) {
  for (const std::string_view ours : {kOurs4, kOurs6}) {
    for (const bool by_port : {true, false}) {
      Steering steering{.addresses = {address(ours)}, .ports = {}};
      if (by_port) steering.ports = kPorts.ports;
      if (!load(steering)) GTEST_SKIP() << "programs cannot be loaded here";
      EXPECT_EQ(is_ours({.to = kOurs4}), ours == kOurs4);
      EXPECT_EQ(is_ours({.to = kOurs6}), ours == kOurs6);
      EXPECT_EQ(is_ours({.is_arp = true}), ours == kOurs4 && !by_port);
      EXPECT_EQ(is_ours({.to = kOurs6, .nd_type = 135}), ours == kOurs6 && !by_port);
    }
  }
}

TEST_F(SteeringTest, LeavesFramesThatEndTooSoonToTheKernel) {
  for (const Steering& steering : {kAddresses, kPorts, kBoth}) {
    if (!load(steering)) GTEST_SKIP() << "programs cannot be loaded here";
    const bool by_port = !steering.ports.empty();
    for (std::size_t bytes = 15; bytes < 60; ++bytes) {
      EXPECT_EQ(is_ours({.bytes = bytes}), bytes >= (by_port ? 38U : 34U)) << bytes;
      EXPECT_EQ(is_ours({.to = kOurs6, .bytes = bytes}), bytes >= (by_port ? 58U : 54U)) << bytes;
      EXPECT_EQ(is_ours({.is_arp = true, .bytes = bytes}), !by_port && bytes >= 42) << bytes;
    }
  }
}

TEST_F(SteeringTest, TheVerifierAcceptsEveryMixture) {
  Rng rng(3);
  for (int round = 0; round < 40; ++round) {
    Steering steering;
    const std::size_t addresses = rng.below(rng.below(2) == 0 ? 3 : Steering::kAddressesMax + 1);
    for (std::size_t i = 0; i < addresses; ++i) {
      std::array<std::byte, 16> bytes{};
      for (std::byte& byte : bytes) byte = static_cast<std::byte>(rng.next());
      steering.addresses.push_back(rng.below(2) == 0
                                       ? IpAddress::v4(static_cast<std::uint32_t>(rng.next()))
                                       : IpAddress::from_bytes(bytes));
    }
    const std::size_t ports = rng.below(2) == 0 ? rng.below(Steering::kPortsMax + 1) : 0;
    for (std::size_t i = 0; i < ports; ++i) {
      const auto first = static_cast<std::uint16_t>(rng.below(60'000));
      steering.ports.push_back({first, static_cast<std::uint16_t>(first + rng.below(5'000))});
    }
    if (!load(steering)) GTEST_SKIP() << "programs cannot be loaded here";
    const auto sockets = make_socket_map(4);
    ASSERT_TRUE(sockets.has_value());
    const auto real = load_program(make_program(steering, *sockets), true);
    EXPECT_TRUE(real.has_value()) << real.error().detail;
  }
}

}  // namespace
}  // namespace strata::driver::xdp::steering_test
