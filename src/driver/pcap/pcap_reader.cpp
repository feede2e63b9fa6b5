// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "driver/pcap/pcap_format.h"
#include "strata/pcap.h"

namespace strata {
namespace {

using namespace driver;

// A packet with its options. Blocks that hold no packet may be of any length: they are stepped
// over.
constexpr std::uint32_t kBodyBytesMax = kCapturedBytesMax + 256 * 1024;
constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;
// Beyond these a sys_time of nanoseconds would overflow.
constexpr std::int64_t kSecondsMax = 9'223'372'035;

// Seconds and nanoseconds of `units`, counted in steps of 10^-exponent or 2^-exponent seconds.
std::pair<std::uint64_t, std::uint64_t> split_decimal(std::uint64_t units, unsigned exponent) {
  for (; exponent > 9 && units != 0; --exponent) units /= 10;
  if (units == 0) return {0, 0};
  std::uint64_t per_second = 1;
  for (unsigned i = 0; i < exponent; ++i) per_second *= 10;
  return {units / per_second, units % per_second * (kNanosecondsPerSecond / per_second)};
}

std::pair<std::uint64_t, std::uint64_t> split_binary(std::uint64_t units, unsigned exponent) {
  constexpr unsigned kFractionBits = 30;  // the most that can be multiplied by 10^9
  const std::uint64_t seconds = exponent < 64 ? units >> exponent : 0;
  std::uint64_t fraction = exponent == 0   ? 0
                           : exponent < 64 ? units & ((std::uint64_t{1} << exponent) - 1)
                                           : units;
  if (exponent > kFractionBits) {
    const unsigned excess = exponent - kFractionBits;
    fraction = excess < 64 ? fraction >> excess : 0;
    exponent = kFractionBits;
  }
  return {seconds, (fraction * kNanosecondsPerSecond) >> exponent};
}

}  // namespace

WallTime PcapReader::Timestamps::at(std::uint64_t units) const {
  const unsigned exponent = resolution & 0x7fU;
  const auto [whole, nanoseconds] =
      (resolution & 0x80U) != 0 ? split_binary(units, exponent) : split_decimal(units, exponent);
  const auto capped = static_cast<std::int64_t>(std::min<std::uint64_t>(whole, kSecondsMax));
  std::int64_t seconds = 0;
  if (__builtin_add_overflow(capped, offset_seconds, &seconds)) seconds = kSecondsMax;
  seconds = std::clamp(seconds, -kSecondsMax, kSecondsMax);
  return WallTime(std::chrono::seconds(seconds) +
                  std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds)));
}

PcapReader::PcapReader(std::FILE* file, bool owns) : file_(file), owns_(owns) {}

PcapReader::~PcapReader() {
  if (owns_) std::fclose(file_);
}

std::expected<std::unique_ptr<PcapReader>, std::string> PcapReader::open(const std::string& path) {
  const bool is_stdin = path == "-";
  std::FILE* file = is_stdin ? stdin : std::fopen(path.c_str(), "rbe");
  if (file == nullptr) {
    return std::unexpected("cannot read capture " + path + ": " + std::strerror(errno));
  }
  std::unique_ptr<PcapReader> reader(new PcapReader(file, !is_stdin));
  if (auto started = reader->read_start(); !started) {
    return std::unexpected(path + ": " + started.error());
  }
  return reader;
}

std::expected<std::unique_ptr<PcapReader>, std::string> PcapReader::over(Bytes file) {
  if (file.empty()) return damaged("it is empty");
  // Opened for reading only, so the bytes stay as they are.
  std::FILE* stream = ::fmemopen(const_cast<std::byte*>(file.data()), file.size(), "rb");
  if (stream == nullptr) return std::unexpected(std::string(std::strerror(errno)));
  std::unique_ptr<PcapReader> reader(new PcapReader(stream, true));
  if (auto started = reader->read_start(); !started) return std::unexpected(started.error());
  return reader;
}

std::uint16_t PcapReader::u16(Bytes from, std::size_t offset) const {
  std::uint16_t value = 0;
  std::memcpy(&value, from.data() + offset, sizeof(value));
  return swaps_ ? std::byteswap(value) : value;
}

std::uint32_t PcapReader::u32(Bytes from, std::size_t offset) const {
  std::uint32_t value = 0;
  std::memcpy(&value, from.data() + offset, sizeof(value));
  return swaps_ ? std::byteswap(value) : value;
}

std::uint64_t PcapReader::u64(Bytes from, std::size_t offset) const {
  std::uint64_t value = 0;
  std::memcpy(&value, from.data() + offset, sizeof(value));
  return swaps_ ? std::byteswap(value) : value;
}

std::size_t PcapReader::read_some(MutableBytes to) {
  return std::fread(to.data(), 1, to.size(), file_);
}

std::expected<void, std::string> PcapReader::read_body(std::uint32_t count) {
  if (count > kBodyBytesMax) return damaged("a block is longer than any packet");
  // Grows with what is really there and not with what the length claims.
  constexpr std::size_t kStep = 64 * 1024;
  body_.clear();
  while (body_.size() < count) {
    const std::size_t before = body_.size();
    const std::size_t here = std::min<std::size_t>(kStep, count - before);
    body_.resize(before + here);
    if (read_some(std::span(body_).subspan(before)) != here) {
      return damaged("it ends within a packet");
    }
  }
  return {};
}

std::expected<void, std::string> PcapReader::skip_body(std::uint32_t count) {
  std::array<std::byte, 4096> sink;
  while (count != 0) {
    const std::size_t here = std::min<std::size_t>(sink.size(), count);
    if (read_some(std::span(sink).first(here)) != here) return damaged("it ends within a block");
    count -= static_cast<std::uint32_t>(here);
  }
  return {};
}

