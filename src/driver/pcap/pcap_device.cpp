// SPDX-License-Identifier: Apache-2.0
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "driver/frame.h"
#include "strata/devices.h"
#include "strata/pcap.h"

namespace strata {
namespace {

constexpr std::size_t kDefaultMtu = 1500;
// Records without use to a stack that are stepped over in one call: a file may hold nothing else,
// and whoever calls has other things to do.
constexpr std::size_t kUselessRecordsMax = 1024;

std::int64_t nanoseconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Reads one record ahead, so that it knows when the next one is due. The timer is readable while
// receive() would find something: always when there is no pace to keep, until the file ends.
class PcapDevice final : public Device {
 public:
  PcapDevice(std::unique_ptr<PcapReader> reader, std::unique_ptr<PcapWriter> writer, int timer,
             double speed, const DeviceCapabilities& capabilities)
      : reader_(std::move(reader)),
        writer_(std::move(writer)),
        timer_(timer),
        speed_(speed),
        capabilities_(capabilities) {}
  ~PcapDevice() override {
    if (timer_ >= 0) ::close(timer_);
  }
  PcapDevice(const PcapDevice&) = delete;
  PcapDevice& operator=(const PcapDevice&) = delete;

  // The record that was read to learn the medium, or nothing when the file holds none; and how many
  // of no use came before it.
  void start(const std::optional<PcapRecord>& first, std::uint64_t useless) {
    next_ = first;
    counters_.malformed += useless;
    arm(next_ ? 1 : 0);
  }

  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return capabilities_; }
  [[nodiscard]] std::size_t room() const override { return PacketBatch::kCapacity; }
  [[nodiscard]] int descriptor() const override { return timer_; }

  void receive(PacketPool& pool, PacketBatch& batch) override {
    std::size_t useless = 0;
    while (next_ && batch.room() != 0 && useless < kUselessRecordsMax) {
      if (!is_due()) return;
      const Bytes bytes = deliverable();
      if (bytes.empty()) {
        ++counters_.malformed;
        ++useless;
      } else if (PacketPtr packet = driver::make_frame(bytes, pool)) {
        ++counters_.received_packets;
        counters_.received_bytes += packet->size();
        batch.push(std::move(packet));
      } else {
        // A file can wait until the pool has packets again; nothing is lost.
        return;
      }
      advance();
    }
  }

  void transmit(PacketBatch& batch) override {
    const Time at{Duration(nanoseconds_of(CLOCK_REALTIME))};
    for (const Packet* packet : batch.packets()) {
      if (packet == nullptr) continue;
      if (writer_ != nullptr) writer_->write(0, at, *packet);
      if (writer_ != nullptr && !writer_->is_ok()) {
        ++counters_.failed_sends;
        continue;
      }
      ++counters_.sent_packets;
      counters_.sent_bytes += packet->size();
    }
    batch.clear();
  }

 private:
  // Nothing when it is of no use to a stack on this medium.
  [[nodiscard]] Bytes deliverable() const {
    const LinkType type = reader_->interfaces()[next_->interface].link_type;
    const auto payload = payload_of(type, next_->bytes);
    return payload && payload->medium == capabilities_.medium ? payload->bytes : Bytes{};
  }

  // With a pace to keep: arms the timer when the next record lies in the future.
  [[nodiscard]] bool is_due() {
    if (speed_ <= 0 || !next_->at) return true;
    const std::int64_t now = nanoseconds_of(CLOCK_MONOTONIC);
    if (started_ == 0) started_ = now;
    if (!first_recorded_) first_recorded_ = *next_->at;
    // Records may lie before the first: captures of several interfaces are not always in order.
    const std::int64_t at = next_->at->time_since_epoch().count();
    std::int64_t recorded = 0;
    if (__builtin_sub_overflow(at, first_recorded_->time_since_epoch().count(), &recorded)) {
      recorded = at < 0 ? 0 : INT64_MAX;
    }
    constexpr double kWaitMax = 1e18;  // some thirty years
    const double wait = std::clamp(static_cast<double>(recorded) / speed_, 0.0, kWaitMax);
    const std::int64_t due = started_ + static_cast<std::int64_t>(wait);
    if (due <= now) return true;
    if (armed_ != due) arm(due);
    return false;
  }

  void advance() {
    auto step = reader_->next();
    if (!step) ++counters_.malformed;  // the file is damaged from here on
    next_ = step ? *step : std::nullopt;
    arm(next_ ? 1 : 0);
  }

