// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "driver/packets.h"
#include "strata/pcap.h"

namespace strata::driver::pcap_writer_test {
namespace {

using testing::HasSubstr;
using Format = PcapWriterOptions::Format;

constexpr Time at(std::int64_t nanoseconds) { return Time(Duration(nanoseconds)); }

struct Written {
  std::uint32_t interface;
  Time at;
  std::vector<std::byte> bytes;
  PcapDirection direction;
  std::string comment;
};

std::unique_ptr<PcapWriter> create(const std::string& path, PcapWriterOptions options = {}) {
  auto writer = PcapWriter::create(path, std::move(options));
  EXPECT_TRUE(writer.has_value()) << writer.error();
  return *std::move(writer);
}

// Writes packets of every length and alignment and answers what a reader must find.
std::vector<Written> write_random(PcapWriter& writer, Rng& rng, std::uint32_t interfaces,
                                  bool with_notes) {
  std::vector<Written> written;
  for (int i = 0; i < 500; ++i) {
    Written packet{static_cast<std::uint32_t>(rng.below(interfaces)),
                   at(static_cast<std::int64_t>(rng.below(4'000'000'000'000'000'000))),
                   random_frame(rng, rng.below(1600)), PcapDirection::kUnknown, ""};
    if (with_notes) {
      packet.direction = static_cast<PcapDirection>(rng.below(3));
      packet.comment = std::string(rng.below(20), 'x');
    }
    writer.write(packet.interface, packet.at, packet.bytes, {packet.direction, packet.comment});
    written.push_back(std::move(packet));
  }
  return written;
}

void expect_same(PcapReader& reader, const std::vector<Written>& written) {
  for (const Written& expected : written) {
    const auto step = reader.next();
    ASSERT_TRUE(step.has_value()) << step.error();
    ASSERT_TRUE(step->has_value());
    const PcapRecord& record = **step;
    EXPECT_EQ(record.interface, expected.interface);
    EXPECT_EQ(record.at, WallTime(expected.at.time_since_epoch()));
    EXPECT_EQ(std::vector(record.bytes.begin(), record.bytes.end()), expected.bytes);
    EXPECT_EQ(record.original_size, expected.bytes.size());
    EXPECT_EQ(record.direction, expected.direction);
    EXPECT_EQ(record.comment, expected.comment);
  }
  const auto end = reader.next();
  ASSERT_TRUE(end.has_value()) << end.error();
  EXPECT_FALSE(end->has_value());
}

TEST(PcapWriter, WhatIsWrittenAsPcapngIsRead) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a.pcapng");
  Rng rng(1);
  std::vector<Written> written;
  {
    PcapWriterOptions options;
    options.buffer_bytes = 1;  // the smallest a record fits into: flushes often
    const auto writer = create(path, options);
    EXPECT_EQ(writer->add_interface({LinkType::kEthernet, 0, "left", "one end"}), 0U);
    EXPECT_EQ(writer->add_interface({LinkType::kRawIp, 0, "right", ""}), 1U);
    written = write_random(*writer, rng, 2, true);
    EXPECT_EQ(writer->packets_written(), written.size());
    EXPECT_TRUE(writer->flush());
  }
  const auto reader = PcapReader::open(path);
  ASSERT_TRUE(reader.has_value()) << reader.error();
  expect_same(**reader, written);
  ASSERT_EQ((*reader)->interfaces().size(), 2U);
  EXPECT_EQ((*reader)->interfaces()[0].name, "left");
  EXPECT_EQ((*reader)->interfaces()[0].description, "one end");
  EXPECT_EQ((*reader)->interfaces()[1].link_type, LinkType::kRawIp);
}

TEST(PcapWriter, WhatIsWrittenAsPcapIsRead) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a.pcap");
  Rng rng(2);
  std::vector<Written> written;
  {
    PcapWriterOptions options;
    options.format = Format::kPcap;
    const auto writer = create(path, options);
    writer->add_interface({LinkType::kRawIp, 0, "", ""});
    written = write_random(*writer, rng, 1, false);
  }
  const auto reader = PcapReader::open(path);
  ASSERT_TRUE(reader.has_value()) << reader.error();
  EXPECT_EQ((*reader)->interfaces()[0].link_type, LinkType::kRawIp);
  expect_same(**reader, written);
}

