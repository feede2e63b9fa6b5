// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <initializer_list>

#include "driver/packets.h"
#include "driver/pcap/pcap_format.h"
#include "strata/pcap.h"

namespace strata::driver::pcap_reader_test {
namespace {

using testing::HasSubstr;

// Lays files down in either byte order.
class File {
 public:
  explicit File(bool swaps) : swaps_(swaps) {}

  template <std::unsigned_integral T>
  File& put(T value) {
    if (swaps_) value = std::byteswap(value);
    const auto bytes = std::as_bytes(std::span(&value, 1));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  File& u32(std::initializer_list<std::uint32_t> values) {
    for (const std::uint32_t value : values) put(value);
    return *this;
  }
  File& bytes(std::initializer_list<unsigned> values) {
    for (const unsigned value : values) bytes_.push_back(static_cast<std::byte>(value));
    return *this;
  }
  // A pcapng section and one interface with these options.
  File& section() { return u32({kBlockSectionHeader, 28, kByteOrderMagic, 0x0000'0001}, true); }
  File& interface(std::uint16_t link_type, std::uint32_t snap_length) {
    u32({kBlockInterface, 20});
    put(link_type).put(std::uint16_t{0});
    return u32({snap_length, 20});
  }
  [[nodiscard]] const std::vector<std::byte>& data() const { return bytes_; }
  [[nodiscard]] std::vector<std::byte>& data() { return bytes_; }

 private:
  File& u32(std::initializer_list<std::uint32_t> head, bool /*section*/) {
    for (const std::uint32_t value : std::span(head).first(3)) put(value);
    put(std::uint16_t{1}).put(std::uint16_t{0});
    put(UINT64_MAX);
    return u32({28});
  }

  bool swaps_;
  std::vector<std::byte> bytes_;
};

std::unique_ptr<PcapReader> reader_over(const File& file) {
  auto reader = PcapReader::over(file.data());
  EXPECT_TRUE(reader.has_value()) << reader.error();
  return reader ? *std::move(reader) : nullptr;
}

PcapRecord next_record(PcapReader& reader) {
  auto step = reader.next();
  EXPECT_TRUE(step.has_value()) << step.error();
  EXPECT_TRUE(step && step->has_value());
  return step && *step ? **step : PcapRecord{};
}

std::string failure_of(const File& file) {
  auto reader = PcapReader::over(file.data());
  if (!reader) return reader.error();
  for (;;) {
    const auto step = (*reader)->next();
    if (!step) return step.error();
    if (!step->has_value()) return "";
  }
}

TEST(PcapReader, ReadsBothResolutionsInBothByteOrders) {
  for (const bool swaps : {false, true}) {
    for (const bool is_nano : {false, true}) {
      File file(swaps);
      file.put(is_nano ? kPcapMagicNano : kPcapMagicMicro)
          .put(std::uint16_t{2})
          .put(std::uint16_t{4});
      file.u32({0, 0, 65535, 1});
      file.u32({1'700'000'000, 7, 3, 60}).bytes({1, 2, 3});
      const auto reader = reader_over(file);
      const PcapRecord record = next_record(*reader);
      EXPECT_EQ(record.at->time_since_epoch().count(),
                1'700'000'000'000'000'000 + (is_nano ? 7 : 7000));
      EXPECT_EQ(record.original_size, 60U);
      EXPECT_EQ(record.bytes.size(), 3U);
      EXPECT_FALSE(reader->next()->has_value());
    }
  }
}

TEST(PcapReader, ReadsEveryKindOfPacketBlockInBothByteOrders) {
  for (const bool swaps : {false, true}) {
    File file(swaps);
    file.section().interface(1, 4);
    file.u32({4, 16, 0, 16});         // name resolution: stepped over
    file.u32({0x0bad'0bad, 12, 12});  // unknown: stepped over
    file.u32({kBlockEnhancedPacket, 36, 0, 0, 42, 3, 60}).bytes({1, 2, 3, 0}).u32({36});
    file.u32({kBlockSimplePacket, 20, 60}).bytes({4, 5, 6, 7}).u32({20});
    file.u32({kBlockObsoletePacket, 36}).put(std::uint16_t{0}).put(std::uint16_t{9});
    file.u32({0, 43, 1, 60}).bytes({8, 0, 0, 0}).u32({36});
    const auto reader = reader_over(file);
    const PcapRecord enhanced = next_record(*reader);
    EXPECT_EQ(enhanced.at->time_since_epoch().count(), 42'000);  // microseconds by default
    EXPECT_EQ(enhanced.bytes.size(), 3U);
    const PcapRecord simple = next_record(*reader);
    EXPECT_FALSE(simple.at.has_value());
    EXPECT_EQ(simple.bytes.size(), 4U) << "cut to the interface's snap length";
    EXPECT_EQ(simple.original_size, 60U);
    const PcapRecord obsolete = next_record(*reader);
    EXPECT_EQ(obsolete.at->time_since_epoch().count(), 43'000);
    EXPECT_EQ(obsolete.bytes[0], std::byte{8});
    EXPECT_FALSE(reader->next()->has_value());
  }
}

TEST(PcapReader, EverySectionHasItsOwnByteOrderAndInterfaces) {
  File first(false);
  first.section().interface(1, 0).interface(101, 0);
  File second(true);
  second.section().interface(113, 0);
  second.u32({kBlockEnhancedPacket, 32, 0, 0, 1, 0, 0, 32});
  first.data().insert(first.data().end(), second.data().begin(), second.data().end());
  const auto reader = reader_over(first);
  const PcapRecord record = next_record(*reader);
  EXPECT_EQ(record.interface, 2U);
  EXPECT_EQ(reader->interfaces()[2].link_type, LinkType::kLinuxSll);
}

struct Resolution {
  unsigned resolution;
  std::uint64_t units;
  std::int64_t nanoseconds;
};

TEST(PcapReader, UnderstandsEveryResolutionOfTime) {
  constexpr std::int64_t kSecondsMax = 9'223'372'035;
  for (const Resolution& wanted : {
           Resolution{0, 5, 5'000'000'000},
           Resolution{3, 1234, 1'234'000'000},
           Resolution{9, 1'000'000'001, 1'000'000'001},
           Resolution{12, 1'999, 1},
           Resolution{127, UINT64_MAX, 0},
           Resolution{0x80 | 10, 1536, 1'500'000'000},
           Resolution{0x80 | 30, (std::uint64_t{1} << 30U) + 1, 1'000'000'000},
           Resolution{0x80 | 63, std::uint64_t{1} << 62U, 500'000'000},
           Resolution{0x80 | 64, std::uint64_t{1} << 63U, 500'000'000},
           Resolution{0x80 | 127, UINT64_MAX, 0},
           Resolution{0x80, 3, 3'000'000'000},
           Resolution{0, UINT64_MAX, kSecondsMax * 1'000'000'000},
       }) {
    File file(false);
    file.section();
    file.u32({kBlockInterface, 32, 1, 0}).put(std::uint16_t{9}).put(std::uint16_t{1});
    file.bytes({wanted.resolution, 0, 0, 0}).u32({0, 32});
    file.u32({kBlockEnhancedPacket, 32, 0, static_cast<std::uint32_t>(wanted.units >> 32U),
              static_cast<std::uint32_t>(wanted.units), 0, 0, 32});
    const auto reader = reader_over(file);
    EXPECT_EQ(next_record(*reader).at->time_since_epoch().count(), wanted.nanoseconds)
        << wanted.resolution;
  }
}

TEST(PcapReader, RefusesFilesThatAreNone) {
  EXPECT_THAT(PcapReader::over({}).error(), HasSubstr("empty"));
  File file(false);
  file.bytes({1, 2});
  EXPECT_THAT(failure_of(file), HasSubstr("too short"));
  file.bytes({3, 4, 5, 6, 7, 8});
  EXPECT_THAT(failure_of(file), HasSubstr("neither a pcap nor a pcapng file"));
  EXPECT_THAT(PcapReader::open("/nonexistent").error(), HasSubstr("No such file"));
}

TEST(PcapReader, SaysHowAFileIsDamaged) {
  const auto pcapng = [] { return File(false).section().interface(1, 0); };
  const auto pcap = [] {
    File file(false);
    file.put(kPcapMagicMicro).put(std::uint16_t{2}).put(std::uint16_t{4}).u32({0, 0, 0, 1});
    return file;
  };
  EXPECT_THAT(failure_of(pcap().u32({0, 0, 0xffff'ffff, 0})), HasSubstr("longer than any"));
  EXPECT_THAT(failure_of(pcap().u32({0, 0, 8, 8, 1})), HasSubstr("ends within a packet"));
  EXPECT_THAT(failure_of(pcap().u32({0, 0})), HasSubstr("ends within a record"));
  EXPECT_THAT(failure_of(pcapng().u32({6})), HasSubstr("ends within a block"));
  EXPECT_THAT(failure_of(pcapng().u32({6, 8})), HasSubstr("impossible block length"));
  EXPECT_THAT(failure_of(pcapng().u32({6, 33, 0})), HasSubstr("impossible block length"));
  EXPECT_THAT(failure_of(pcapng().u32({6, 0xffff'fffc})), HasSubstr("longer than any packet"));
  EXPECT_THAT(failure_of(pcapng().u32({4, 0xffff'fffc, 0})), HasSubstr("ends within a block"));
  EXPECT_THAT(failure_of(pcapng().u32({6, 32, 0, 0, 0, 0, 0, 36})), HasSubstr("lengths"));
  EXPECT_THAT(failure_of(pcapng().u32({6, 32, 1, 0, 0, 0, 0, 32})), HasSubstr("not there"));
  EXPECT_THAT(failure_of(pcapng().u32({6, 32, 0, 0, 0, 1, 1, 32})), HasSubstr("than its block"));
  EXPECT_THAT(failure_of(pcapng().u32({6, 16, 0, 16})), HasSubstr("too short"));
  EXPECT_THAT(failure_of(File(false).section().u32({3, 16, 0, 16})), HasSubstr("not there"));
}

TEST(PcapReader, AnErrorIsFinal) {
  File file(false);
  file.section().interface(1, 0).u32({6, 8});
  const auto reader = reader_over(file);
  EXPECT_FALSE(reader->next().has_value());
  EXPECT_FALSE(reader->next().has_value());
}

TEST(PcapReader, DoesNotRememberInterfacesWithoutEnd) {
  File file(false);
  file.section();
  for (int i = 0; i < 5000; ++i) file.interface(1, 0);
  EXPECT_THAT(failure_of(file), HasSubstr("too many interfaces"));
}

TEST(PcapReader, EndsOnEveryTruncationAndEveryDamagedByte) {
  File file(false);
  file.section().interface(1, 0);
  for (std::uint32_t i = 0; i < 3; ++i) {
    file.u32({kBlockEnhancedPacket, 44, 0, 0, i, 4, 4, 0x0102'0304});
    file.put(std::uint16_t{1}).put(std::uint16_t{2}).bytes({'h', 'i', 0, 0}).u32({44});
  }
  const std::vector<std::byte> whole = file.data();
  std::vector<std::size_t> sound;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    file.data().assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    if (failure_of(file).empty()) sound.push_back(length);
  }
  EXPECT_THAT(sound, testing::ElementsAre(28, 48, 92, 136)) << "only between two blocks";
  Rng rng(1);
  int damaged = 0;
  for (int round = 0; round < 20'000; ++round) {
    file.data() = whole;
    for (std::uint64_t flips = 1 + rng.below(3); flips != 0; --flips) {
      file.data()[rng.below(whole.size())] = static_cast<std::byte>(rng.next());
    }
    damaged += failure_of(file).empty() ? 0 : 1;
  }
  EXPECT_GT(damaged, 1000);
}

}  // namespace
}  // namespace strata::driver::pcap_reader_test
