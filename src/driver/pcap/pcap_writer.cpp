// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "driver/frame.h"
#include "driver/pcap/pcap_format.h"
#include "strata/pcap.h"

namespace strata {
namespace {

using namespace driver;

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

// Lays a record down in the byte order of this machine; readers recognise either.
class Cursor {
 public:
  explicit Cursor(std::byte* at) : at_(at) {}

  template <std::unsigned_integral T>
  Cursor& put(T value) {
    std::memcpy(at_, &value, sizeof(value));
    at_ += sizeof(value);
    return *this;
  }
  // Bytes and the zeros that pad them.
  Cursor& put_padded(Bytes bytes) {
    copy_bytes(bytes, {at_, bytes.size()});
    return skip_padded(bytes.size());
  }
  Cursor& skip_padded(std::size_t count) {
    std::memset(at_ + count, 0, padded(count) - count);
    at_ += padded(count);
    return *this;
  }
  Cursor& put_option(std::uint16_t code, Bytes value) {
    return put(code).put(static_cast<std::uint16_t>(value.size())).put_padded(value);
  }
  [[nodiscard]] std::byte* position() const { return at_; }

 private:
  std::byte* at_;
};

Bytes bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.substr(0, kOptionBytesMax)));
}

// What an option takes in a block; one without a value is left out.
std::size_t option_bytes(Bytes value) {
  return value.empty() ? 0 : kOptionHeaderBytes + padded(value.size());
}

std::uint64_t wall_nanoseconds(Time at, Duration offset) {
  const std::int64_t since_epoch = at.time_since_epoch().count() + offset.count();
  return since_epoch < 0 ? 0 : static_cast<std::uint64_t>(since_epoch);
}

}  // namespace

std::expected<std::unique_ptr<PcapWriter>, std::string> PcapWriter::create(
    const std::string& path, PcapWriterOptions options) {
  const bool is_stdout = path == "-";
  const int descriptor = is_stdout
                             ? STDOUT_FILENO
                             : ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return std::unexpected("cannot write capture " + path + ": " + std::strerror(errno));
  }
  auto writer = of_descriptor(descriptor, path, std::move(options));
  writer->owns_ = !is_stdout;
  return writer;
}

std::unique_ptr<PcapWriter> PcapWriter::of_descriptor(int descriptor, std::string name,
                                                      PcapWriterOptions options) {
  std::unique_ptr<PcapWriter> writer(
      new PcapWriter(descriptor, false, std::move(name), std::move(options)));
  if (writer->options_.format == PcapWriterOptions::Format::kPcapng) {
    writer->write_section_header();
  }
  return writer;
}

PcapWriter::PcapWriter(int descriptor, bool owns, std::string path, PcapWriterOptions options)
    : descriptor_(descriptor), owns_(owns), path_(std::move(path)), options_(std::move(options)) {
  if (options_.snap_length == 0 || options_.snap_length > kCapturedBytesMax) {
    options_.snap_length = kCapturedBytesMax;
  }
  // A record is laid down in one piece, so the longest must fit: a packet with its comment, or an
  // interface with its name and description.
  const std::size_t longest = options_.snap_length + 2 * (kOptionBytesMax + 1) + 128;
  buffer_.resize(std::max(options_.buffer_bytes, longest));
}

PcapWriter::~PcapWriter() {
  flush();
  if (owns_) ::close(descriptor_);
}

void PcapWriter::fail(std::string why) {
  if (failure_.empty()) failure_ = std::move(why);
}

bool PcapWriter::flush() {
  std::size_t written = 0;
  while (is_ok() && written < used_) {
    const ssize_t count = ::write(descriptor_, buffer_.data() + written, used_ - written);
    if (count >= 0) {
      written += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      pollfd ready{descriptor_, POLLOUT, 0};
      static_cast<void>(::poll(&ready, 1, -1));
    } else if (errno != EINTR) {
      fail("capture " + path_ + ": " + std::strerror(errno));
    }
  }
  if (!is_ok() && written != 0) {
    // The buffer begins with a whole record: cut off what is left of one. Pipes refuse, rightly.
    const off_t end = ::lseek(descriptor_, 0, SEEK_CUR);
    if (end >= 0) {
      static_cast<void>(!::ftruncate(descriptor_, end - static_cast<off_t>(written)));
    }
  }
  used_ = 0;
  return is_ok();
}

std::byte* PcapWriter::reserve(std::size_t count) {
  if (used_ + count > buffer_.size()) flush();
  if (!is_ok()) return nullptr;
  bytes_written_ += count;
  return buffer_.data() + std::exchange(used_, used_ + count);
}

void PcapWriter::write_section_header() {
  const Bytes application = bytes_of(options_.application);
  const std::size_t options = option_bytes(application) + kOptionHeaderBytes;
  const std::size_t length = kBlockFrameBytes + 16 + options;
  std::byte* at = reserve(length);
  if (at == nullptr) return;
  Cursor cursor(at);
  cursor.put(kBlockSectionHeader).put(static_cast<std::uint32_t>(length)).put(kByteOrderMagic);
  cursor.put(std::uint16_t{1}).put(std::uint16_t{0}).put(UINT64_MAX);  // 1.0, length unknown
  if (!application.empty()) cursor.put_option(kOptionSectionApplication, application);
  cursor.put_option(kOptionEnd, {}).put(static_cast<std::uint32_t>(length));
}

