// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <time.h>

#include "driver/packets.h"
#include "strata/devices.h"
#include "strata/pcap.h"

namespace strata::driver::pcap_device_test {
namespace {

using testing::HasSubstr;

// Three packets, the last two `gap` behind the one before.
std::vector<std::vector<std::byte>> write_capture(const std::string& path, Duration gap,
                                                  LinkType link_type = LinkType::kEthernet) {
  Rng rng(1);
  auto writer = PcapWriter::create(path);
  (*writer)->add_interface({link_type, 0, "", ""});
  std::vector<std::vector<std::byte>> frames;
  for (int i = 0; i < 3; ++i) {
    frames.push_back(random_frame(rng, 100));
    (*writer)->write(0, Time(std::chrono::seconds(1000) + i * gap), frames.back());
  }
  return frames;
}

bool is_readable(const Device& device, int patience_ms) {
  pollfd ready{device.descriptor(), POLLIN, 0};
  return ::poll(&ready, 1, patience_ms) == 1;
}

std::int64_t monotonic_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

TEST(PcapDevice, ReplaysAFileAsFastAsItGoes) {
  const TemporaryDirectory directory;
  const auto frames = write_capture(directory.file("a"), std::chrono::hours(1));
  const auto device = open_device("pcap:" + directory.file("a"));
  ASSERT_TRUE(device.has_value()) << device.error().text;
  TestPool pool;
  EXPECT_TRUE(is_readable(**device, 0));
  PacketBatch batch;
  (*device)->receive(pool.pool, batch);
  ASSERT_EQ(batch.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(bytes_of(batch[i]), frames[i]);
  EXPECT_FALSE(is_readable(**device, 0)) << "nothing more will come";
}

TEST(PcapDevice, KeepsTheRecordedPace) {
  const TemporaryDirectory directory;
  write_capture(directory.file("a"), std::chrono::milliseconds(300));
  const auto device = open_device("pcap:" + directory.file("a") + ",speed=10");
  ASSERT_TRUE(device.has_value()) << device.error().text;
  TestPool pool;
  const std::int64_t start = monotonic_ms();
  for (std::int64_t received = 0; received < 3;) {
    ASSERT_TRUE(is_readable(**device, 5000));
    PacketBatch batch;
    (*device)->receive(pool.pool, batch);
    received = static_cast<std::int64_t>((*device)->counters().received_packets);
    // 30 ms apart: late is the machine's affair, early would be ours.
    EXPECT_LE(received, 1 + (monotonic_ms() - start) / 30);
  }
  EXPECT_FALSE(is_readable(**device, 0));
}

TEST(PcapDevice, WaitsForThePoolAndLosesNothing) {
  const TemporaryDirectory directory;
  write_capture(directory.file("a"), Duration::zero());
  const auto device = open_device("pcap:" + directory.file("a"));
  PacketPoolConfig config;
  config.small_buffers = 2;
  config.large_buffers = 0;
  TestPool pool(config);
  PacketBatch batch;
  (*device)->receive(pool.pool, batch);
  EXPECT_EQ(batch.size(), 2U);
  batch.clear();
  (*device)->receive(pool.pool, batch);
  EXPECT_EQ(batch.size(), 1U);
}

TEST(PcapDevice, RecordsWhatIsSent) {
  for (const char* name : {"out.pcap", "out.pcapng"}) {
    const TemporaryDirectory directory;
    Rng rng(2);
    TestPool pool;
    const auto frame = random_frame(rng, 333);
    {
      const auto device = open_device("pcap:,write=" + directory.file(name));
      ASSERT_TRUE(device.has_value()) << device.error().text;
      PacketBatch batch;
      batch.push(chain_of(pool.pool, frame, 100));
      (*device)->transmit(batch);
      EXPECT_TRUE(batch.empty());
      EXPECT_EQ((*device)->counters().sent_packets, 1U);
    }
    const auto reader = PcapReader::open(directory.file(name));
    ASSERT_TRUE(reader.has_value()) << reader.error();
    const auto record = (*reader)->next();
    EXPECT_EQ(std::vector(record->value().bytes.begin(), record->value().bytes.end()), frame);
  }
}

TEST(PcapDevice, TakesItsMediumFromTheFile) {
  const TemporaryDirectory directory;
  write_capture(directory.file("a"), Duration::zero(), LinkType::kRawIp);
  EXPECT_EQ((*open_device("pcap:" + directory.file("a")))->capabilities().medium, Medium::kIp);
  write_capture(directory.file("b"), Duration::zero(), LinkType{105});
  EXPECT_THAT(open_device("pcap:" + directory.file("b")).error().text,
              HasSubstr("link type 105 cannot be replayed"));
}

TEST(PcapDevice, TakesPacketsOutOfCookedFrames) {
  const TemporaryDirectory directory;
  std::vector<std::byte> ip(16 + 20, std::byte{0x45});
  ip[14] = std::byte{0x08};
  ip[15] = std::byte{0x00};
  std::vector<std::byte> arp = ip;
  arp[15] = std::byte{0x06};
  {
    const auto writer = PcapWriter::create(directory.file("a"));
    (*writer)->add_interface({LinkType::kLinuxSll, 0, "", ""});
    for (const auto& bytes : {arp, ip}) (*writer)->write(0, Time{}, bytes);
  }
  const auto device = open_device("pcap:" + directory.file("a"));
  ASSERT_TRUE(device.has_value()) << device.error().text;
  EXPECT_EQ((*device)->capabilities().medium, Medium::kIp);
  TestPool pool;
  PacketBatch batch;
  (*device)->receive(pool.pool, batch);
  ASSERT_EQ(batch.size(), 1U);
  EXPECT_EQ(bytes_of(batch[0]), std::vector<std::byte>(20, std::byte{0x45}));
  EXPECT_EQ((*device)->counters().malformed, 1U);
}

// A pcapng file of this machine's byte order.
class File {
 public:
  template <typename... Values>
  File& put(Values... values) {
    (append(values), ...);
    return *this;
  }
  std::vector<std::byte> bytes;

 private:
  template <typename Value>
  void append(Value value) {
    const auto raw = std::as_bytes(std::span(&value, 1));
    bytes.insert(bytes.end(), raw.begin(), raw.end());
  }
};

// Two records, as far apart as their interfaces' offsets can put them.
std::vector<std::byte> capture_of_all_time() {
  File file;
  constexpr std::uint16_t kOffsetOption = 14;
  file.put(0x0a0d'0d0aU, 28U, 0x1a2b'3c4dU, std::uint16_t{1}, std::uint16_t{0}, UINT64_MAX, 28U);
  for (const std::int64_t offset : {INT64_MIN, INT64_MAX}) {
    file.put(1U, 32U, std::uint16_t{1}, std::uint16_t{0}, 0U);
    file.put(kOffsetOption, std::uint16_t{8}, offset, 32U);
  }
  for (const unsigned interface : {0U, 1U}) {
    file.put(6U, 36U, interface, 0U, 0U, 4U, 4U, 0x4545'4545U, 36U);
  }
  return file.bytes;
}

// The clock of a capturing machine may have been anywhere.
TEST(PcapDevice, TimesAtBothEndsOfTimeAreNoTrouble) {
  const TemporaryDirectory directory;
  write_file(directory.file("a"), capture_of_all_time());
  for (const std::string speed : {"1", "1e-300", "1e300"}) {
    const auto device = open_device("pcap:" + directory.file("a") + ",speed=" + speed);
    ASSERT_TRUE(device.has_value()) << device.error().text;
    TestPool pool;
    PacketBatch batch;
    (*device)->receive(pool.pool, batch);
    EXPECT_EQ(batch.size(), speed == "1e300" ? 2U : 1U) << speed;
  }
}

TEST(PcapDevice, CountsTheEndOfADamagedFile) {
  const TemporaryDirectory directory;
  write_capture(directory.file("a"), Duration::zero());
  auto bytes = read_file(directory.file("a"));
  bytes.resize(bytes.size() - 10);
  write_file(directory.file("a"), bytes);
  const auto device = open_device("pcap:" + directory.file("a"));
  TestPool pool;
  PacketBatch batch;
  (*device)->receive(pool.pool, batch);
  EXPECT_EQ(batch.size(), 2U);
  EXPECT_EQ((*device)->counters().malformed, 1U);
}

TEST(PcapDevice, MaxIsAsFastAsItGoes) {
  const TemporaryDirectory directory;
  write_capture(directory.file("a"), std::chrono::hours(1));
  const auto device = open_device("pcap:" + directory.file("a") + ",speed=max");
  ASSERT_TRUE(device.has_value()) << device.error().text;
  TestPool pool;
  PacketBatch batch;
  (*device)->receive(pool.pool, batch);
  EXPECT_EQ(batch.size(), 3U);
}

// Captures of several interfaces, and of sensors that ran backwards.
TEST(PcapDevice, TimesThatGoBackwardsWaitForNothing) {
  const TemporaryDirectory directory;
  write_capture(directory.file("a"), -std::chrono::hours(1));
  const auto device = open_device("pcap:" + directory.file("a") + ",speed=1");
  ASSERT_TRUE(device.has_value()) << device.error().text;
  TestPool pool;
  PacketBatch batch;
  (*device)->receive(pool.pool, batch);
  EXPECT_EQ(batch.size(), 3U);
}

TEST(PcapDevice, StepsOverInterfacesOfAnUnknownType) {
  const TemporaryDirectory directory;
  Rng rng(1);
  const auto frame = random_frame(rng, 100);
  {
    auto writer = PcapWriter::create(directory.file("a"));
    (*writer)->add_interface({static_cast<LinkType>(220), 0, "usb", ""});
    (*writer)->add_interface({LinkType::kEthernet, 0, "eth", ""});
    for (int i = 0; i < 5'000; ++i) (*writer)->write(0, Time(std::chrono::seconds(1)), frame);
    (*writer)->write(1, Time(std::chrono::seconds(1)), frame);
    for (int i = 0; i < 5'000; ++i) (*writer)->write(0, Time(std::chrono::seconds(1)), frame);
    (*writer)->write(1, Time(std::chrono::seconds(1)), frame);
  }
  const auto device = open_device("pcap:" + directory.file("a"));
  ASSERT_TRUE(device.has_value()) << device.error().text;
  EXPECT_EQ((*device)->counters().malformed, 5'000U);
  TestPool pool;
  PacketBatch batch;
  (*device)->receive(pool.pool, batch);
  EXPECT_EQ(batch.size(), 1U) << "one call does not go through a whole file of nothing";
  for (int i = 0; i < 5; ++i) (*device)->receive(pool.pool, batch);
  EXPECT_EQ(batch.size(), 2U);
  EXPECT_EQ((*device)->counters().malformed, 10'000U);
}

TEST(PcapDevice, AFileOfUnknownTypesAloneIsRefused) {
  const TemporaryDirectory directory;
  write_capture(directory.file("a"), Duration{}, static_cast<LinkType>(220));
  const auto device = open_device("pcap:" + directory.file("a"));
  ASSERT_FALSE(device.has_value());
  EXPECT_THAT(device.error().text, HasSubstr("link type 220 cannot be replayed"));
}

}  // namespace
}  // namespace strata::driver::pcap_device_test