TEST(PcapWriter, CutsPacketsToTheSnapLengthAndKeepsTheirTrueLength) {
  for (const Format format : {Format::kPcapng, Format::kPcap}) {
    const TemporaryDirectory directory;
    const std::string path = directory.file("a");
    Rng rng(3);
    TestPool pool;
    const auto bytes = random_frame(rng, 1000);
    {
      PcapWriterOptions options;
      options.format = format;
      options.snap_length = 96;
      const auto writer = create(path, options);
      writer->add_interface({});
      // A chain is cut across its slices.
      writer->write(0, at(5), *chain_of(pool.pool, bytes, 50));
    }
    const auto reader = PcapReader::open(path);
    ASSERT_TRUE(reader.has_value());
    const auto record = (*reader)->next();
    ASSERT_TRUE(record.has_value() && record->has_value());
    EXPECT_EQ((*record)->original_size, 1000U);
    EXPECT_EQ(std::vector((*record)->bytes.begin(), (*record)->bytes.end()),
              std::vector(bytes.begin(), bytes.begin() + 96));
  }
}

TEST(PcapWriter, KeepsTheTrueLengthOfWhatWasCutElsewhere) {
  for (const Format format : {Format::kPcapng, Format::kPcap}) {
    const TemporaryDirectory directory;
    const std::string path = directory.file("a");
    const std::vector<std::byte> bytes(40);
    {
      PcapWriterOptions options;
      options.format = format;
      const auto writer = create(path, options);
      writer->add_interface({});
      writer->write(0, at(5), bytes, {.direction = {}, .comment = {}, .original_size = 1500});
    }
    const auto reader = PcapReader::open(path);
    ASSERT_TRUE(reader.has_value());
    const auto record = (*reader)->next();
    ASSERT_TRUE(record.has_value() && record->has_value());
    EXPECT_EQ((*record)->original_size, 1500U);
    EXPECT_EQ((*record)->bytes.size(), 40U);
  }
}

TEST(PcapWriter, MapsTheStacksTimeToTheWallClock) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a");
  {
    PcapWriterOptions options;
    options.wall_offset = std::chrono::seconds(1'700'000'000);
    const auto writer = create(path, options);
    writer->add_interface({});
    writer->write(0, at(123), Bytes{});
  }
  const auto reader = PcapReader::open(path);
  EXPECT_EQ((*reader)->next()->value().at->time_since_epoch().count(), 1'700'000'000'000'000'123);
}

TEST(PcapWriter, APcapFileHoldsOneLinkType) {
  const TemporaryDirectory directory;
  PcapWriterOptions options;
  options.format = Format::kPcap;
  const auto writer = create(directory.file("a"), options);
  writer->add_interface({LinkType::kEthernet, 0, "", ""});
  writer->add_interface({LinkType::kEthernet, 0, "", ""});
  EXPECT_TRUE(writer->is_ok());
  writer->add_interface({LinkType::kRawIp, 0, "", ""});
  EXPECT_FALSE(writer->is_ok());
  EXPECT_THAT(writer->failure(), HasSubstr("one link type"));
}

TEST(PcapWriter, AFullDiskEndsTheCaptureAfterAWholeRecord) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a");
  // A limit on the size of files stands in for the disk.
  rlimit former{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &former), 0);
  const auto former_handler = std::signal(SIGXFSZ, SIG_IGN);
  Rng rng(4);
  {
    PcapWriterOptions options;
    options.buffer_bytes = 1;
    const auto writer = create(path, options);
    writer->add_interface({});
    ASSERT_TRUE(writer->flush());
    rlimit small = former;
    small.rlim_cur = 1'000'000;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    for (int i = 0; i < 2000; ++i) writer->write(0, at(i), random_frame(rng, 1000));
    EXPECT_FALSE(writer->is_ok());
    EXPECT_THAT(writer->failure(), HasSubstr("File too large"));
    EXPECT_FALSE(writer->flush());
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &former), 0);
  std::signal(SIGXFSZ, former_handler);
  const auto reader = PcapReader::open(path);
  ASSERT_TRUE(reader.has_value());
  std::size_t packets = 0;
  for (;; ++packets) {
    const auto step = (*reader)->next();
    ASSERT_TRUE(step.has_value()) << step.error();
    if (!step->has_value()) break;
  }
  EXPECT_GT(packets, 100U);
}

TEST(PcapWriter, SaysWhyAFileCannotBeMade) {
  const auto writer = PcapWriter::create("/nonexistent/a.pcap");
  ASSERT_FALSE(writer.has_value());
  EXPECT_THAT(writer.error(), HasSubstr("/nonexistent/a.pcap: No such file or directory"));
}

}  // namespace
}  // namespace strata::driver::pcap_writer_test
