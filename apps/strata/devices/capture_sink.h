// SPDX-License-Identifier: Apache-2.0
// CaptureSink: where the frames of `strata capture` go, wherever they come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "service/capture/capture_files.h"
#include "service/capture/packet_filter.h"
#include "service/failure.h"
#include "strata/bytes.h"
#include "strata/cli/commands.h"
#include "strata/pcap.h"

namespace strata::app {

struct SeenFrame {
  WallTime at{};
  LinkType link_type = LinkType::kEthernet;
  std::string interface;
  std::size_t size = 0;  // on the wire
  Bytes bytes;
  PcapDirection direction = PcapDirection::kUnknown;
  std::string_view comment;  // clean, as clean_comment() leaves it
};

// Lines on standard output, or a file. Opened after the source: a file that cannot be read must not
// cost the one that was to be written.
class CaptureSink {
 public:
  // `filters` say which frames are meant; those of a running stack have passed them already.
  [[nodiscard]] static service::Outcome<std::unique_ptr<CaptureSink>> open(
      const CaptureCommand& command, service::PacketFilters filters = {});

  // False: that was the last one.
  bool take(const SeenFrame& frame);
  // For now there is no more: whoever reads along gets what there is.
  bool pause() { return files_ == nullptr || files_->flush(); }
  // What went wrong with the source is told before what went wrong here.
  [[nodiscard]] service::Outcome<void> finish(service::Outcome<void> done);

 private:
  CaptureSink(const CaptureCommand& command, service::PacketFilters filters)
      : command_(command), filters_(std::move(filters)) {}
  [[nodiscard]] bool is_wanted(const SeenFrame& frame) const;
  bool write(const SeenFrame& frame);
  void show(const SeenFrame& frame) const;

  const CaptureCommand& command_;
  service::PacketFilters filters_;
  std::unique_ptr<service::CaptureFiles> files_;
  std::uint64_t count_ = 0;
};

}  // namespace strata::app