  // In nanoseconds of CLOCK_MONOTONIC. 1 lies in the past: readable at once; 0 is never.
  void arm(std::int64_t at) {
    if (timer_ < 0 || armed_ == at) return;
    armed_ = at;
    itimerspec due{};
    due.it_value.tv_sec = static_cast<time_t>(at / 1'000'000'000);
    due.it_value.tv_nsec = static_cast<long>(at % 1'000'000'000);
    ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &due, nullptr);
  }

  std::unique_ptr<PcapReader> reader_;
  std::unique_ptr<PcapWriter> writer_;
  int timer_;
  double speed_;
  DeviceCapabilities capabilities_;
  std::optional<PcapRecord> next_;
  std::optional<WallTime> first_recorded_;  // of the first record that tells its time
  std::int64_t started_ = 0;
  std::int64_t armed_ = 0;
};

std::expected<std::unique_ptr<PcapWriter>, std::string> open_writer(const std::string& path,
                                                                    Medium medium) {
  PcapWriterOptions options;
  if (path.ends_with(".pcap")) options.format = PcapWriterOptions::Format::kPcap;
  auto writer = PcapWriter::create(path, options);
  if (!writer) return writer;
  PcapInterface interface;
  interface.link_type = link_type_of(medium);
  interface.name = "strata";
  (*writer)->add_interface(interface);
  return writer;
}

struct FirstRecord {
  std::optional<PcapRecord> record;  // none: the file holds none
  Medium medium = Medium::kEthernet;
  std::uint64_t useless = 0;  // came before it
};

// The first record that says what medium a stack would be on: a pcapng file may have interfaces of
// a type that is not replayed beside others.
std::expected<FirstRecord, std::string> find_first(PcapReader& reader) {
  FirstRecord found;
  std::optional<LinkType> unknown;
  for (;;) {
    auto step = reader.next();
    // What is damaged before anything of use is no capture to replay.
    if (!step) return std::unexpected(std::move(step).error());
    found.record = *step;
    if (!found.record) break;
    const LinkType type = reader.interfaces()[found.record->interface].link_type;
    if (const auto medium = medium_of(type)) {
      found.medium = *medium;
      return found;
    }
    if (!unknown) unknown = type;
    ++found.useless;
    // A pcap file has one type.
    if (reader.interfaces().size() == 1 && found.useless == kUselessRecordsMax) break;
  }
  if (!unknown) return found;
  return std::unexpected("link type " + std::to_string(static_cast<unsigned>(*unknown)) +
                         " cannot be replayed: expected Ethernet or IP");
}

}  // namespace

std::expected<std::unique_ptr<Device>, DeviceError> open_pcap_device(
    const PcapDeviceOptions& options) {
  std::unique_ptr<PcapReader> reader;
  std::optional<PcapRecord> first;
  std::uint64_t useless = 0;
  Medium medium = Medium::kEthernet;
  const std::string name = "pcap:" + options.read_path;
  if (!options.read_path.empty()) {
    auto opened = PcapReader::open(options.read_path);
    if (!opened) return std::unexpected(DeviceError{name + ": " + opened.error(), ""});
    reader = *std::move(opened);
    auto found = find_first(*reader);
    if (!found) return std::unexpected(DeviceError{name + ": " + found.error(), ""});
    first = found->record;
    useless = found->useless;
    medium = found->medium;
  }
  std::unique_ptr<PcapWriter> writer;
  if (!options.write_path.empty()) {
    auto opened = open_writer(options.write_path, medium);
    if (!opened) return std::unexpected(DeviceError{name + ": " + opened.error(), ""});
    writer = *std::move(opened);
  }
  DeviceCapabilities capabilities;
  capabilities.medium = medium;
  capabilities.mtu = options.mtu == 0 ? kDefaultMtu : options.mtu;
  if (medium == Medium::kEthernet) {
    capabilities.mac = options.mac.is_unspecified() ? mac_for_name(name) : options.mac;
  }
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (timer < 0) {
    return std::unexpected(DeviceError{name + ": no timer: " + std::strerror(errno), ""});
  }
  auto device = std::make_unique<PcapDevice>(std::move(reader), std::move(writer), timer,
                                             options.speed, capabilities);
  device->start(first, useless);
  return device;
}

}  // namespace strata
