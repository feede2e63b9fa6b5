// SPDX-License-Identifier: Apache-2.0
// Capture files: pcap and pcapng, written and read. CaptureHook writes what a stack sees.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/bytes.h"
#include "strata/device.h"
#include "strata/hooks.h"
#include "strata/packet.h"
#include "strata/time.h"

// Files hold wall-clock time, stacks live on a time line of their own. A writer is told once how
// far the two are apart (0 under virtual time, whose captures then begin in 1970); a reader
// answers wall-clock time.
//
// References: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.

namespace strata {

using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

// https://www.tcpdump.org/linktypes.html
enum class LinkType : std::uint16_t {
  kNull = 0,
  kEthernet = 1,
  kRawBsd = 12,  // kRawIp in files of BSDs
  kRawOpenBsd = 14,
  kRawIp = 101,
  kLoop = 108,
  kLinuxSll = 113,  // "cooked": what tcpdump -i any wrote
  kIpv4 = 228,
  kIpv6 = 229,
  kLinuxSll2 = 276,  // and what it writes today
};
[[nodiscard]] LinkType link_type_of(Medium medium);
// What a stack would get to see of packets of this type; nothing for types that are not read.
[[nodiscard]] std::optional<Medium> medium_of(LinkType type);

// The Ethernet frame or the IP packet of a record, behind what the capture put in front of it.
struct LinkPayload {
  Medium medium = Medium::kEthernet;
  Bytes bytes;
  std::size_t header_bytes = 0;
};
// Nothing for types that are not read, and where a header of the capture announces something other
// than IP (ARP on a cooked interface) or is cut short.
[[nodiscard]] std::optional<LinkPayload> payload_of(LinkType type, Bytes bytes);

// Longer packets do not occur in practice (libpcap has the same limit), so a length beyond is a
// damaged file and not a reason to take that much memory.
inline constexpr std::uint32_t kCapturedBytesMax = 262'144;

enum class PcapDirection : std::uint8_t { kUnknown, kIn, kOut };

struct PcapInterface {
  LinkType link_type = LinkType::kEthernet;
  std::uint32_t snap_length = 0;  // 0: no limit
  std::string name;
  std::string description;
};

// ---- writing ----

struct PcapWriterOptions {
  enum class Format : std::uint8_t { kPcapng, kPcap };
  Format format = Format::kPcapng;
  std::uint32_t snap_length = kCapturedBytesMax;  // bytes kept of each packet
  Duration wall_offset{};                         // wall-clock time minus the stack's time
  std::size_t buffer_bytes = std::size_t{256} * 1024;
  std::string application = "strata";  // pcapng only
};

// Writes through a buffer. After the first failure nothing more is written: is_ok() is false,
// failure() says why, and the file ends with a whole record as far as the system allowed.
class PcapWriter {
 public:
  // "-" is standard output. The format follows options.format, whatever the name ends with.
  [[nodiscard]] static std::expected<std::unique_ptr<PcapWriter>, std::string> create(
      const std::string& path, PcapWriterOptions options = {});
  // To what is open already, and stays its owner's; `name` is what failures call it.
  [[nodiscard]] static std::unique_ptr<PcapWriter> of_descriptor(int descriptor, std::string name,
                                                                 PcapWriterOptions options = {});
  ~PcapWriter();
  PcapWriter(const PcapWriter&) = delete;
  PcapWriter& operator=(const PcapWriter&) = delete;

  // Answers the number by which write() names it. A pcap file has exactly one link type: a second
  // interface of another type is a failure.
  std::uint32_t add_interface(const PcapInterface& interface);

  struct Note {
    PcapDirection direction = PcapDirection::kUnknown;
    std::string_view comment;       // pcapng only
    std::size_t original_size = 0;  // on the wire, when that was more than is written
  };
  void write(std::uint32_t interface, Time at, Bytes bytes, const Note& note);
  void write(std::uint32_t interface, Time at, Bytes bytes) { write(interface, at, bytes, Note{}); }
  void write(std::uint32_t interface, Time at, const Packet& packet, const Note& note);
  void write(std::uint32_t interface, Time at, const Packet& packet) {
    write(interface, at, packet, Note{});
  }

  // Hands everything to the system. False once anything failed.
  bool flush();
  [[nodiscard]] bool is_ok() const { return failure_.empty(); }
  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] std::uint64_t packets_written() const { return packets_written_; }
  // Those that still wait in the buffer included.
  [[nodiscard]] std::uint64_t bytes_written() const { return bytes_written_; }

 private:
  PcapWriter(int descriptor, bool owns, std::string path, PcapWriterOptions options);

  // Where the bytes of a record go: room for the whole record, or null after a failure.
  [[nodiscard]] std::byte* reserve(std::size_t count);
  [[nodiscard]] std::byte* begin_record(std::uint32_t interface, Time at, std::size_t original,
                                        std::size_t captured, const Note& note);
  void write_section_header();
  void write_interface_block(const PcapInterface& interface);
  void write_file_header(LinkType link_type);
  void fail(std::string why);

