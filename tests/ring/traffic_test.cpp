// SPDX-License-Identifier: Apache-2.0
#include "ring/traffic.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "strata/rng.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/udp.h"

namespace strata::ring::traffic_test {
namespace {

using Frames = std::vector<std::vector<std::byte>>;

Frames frames_of(TrafficSource& source, std::size_t count) {
  Frames frames(count, std::vector<std::byte>(source.frame_bytes()));
  for (auto& frame : frames) source.write(frame);
  return frames;
}

std::vector<std::byte> last_of(const TrafficSource& source, std::uint64_t sent) {
  std::vector<std::byte> frame(source.frame_bytes());
  source.write_last(sent, frame);
  return frame;
}

TEST(Traffic, IsMadeOfDatagramsThatAnybodyCanRead) {
  TrafficSource source({.frame_bytes = 200, .flows = 3});
  for (std::uint16_t flow = 0; const auto& frame : frames_of(source, 3)) {
    const auto ethernet = wire::EthernetView::parse(frame);
    ASSERT_TRUE(ethernet.has_value());
    const auto ip = wire::Ipv4View::parse(ethernet->payload());
    ASSERT_TRUE(ip.has_value());
    EXPECT_TRUE(ip->checksum_is_valid());
    EXPECT_EQ(ip->total_length(), 186);
    const auto udp = wire::UdpView::parse(ip->payload());
    ASSERT_TRUE(udp.has_value());
    EXPECT_EQ(udp->source_port(), 1024 + flow++);
    EXPECT_EQ(udp->payload().size(), 158U);
  }
}

TEST(Traffic, ThatAllArrivesIsCountedSo) {
  TrafficSource source({.frame_bytes = 64, .flows = 7});
  TrafficSink sink;
  for (const auto& frame : frames_of(source, 1000)) EXPECT_TRUE(sink.count(frame));
  EXPECT_FALSE(sink.is_complete());
  EXPECT_TRUE(sink.count(last_of(source, 1000)));
  EXPECT_TRUE(sink.is_complete());
  EXPECT_EQ(sink.received(), 1000U);
  EXPECT_EQ(sink.bytes(), 64'000U);
  EXPECT_EQ(sink.flows(), 7U);
  EXPECT_EQ(sink.lost() + sink.reordered() + sink.duplicates() + sink.foreign(), 0U);
}

TEST(Traffic, ThatIsLostIsCountedAlsoAtTheEnd) {
  TrafficSource source({});
  TrafficSink sink;
  const Frames frames = frames_of(source, 100);
  for (std::size_t i = 0; i < 90; ++i) {
    if (i % 10 != 3) sink.count(frames[i]);
  }
  EXPECT_EQ(sink.lost(), 9U);
  sink.count(last_of(source, 100));
  EXPECT_EQ(sink.lost(), 19U);
  EXPECT_EQ(sink.reordered(), 0U);
}

TEST(Traffic, ThatIsReorderedOrComesTwiceIsNotLost) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Rng rng(seed);
    TrafficSource source({.frame_bytes = 60, .flows = 2});
    TrafficSink sink;
    Frames frames = frames_of(source, 2000);
    std::uint64_t twice = 0, swapped = 0;
    for (std::size_t i = 0; i + 4 < frames.size(); i += 4) {
      // The same flow comes every second frame.
      if (rng.between(0, 9) == 0) {
        std::swap(frames[i], frames[i + 2]);
        ++swapped;
      }
    }
    for (const auto& frame : frames) {
      sink.count(frame);
      if (rng.between(0, 9) != 0) continue;
      sink.count(frame);
      ++twice;
    }
    EXPECT_EQ(sink.received(), 2000U);
    EXPECT_EQ(sink.lost(), 0U) << seed;
    EXPECT_EQ(sink.duplicates(), twice) << seed;
    EXPECT_EQ(sink.reordered(), swapped) << seed;
  }
}

TEST(Traffic, OfOthersIsForeign) {
  TrafficSource source({});
  TrafficSink sink;
  EXPECT_FALSE(sink.count(std::vector<std::byte>(57)));
  EXPECT_FALSE(sink.count(std::vector<std::byte>(1500)));
  EXPECT_EQ(sink.foreign(), 2U);
  EXPECT_EQ(sink.received(), 0U);
}

TEST(Traffic, WithNumbersThatLieIsCountedAndNoMore) {
  TrafficSource source({});
  TrafficSink sink;
  auto frame = frames_of(source, 1).front();
  for (const std::uint64_t number : {std::uint64_t{1} << 60U, std::uint64_t{0}, UINT64_MAX,
                                     std::uint64_t{5}, UINT64_MAX, std::uint64_t{63}}) {
    store_big_endian(frame.data() + 50, number);
    sink.count(frame);
  }
  EXPECT_EQ(sink.received() + sink.duplicates(), 6U);
}

}  // namespace
}  // namespace strata::ring::traffic_test
