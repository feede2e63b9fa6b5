// SPDX-License-Identifier: Apache-2.0
// CaptureSink: where the frames of `strata capture` go, wherever they come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

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
  std::string_view comment;
};

// Lines on standard output, or a file. Opened after the source: a file that cannot be read must not
// cost the one that was to be written.
class CaptureSink {
 public:
  [[nodiscard]] static service::Outcome<std::unique_ptr<CaptureSink>> open(
      const CaptureCommand& command);

  // False: that was the last one.
  bool take(const SeenFrame& frame);
  // For now there is no more: whoever reads along gets what there is.
  bool pause() { return writer_ == nullptr || writer_->flush(); }
  // What went wrong with the source is told before what went wrong here.
  [[nodiscard]] service::Outcome<void> finish(service::Outcome<void> done);

 private:
  explicit CaptureSink(const CaptureCommand& command) : command_(command) {}
  void show(const SeenFrame& frame) const;
  [[nodiscard]] std::uint32_t number_of(const SeenFrame& frame);

  const CaptureCommand& command_;
  std::unique_ptr<PcapWriter> writer_;
  std::map<std::pair<std::string, LinkType>, std::uint32_t> numbers_;
  std::uint64_t count_ = 0;
};

}  // namespace strata::app
