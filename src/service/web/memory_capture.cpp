// SPDX-License-Identifier: Apache-2.0
#include "service/web/memory_capture.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "strata/real_clock.h"

namespace strata::service {

MemoryCapture::MemoryCapture(HostedStack& front, Cores* cores, std::uint64_t bytes_max)
    : front_(front),
      bytes_max_(bytes_max),
      watch_(front, cores, [this](const WatchedFrame& frame) { take(frame); }),
      alive_(std::make_shared<MemoryCapture*>(this)) {}

MemoryCapture::~MemoryCapture() {
  stop();
  *alive_ = nullptr;
}

bool MemoryCapture::is_over() const {
  return writer_->bytes_written() >= bytes_max_ || !writer_->is_ok();
}

// A watch cannot be stopped by what it tells.
void MemoryCapture::take(const WatchedFrame& frame) {
  if (!is_over()) frames_->write(frame);
  if (!is_over() || std::exchange(is_end_posted_, true)) return;
  front_.loop().post([alive = alive_] {
    // Another capture may have begun meanwhile.
    if (*alive != nullptr && (*alive)->is_over()) (*alive)->stop();
  });
}

MemoryCapture::State MemoryCapture::state() const {
  State state{.filter = filter_};
  if (writer_ == nullptr) return state;
  state.packets = writer_->packets_written();
  state.bytes = writer_->bytes_written();
  state.missed = watch_.missed() - missed_before_;
  state.is_active = watch_.is_running() && !is_over();
  return state;
}

Outcome<void> MemoryCapture::start(const std::string& filter, std::size_t snap) {
  auto filters = PacketFilters::compile(filter);
  if (!filters) return std::unexpected(std::move(filters).error());
  stop();
  driver::Descriptor memory(::memfd_create("strata-capture", MFD_CLOEXEC));
  if (!memory) return failed(fmt::format("no memory for a capture: {}", std::strerror(errno)));
  PcapWriterOptions options;
  options.wall_offset = wall_clock_offset();
  if (snap != 0) options.snap_length = static_cast<std::uint32_t>(std::min(snap, kSnapMax));
  frames_.reset();
  writer_ = PcapWriter::of_descriptor(memory.get(), "in memory", options);
  frames_.emplace(*writer_);
  filter_ = filter;
  memory_ = std::make_shared<const driver::Descriptor>(std::move(memory));
  missed_before_ = watch_.missed();
  is_end_posted_ = false;
  return watch_.start(options.snap_length,
                      filter.empty() ? FrameWatch::Wanted() : wanted_by(*std::move(filters)));
}

void MemoryCapture::stop() { watch_.stop(); }

Outcome<HttpFile> MemoryCapture::file() {
  if (writer_ == nullptr) return failed("nothing was captured yet");
  if (!writer_->flush()) return failed(writer_->failure());
  auto file = HttpFile::of_descriptor(memory_, "application/x-pcapng");
  if (!file) return failed("the capture cannot be read");
  return *std::move(file);
}

}  // namespace strata::service