std::expected<void, std::string> PcapReader::read_start() {
  std::array<std::byte, kPcapFileHeaderBytes> header;
  if (read_some(std::span(header).first(4)) != 4) {
    if (std::ferror(file_) != 0) return std::unexpected(std::string(std::strerror(errno)));
    return damaged("too short to be one");
  }
  const std::uint32_t magic = u32(header, 0);
  if (magic == kBlockSectionHeader) {
    is_pcapng_ = true;
    if (read_some(std::span(header).first(4)) != 4) return damaged("too short to be one");
    return read_section(u32(header, 0));
  }
  const bool is_nano = magic == kPcapMagicNano || magic == std::byteswap(kPcapMagicNano);
  if (!is_nano && magic != kPcapMagicMicro && magic != std::byteswap(kPcapMagicMicro)) {
    return std::unexpected(std::string("neither a pcap nor a pcapng file"));
  }
  swaps_ = magic == std::byteswap(kPcapMagicNano) || magic == std::byteswap(kPcapMagicMicro);
  if (read_some(std::span(header).subspan(4)) != header.size() - 4) {
    return damaged("it ends within the file header");
  }
  if (u16(header, 4) != kPcapVersionMajor) return damaged("unknown version");
  PcapInterface interface;
  interface.snap_length = u32(header, 16);
  // The upper bits say how long a frame check sequence is.
  interface.link_type = static_cast<LinkType>(u32(header, 20) & 0xffffU);
  interfaces_.push_back(std::move(interface));
  timestamps_.push_back({static_cast<std::uint8_t>(is_nano ? 9 : 6), 0});
  return {};
}

auto PcapReader::next() -> Step {
  if (failure_) return std::unexpected(*failure_);
  Step step = is_pcapng_ ? next_pcapng() : next_pcap();
  if (!step) failure_ = step.error();
  return step;
}

auto PcapReader::next_pcap() -> Step {
  std::array<std::byte, kPcapRecordHeaderBytes> header;
  const std::size_t count = read_some(header);
  if (count == 0) return std::optional<PcapRecord>{};
  if (count != header.size()) return damaged("it ends within a record");
  const std::uint32_t captured = u32(header, 8);
  if (captured > kCapturedBytesMax) return damaged("a packet is longer than any can be");
  if (auto read = read_body(captured); !read) return std::unexpected(read.error());
  // Seconds and their fraction come apart; put together they are one count of the file's units.
  const std::uint64_t per_second =
      timestamps_[0].resolution == 9 ? kNanosecondsPerSecond : 1'000'000;
  PcapRecord record;
  record.at = timestamps_[0].at(u32(header, 0) * per_second + u32(header, 4));
  record.original_size = u32(header, 12);
  record.bytes = body_;
  return std::optional(record);
}

std::expected<void, std::string> PcapReader::read_section(std::uint32_t length_bytes) {
  std::array<std::byte, 16> header;
  if (read_some(header) != header.size()) return damaged("it ends within a section header");
  std::uint32_t magic = 0;
  std::memcpy(&magic, header.data(), sizeof(magic));
  if (magic != kByteOrderMagic && magic != kByteOrderMagicSwapped) {
    return damaged("a section does not tell its byte order");
  }
  swaps_ = magic == kByteOrderMagicSwapped;
  const std::uint32_t length = swaps_ ? std::byteswap(length_bytes) : length_bytes;
  if (length < kBlockFrameBytes + header.size() || length % 4 != 0) {
    return damaged("a section header has an impossible length");
  }
  if (u16(header, 4) != 1) return damaged("unknown version of pcapng");
  section_first_interface_ = interfaces_.size();
  return skip_body(length - 8 - static_cast<std::uint32_t>(header.size()));
}

auto PcapReader::next_pcapng() -> Step {
  for (;;) {
    std::array<std::byte, 8> header;
    const std::size_t count = read_some(header);
    if (count == 0) return std::optional<PcapRecord>{};
    if (count != header.size()) return damaged("it ends within a block");
    const std::uint32_t type = u32(header, 0);
    if (type == kBlockSectionHeader) {
      std::uint32_t length = 0;
      std::memcpy(&length, header.data() + 4, sizeof(length));
      if (auto read = read_section(length); !read) return std::unexpected(read.error());
      continue;
    }
    const std::uint32_t length = u32(header, 4);
    if (length < kBlockFrameBytes || length % 4 != 0) return damaged("impossible block length");
    const bool matters = type == kBlockInterface || type == kBlockEnhancedPacket ||
                         type == kBlockSimplePacket || type == kBlockObsoletePacket;
    if (!matters) {
      if (auto skipped = skip_body(length - 8); !skipped) return std::unexpected(skipped.error());
      continue;
    }
    // With the length that is repeated at the end.
    if (auto read = read_body(length - 8); !read) return std::unexpected(read.error());
    if (u32(body_, body_.size() - 4) != length) return damaged("the lengths of a block differ");
    const Bytes body = Bytes(body_).first(body_.size() - 4);
    if (type == kBlockInterface) {
      if (auto read = read_interface(body); !read) return std::unexpected(read.error());
      continue;
    }
    auto record = type == kBlockEnhancedPacket ? enhanced_packet(body)
                  : type == kBlockSimplePacket ? simple_packet(body)
                                               : obsolete_packet(body);
    if (!record) return std::unexpected(std::move(record).error());
    return std::optional(*record);
  }
}

}  // namespace strata
