// SPDX-License-Identifier: Apache-2.0
// FrameWriter: watched frames into one capture file, which describes interfaces as they appear.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "service/capture/frame_watch.h"
#include "strata/pcap.h"

namespace strata::service {

class FrameWriter {
 public:
  // The writer must outlive it.
  explicit FrameWriter(PcapWriter& writer) : writer_(writer) {}

  // Interfaces that are known from the beginning stand first, with or without frames.
  void describe(InterfaceId id, const CapturedInterface& interface) {
    (void)number_of(id, interface);
  }
  void write(const WatchedFrame& frame);

 private:
  struct Known {
    InterfaceId id = kNoInterface;
    CapturedInterface interface{};
    std::uint32_t number = 0;
  };
  [[nodiscard]] std::uint32_t number_of(InterfaceId id, const CapturedInterface& interface);

  PcapWriter& writer_;
  std::vector<Known> known_;
};

}  // namespace strata::service
