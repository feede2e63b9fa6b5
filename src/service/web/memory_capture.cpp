// SPDX-License-Identifier: Apache-2.0
#include "service/web/memory_capture.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "driver/frame.h"
#include "strata/real_clock.h"

namespace strata::service {
namespace {

constexpr std::array kPoints{HookPoint::kFrameIn, HookPoint::kFrameOut};

}  // namespace

MemoryCapture::~MemoryCapture() {
  stop();
  writer_.reset();
  if (memory_ >= 0) ::close(memory_);
}

MemoryCapture::State MemoryCapture::state() const {
  State state{.filter = filter_};
  if (writer_ == nullptr) return state;
  state.packets = writer_->packets_written();
  state.bytes = writer_->bytes_written();
  state.is_active = is_active_ && state.bytes < kBytesMax;
  return state;
}

Outcome<void> MemoryCapture::start(const std::string& filter, std::size_t snap) {
  auto filters = PacketFilters::compile(filter);
  if (!filters) return std::unexpected(std::move(filters).error());
  stop();
  const int memory = ::memfd_create("strata-capture", MFD_CLOEXEC);
  if (memory < 0) return failed(fmt::format("no memory for a capture: {}", std::strerror(errno)));
  PcapWriterOptions options;
  options.wall_offset = wall_clock_offset();
  if (snap != 0) options.snap_length = static_cast<std::uint32_t>(std::min(snap, kSnapMax));
  writer_ = PcapWriter::of_descriptor(memory, "in memory", options);
  filters_ = *std::move(filters);
  filter_ = filter;
  if (memory_ >= 0) ::close(memory_);
  memory_ = memory;
  interfaces_.clear();
  for (const HookPoint point : kPoints) {
    if (host_.stack().add_hook(point, *this)) continue;
    host_.stack().remove_hook(kPoints.front(), *this);
    return failed("the stack has no room for another hook");
  }
  is_active_ = true;
  return {};
}

void MemoryCapture::stop() {
  if (!std::exchange(is_active_, false)) return;
  for (const HookPoint point : kPoints) host_.stack().remove_hook(point, *this);
}

Outcome<HttpFile> MemoryCapture::file() {
  if (writer_ == nullptr) return failed("nothing was captured yet");
  if (!writer_->flush()) return failed(writer_->failure());
  auto file = HttpFile::of_descriptor(::dup(memory_), "application/x-pcapng");
  if (!file) return failed("the capture cannot be read");
  return *std::move(file);
}

const MemoryCapture::Interface& MemoryCapture::interface_of(InterfaceId id) {
  const auto known = std::ranges::find(interfaces_, id, &Interface::id);
  if (known != interfaces_.end()) return *known;
  Interface found{.id = id, .medium = Medium::kIp};
  PcapInterface described;
  host_.stack().for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.id != id) return;
    described.name = entry.name.view();
    if (!entry.mac.is_unspecified()) found.medium = Medium::kEthernet;
  });
  described.link_type = link_type_of(found.medium);
  found.number = writer_->add_interface(described);
  return interfaces_.emplace_back(found);
}

void MemoryCapture::on_packets(HookPoint point, std::span<Packet* const> packets,
                               std::span<Verdict> /*verdicts*/, Time now) {
  PcapWriter::Note note;
  note.direction = point == HookPoint::kFrameIn ? PcapDirection::kIn : PcapDirection::kOut;
  for (const Packet* const packet : packets) {
    if (packet == nullptr || writer_->bytes_written() >= kBytesMax) continue;
    const Interface& interface = interface_of(packet->notes().interface);
    frame_.resize(packet->size());
    packet->copy_out(0, frame_);
    driver::complete_checksum_in_copy(*packet, frame_);
    if (!filters_.matches(interface.medium, frame_, frame_.size())) continue;
    writer_->write(interface.number, now, frame_, note);
  }
}

}  // namespace strata::service