void PcapWriter::write_interface_block(const PcapInterface& interface) {
  const Bytes name = bytes_of(interface.name);
  const Bytes description = bytes_of(interface.description);
  constexpr std::byte kNanoseconds{9};  // 10^-9
  const std::size_t options = option_bytes(name) + option_bytes(description) +
                              option_bytes({&kNanoseconds, 1}) + kOptionHeaderBytes;
  const std::size_t length = kBlockFrameBytes + 8 + options;
  std::byte* at = reserve(length);
  if (at == nullptr) return;
  Cursor cursor(at);
  cursor.put(kBlockInterface).put(static_cast<std::uint32_t>(length));
  cursor.put(static_cast<std::uint16_t>(interface.link_type)).put(std::uint16_t{0});
  cursor.put(snap_lengths_.back());
  if (!name.empty()) cursor.put_option(kOptionInterfaceName, name);
  if (!description.empty()) cursor.put_option(kOptionInterfaceDescription, description);
  cursor.put_option(kOptionInterfaceResolution, {&kNanoseconds, 1});
  cursor.put_option(kOptionEnd, {}).put(static_cast<std::uint32_t>(length));
}

void PcapWriter::write_file_header(LinkType link_type) {
  std::byte* at = reserve(kPcapFileHeaderBytes);
  if (at == nullptr) return;
  Cursor cursor(at);
  cursor.put(kPcapMagicNano).put(kPcapVersionMajor).put(kPcapVersionMinor);
  cursor.put(std::uint64_t{0}).put(options_.snap_length);  // time zone and accuracy: unused
  cursor.put(std::uint32_t{static_cast<std::uint16_t>(link_type)});
}

std::uint32_t PcapWriter::add_interface(const PcapInterface& interface) {
  const bool is_pcap = options_.format == PcapWriterOptions::Format::kPcap;
  if (is_pcap && !link_types_.empty() && link_types_.front() != interface.link_type) {
    fail("capture " + path_ + ": a pcap file holds one link type; write pcapng for several");
  }
  const bool is_first = link_types_.empty();
  link_types_.push_back(interface.link_type);
  const std::uint32_t own = interface.snap_length == 0 ? UINT32_MAX : interface.snap_length;
  snap_lengths_.push_back(std::min(own, options_.snap_length));
  if (!is_pcap) {
    write_interface_block(interface);
  } else if (is_first) {
    write_file_header(interface.link_type);
  }
  return static_cast<std::uint32_t>(link_types_.size() - 1);
}

std::byte* PcapWriter::begin_record(std::uint32_t interface, Time at, std::size_t original,
                                    std::size_t captured, const Note& note) {
  const std::uint64_t wall = wall_nanoseconds(at, options_.wall_offset);
  const auto captured32 = static_cast<std::uint32_t>(captured);
  const auto original32 = static_cast<std::uint32_t>(original);
  if (options_.format == PcapWriterOptions::Format::kPcap) {
    std::byte* start = reserve(kPcapRecordHeaderBytes + captured);
    if (start == nullptr) return nullptr;
    Cursor cursor(start);
    cursor.put(static_cast<std::uint32_t>(wall / kNanosecondsPerSecond));
    cursor.put(static_cast<std::uint32_t>(wall % kNanosecondsPerSecond));
    return cursor.put(captured32).put(original32).position();
  }
  const Bytes comment = bytes_of(note.comment);
  const bool has_direction = note.direction != PcapDirection::kUnknown;
  const std::size_t options = option_bytes(comment) + (has_direction ? kOptionHeaderBytes + 4 : 0);
  const std::size_t length =
      kBlockFrameBytes + 20 + padded(captured) + options + (options == 0 ? 0 : kOptionHeaderBytes);
  std::byte* start = reserve(length);
  if (start == nullptr) return nullptr;
  Cursor cursor(start);
  cursor.put(kBlockEnhancedPacket).put(static_cast<std::uint32_t>(length)).put(interface);
  cursor.put(static_cast<std::uint32_t>(wall >> 32U)).put(static_cast<std::uint32_t>(wall));
  std::byte* data = cursor.put(captured32).put(original32).position();
  cursor.skip_padded(captured);
  if (!comment.empty()) cursor.put_option(kOptionComment, comment);
  if (has_direction) {
    const std::uint32_t flags =
        note.direction == PcapDirection::kIn ? kPacketFlagsIn : kPacketFlagsOut;
    cursor.put_option(kOptionPacketFlags, std::as_bytes(std::span(&flags, 1)));
  }
  if (options != 0) cursor.put_option(kOptionEnd, {});
  cursor.put(static_cast<std::uint32_t>(length));
  return data;
}

void PcapWriter::write(std::uint32_t interface, Time at, Bytes bytes, const Note& note) {
  STRATA_CHECK(interface < link_types_.size());
  const std::size_t captured = std::min<std::size_t>(bytes.size(), snap_lengths_[interface]);
  const std::size_t original = std::max(bytes.size(), note.original_size);
  std::byte* to = begin_record(interface, at, original, captured, note);
  if (to == nullptr) return;
  copy_bytes(bytes.first(captured), {to, captured});
  ++packets_written_;
}

void PcapWriter::write(std::uint32_t interface, Time at, const Packet& packet, const Note& note) {
  STRATA_CHECK(interface < link_types_.size());
  const std::size_t captured = std::min<std::size_t>(packet.size(), snap_lengths_[interface]);
  std::byte* to = begin_record(interface, at, packet.size(), captured, note);
  if (to == nullptr) return;
  packet.copy_out(0, {to, captured});
  // A file has no notes: what a device was to finish, a reader would take for a wrong checksum.
  complete_checksum_in_copy(packet, {to, captured});
  ++packets_written_;
}

}  // namespace strata
