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
//    kBytesMax nothing more is taken: the capture says that it is over, and costs nothing any more.
// 2. It is the front core's; its frames are those of all cores.

namespace strata::service {

class MemoryCapture {
 public:
  static constexpr std::size_t kBytesMax = std::size_t{64} << 20U;
  static constexpr std::size_t kSnapMax = 65'535;

  // Null: the front core is alone.
  MemoryCapture(HostedStack& front, Cores* cores, std::uint64_t bytes_max = kBytesMax);
  ~MemoryCapture();
  MemoryCapture(const MemoryCapture&) = delete;
  MemoryCapture& operator=(const MemoryCapture&) = delete;

  struct State {
    bool is_active = false;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::uint64_t missed = 0;  // seen by cores faster than it could be written
    std::string filter{};
  };
  [[nodiscard]] State state() const;
  // A new file; the last one goes. A snap length of 0 keeps all of each frame.
  [[nodiscard]] Outcome<void> start(const std::string& filter, std::size_t snap);
  void stop();
  // What there is so far; a failure when nothing was ever captured.
  [[nodiscard]] Outcome<HttpFile> file();

 private:
  void take(const WatchedFrame& frame);
  [[nodiscard]] bool is_over() const;

  HostedStack& front_;
  std::uint64_t bytes_max_;
  HttpFile::SharedDescriptor memory_;
  std::unique_ptr<PcapWriter> writer_;
  std::optional<FrameWriter> frames_;  // into writer_
  std::string filter_;
  HostWatch watch_;
  std::uint64_t missed_before_ = 0;        // by the watch, when this capture began
  bool is_end_posted_ = false;             // of this capture
  std::shared_ptr<MemoryCapture*> alive_;  // empties when this ends, for posted tasks
};

}  // namespace strata::service
