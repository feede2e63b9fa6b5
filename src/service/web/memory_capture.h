// SPDX-License-Identifier: Apache-2.0
// MemoryCapture: a capture that somebody with the token starts, stops and takes home over HTTP.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "service/capture/frame_writer.h"
#include "service/cores/host_watch.h"
#include "service/failure.h"
#include "service/hosted_stack.h"
#include "service/web/http/http_file.h"
#include "strata/pcap.h"

// 1. The file is memory without a name: no disk is written, and it goes with the stack. At
//    kBytesMax nothing more is taken, and the capture says that it is over.
// 2. It is the front core's; its frames are those of all cores.

namespace strata::service {

class MemoryCapture {
 public:
  static constexpr std::size_t kBytesMax = std::size_t{64} << 20U;
  static constexpr std::size_t kSnapMax = 65'535;

  // Null: the front core is alone.
  MemoryCapture(HostedStack& front, Cores* cores);
  ~MemoryCapture();
  MemoryCapture(const MemoryCapture&) = delete;
  MemoryCapture& operator=(const MemoryCapture&) = delete;

  struct State {
    bool is_active = false;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::string filter{};
  };
  [[nodiscard]] State state() const;
  // A new file; the last one goes. A snap length of 0 keeps all of each frame.
  [[nodiscard]] Outcome<void> start(const std::string& filter, std::size_t snap);
  void stop();
  // What there is so far; a failure when nothing was ever captured.
  [[nodiscard]] Outcome<HttpFile> file();

 private:
  int memory_ = -1;
  std::unique_ptr<PcapWriter> writer_;
  std::optional<FrameWriter> frames_;  // into writer_
  std::string filter_;
  HostWatch watch_;
};

}  // namespace strata::service
