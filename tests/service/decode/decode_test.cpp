// SPDX-License-Identifier: Apache-2.0
#include "service/decode/decode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "service/decode/samples.h"
#include "strata/rng.h"

namespace strata::service::decode_test {
namespace {

bool is_plain(const std::string& text) {
  return std::ranges::all_of(text, [](char letter) { return letter >= ' ' && letter <= '~'; });
}

// What holds of any packet. The bytes stand alone on the heap, so that a sanitizer sees a read
// that leaves them.
std::vector<DecodedLayer> expect_sound(Medium medium, Bytes packet) {
  const auto alone = std::make_unique<std::byte[]>(packet.size());
  std::ranges::copy(packet, alone.get());
  auto layers = decode_packet(medium, Bytes(alone.get(), packet.size()));
  EXPECT_LE(layers.size(), kDecodedLayersMax + 16);
  for (const DecodedLayer& layer : layers) {
    EXPECT_LE(layer.offset + layer.size, packet.size()) << layer.name;
    EXPECT_LE(layer.fields.size(), kDecodedFieldsMax) << layer.name;
    EXPECT_TRUE(is_plain(layer.name)) << layer.name;
    for (const DecodedField& field : layer.fields) {
      EXPECT_LE(8 * layer.offset + field.bit + field.bits, 8 * packet.size()) << field.name;
      EXPECT_TRUE(is_plain(field.name + field.value + field.note)) << field.name;
    }
  }
  return layers;
}

bool has_unreadable(const std::vector<DecodedLayer>& layers) {
  return std::ranges::any_of(layers, [](const DecodedLayer& layer) {
    return std::ranges::any_of(layer.fields,
                               [](const DecodedField& field) { return field.name == kUnreadable; });
  });
}

TEST(Decode, ReadsEverySampleToItsEnd) {
  for (const Sample& one : samples()) {
    const auto packet = bytes_of_hex(one.hex);
    const auto layers = expect_sound(Medium::kEthernet, packet);
    ASSERT_FALSE(layers.empty()) << one.name;
    EXPECT_FALSE(has_unreadable(layers)) << one.name;
    const DecodedLayer& last = layers.back();
    EXPECT_EQ(last.offset + last.size, packet.size()) << one.name;
  }
}

TEST(Decode, SaysWhereACutPacketEnds) {
  for (const Sample& one : samples()) {
    const auto packet = bytes_of_hex(one.hex);
    for (std::size_t size = 0; size < packet.size(); ++size) {
      expect_sound(Medium::kEthernet, Bytes(packet).first(size));
    }
    EXPECT_TRUE(has_unreadable(expect_sound(Medium::kEthernet, Bytes(packet).first(13))));
  }
  const auto whole = sample("udp");
  const auto cut = Bytes(whole).first(40);
  EXPECT_EQ(decoded(cut, "UDP", kUnreadable), "ends after 6 of 8 bytes");
  EXPECT_EQ(decoded(cut, "UDP", "Destination port"), "7 (echo)");
  EXPECT_EQ(decoded(cut, "IPv4", "Total length"), "33 (only 26 bytes are here)");
}

TEST(Decode, HoldsItsBoundsWhateverABitSays) {
  Rng rng(7);
  for (const Sample& one : samples()) {
    const auto packet = bytes_of_hex(one.hex);
    for (int round = 0; round < 200; ++round) {
      auto changed = packet;
      for (int change = 0; change < 3; ++change) {
        changed[rng.below(changed.size())] = static_cast<std::byte>(rng.below(256));
      }
      expect_sound(Medium::kEthernet, changed);
      expect_sound(Medium::kIp, Bytes(changed).subspan(std::min<std::size_t>(14, changed.size())));
    }
  }
}

TEST(Decode, EndsNestingWithoutEnd) {
  // IPv4 in IPv4, over and over.
  std::vector<std::byte> packet;
  const auto header = bytes_of_hex("4500ffff00000000400400000a0000010a000002");
  while (packet.size() < 60'000) packet.insert(packet.end(), header.begin(), header.end());
  EXPECT_EQ(expect_sound(Medium::kIp, packet).size(), kDecodedLayersMax);
}

TEST(Decode, ChoosesTheVersionOfAPacketWithoutAFrame) {
  const auto frame = sample("echo6");
  EXPECT_EQ(decoded(Bytes(frame).subspan(14), "ICMPv6", "Sequence number", Medium::kIp), "8");
  EXPECT_EQ(decoded({}, "IPv4", kUnreadable, Medium::kIp), "ends after 0 of 20 bytes");
}

TEST(Decode, CountsFieldsFromTheFirstBitOfTheirLayer) {
  const auto layers = decode_packet(Medium::kEthernet, sample("tcp_syn"));
  ASSERT_EQ(layers.size(), 3U);
  EXPECT_EQ(layers[1].offset, 14U);
  EXPECT_EQ(layers[2].offset, 34U);
  EXPECT_EQ(layers[2].size, 40U);
  for (const DecodedField& field : layers[1].fields) {
    if (field.name == "TTL") {
      EXPECT_EQ(field.bit, 64U);
    }
    if (field.name == "Don't fragment") {
      EXPECT_EQ(field.bit, 49U);
    }
    if (field.name == "Fragment offset") {
      EXPECT_EQ(field.bits, 13U);
    }
  }
  for (const DecodedField& field : layers[2].fields) {
    if (field.name == "Flags") {
      EXPECT_EQ(field.bit, 103U);
    }
    if (field.name == "Option: window scale") {
      EXPECT_EQ(field.bit, 8U * 37);
    }
  }
}

TEST(Decode, LeavesNoBitOfTheFixedHeadersOut) {
  for (const char* name : {"tcp_syn", "udp", "echo6", "vlan", "arp_request"}) {
    for (const DecodedLayer& layer : decode_packet(Medium::kEthernet, sample(name))) {
      std::size_t bits = 0;
      for (const DecodedField& field : layer.fields) bits += field.bits;
      // The three reserved bits of TCP are nobody's.
      EXPECT_EQ(bits, 8 * layer.size - (layer.name == "TCP" ? 3 : 0)) << name << layer.name;
    }
  }
}

}  // namespace
}  // namespace strata::service::decode_test
