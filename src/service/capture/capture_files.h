// SPDX-License-Identifier: Apache-2.0
// CaptureFiles: a capture in one file, or in a row of them by size or by time.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "service/failure.h"
#include "strata/pcap.h"

namespace strata::service {

struct CaptureFilesOptions {
  std::string path;               // "-" is standard output
  std::uint64_t file_bytes = 0;   // a new file once one has so many; 0: never
  Duration file_time{};           // or once its first packet is that old; 0: never
  std::uint64_t files = 0;        // keep the newest; 0: all
  std::uint32_t snap_length = 0;  // bytes of each packet; 0: all
  Duration wall_offset{};
};

// With a size or a time, capture.pcapng becomes capture_00001.pcapng, capture_00002.pcapng and so
// on. Each of them can be read alone: it describes its interfaces.
class CaptureFiles {
 public:
  [[nodiscard]] static Outcome<std::unique_ptr<CaptureFiles>> create(CaptureFilesOptions options);

  // Answers false once anything failed; what, says failure().
  bool write(const PcapInterface& interface, Time at, Bytes bytes, const PcapWriter::Note& note);
  [[nodiscard]] bool flush();
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  explicit CaptureFiles(CaptureFilesOptions options) : options_(std::move(options)) {}
  [[nodiscard]] bool is_row() const {
    return options_.file_bytes != 0 || options_.file_time != Duration{};
  }
  [[nodiscard]] bool is_full(Time at) const;
  [[nodiscard]] std::string next_path();
  [[nodiscard]] bool open_next();
  [[nodiscard]] std::uint32_t number_of(const PcapInterface& interface);

  CaptureFilesOptions options_;
  std::unique_ptr<PcapWriter> writer_;
  std::map<std::pair<std::string, LinkType>, std::uint32_t> numbers_;
  std::deque<std::string> kept_;
  std::uint64_t opened_ = 0;
  Time first_{};  // of the file
  std::string failure_;
};

}  // namespace strata::service