  int descriptor_;
  bool owns_;
  std::string path_;
  PcapWriterOptions options_;
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0;
  std::vector<LinkType> link_types_;
  std::vector<std::uint32_t> snap_lengths_;
  std::uint64_t packets_written_ = 0;
  std::uint64_t bytes_written_ = 0;
  std::string failure_;
};

// ---- reading ----

struct PcapRecord {
  std::uint32_t interface = 0;      // index into PcapReader::interfaces()
  std::optional<WallTime> at;       // a simple packet block has none
  std::uint32_t original_size = 0;  // on the wire; bytes may be fewer
  Bytes bytes;                      // valid until the next call
  PcapDirection direction = PcapDirection::kUnknown;
  std::string_view comment;  // valid until the next call
};

// Reads either format, in either byte order. Memory is bounded whatever the file claims.
class PcapReader {
 public:
  // "-" is standard input.
  [[nodiscard]] static std::expected<std::unique_ptr<PcapReader>, std::string> open(
      const std::string& path);
  // A file that is in memory already; the bytes must outlive the reader.
  [[nodiscard]] static std::expected<std::unique_ptr<PcapReader>, std::string> over(Bytes file);
  ~PcapReader();
  PcapReader(const PcapReader&) = delete;
  PcapReader& operator=(const PcapReader&) = delete;

  // The next packet; nothing at the end of the file. Blocks that hold no packet are stepped over.
  // An error is final: everything before it has been delivered.
  [[nodiscard]] std::expected<std::optional<PcapRecord>, std::string> next();

  // Grows while a pcapng file is read.
  [[nodiscard]] const std::vector<PcapInterface>& interfaces() const { return interfaces_; }

 private:
  // How an interface writes down time, from its if_tsresol and if_tsoffset.
  struct Timestamps {
    std::uint8_t resolution = 6;
    std::int64_t offset_seconds = 0;
    [[nodiscard]] WallTime at(std::uint64_t units) const;
  };
  using Step = std::expected<std::optional<PcapRecord>, std::string>;

  PcapReader(std::FILE* file, bool owns);

  [[nodiscard]] std::expected<void, std::string> read_start();
  [[nodiscard]] Step next_pcap();
  [[nodiscard]] Step next_pcapng();
  [[nodiscard]] std::expected<void, std::string> read_section(std::uint32_t length_bytes);
  [[nodiscard]] std::expected<void, std::string> read_body(std::uint32_t count);
  [[nodiscard]] std::expected<void, std::string> skip_body(std::uint32_t count);
  [[nodiscard]] std::expected<void, std::string> read_interface(Bytes body);
  [[nodiscard]] std::expected<PcapRecord, std::string> enhanced_packet(Bytes body) const;
  [[nodiscard]] std::expected<PcapRecord, std::string> obsolete_packet(Bytes body) const;
  [[nodiscard]] std::expected<PcapRecord, std::string> simple_packet(Bytes body) const;
  [[nodiscard]] std::expected<PcapRecord, std::string> timed_packet(Bytes body,
                                                                    std::size_t interface) const;
  void read_packet_options(Bytes options, PcapRecord& record) const;
  [[nodiscard]] std::size_t read_some(MutableBytes to);
  [[nodiscard]] std::uint16_t u16(Bytes from, std::size_t offset) const;
  [[nodiscard]] std::uint32_t u32(Bytes from, std::size_t offset) const;
  [[nodiscard]] std::uint64_t u64(Bytes from, std::size_t offset) const;

  std::FILE* file_;
  bool owns_;
  bool is_pcapng_ = false;
  bool swaps_ = false;  // the file's byte order is not ours
  std::optional<std::string> failure_;
  std::vector<std::byte> body_;
  std::vector<PcapInterface> interfaces_;
  std::vector<Timestamps> timestamps_;
  std::size_t section_first_interface_ = 0;
};

// ---- capturing ----

// Attach at kFrameIn and kFrameOut. A capture that cannot be written stops and says so in
// writer.failure(); packets pass all the same.
class CaptureHook final : public Hook {
 public:
  explicit CaptureHook(PcapWriter& writer) : writer_(writer) {}

  // Names an interface in the file; one that was never described appears under its number.
  void describe_interface(InterfaceId id, std::string_view name, Medium medium);
  void on_packets(HookPoint point, std::span<Packet* const> packets, std::span<Verdict> verdicts,
                  Time now) override;

 private:
  [[nodiscard]] std::uint32_t number_of(InterfaceId id);

  static constexpr std::uint32_t kNotYet = UINT32_MAX;
  PcapWriter& writer_;
  std::vector<std::uint32_t> numbers_;  // by InterfaceId
};

}  // namespace strata
