// SPDX-License-Identifier: Apache-2.0
// Numbered frames, and the count of what has become of them (`strata pktgen`).
//
//   | Ethernet | IPv4 | UDP, a port for each flow | mark | flow | kind | number | zeros ...
//        14       20    8                           4      2      2      8
//
// 1. Frames of a flow are numbered from 0 on. A number that is skipped is lost until it comes after
//    all, and then reordered; one that comes twice is a duplicate. What came more than 64 frames
//    late is not known to be one.
// 2. The last frame says how many were sent in all: what was lost at the end is known as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "strata/address.h"
#include "strata/bytes.h"

namespace strata::ring {

struct TrafficOptions {
  static constexpr std::size_t kFrameBytesMin = 60;
  static constexpr std::uint32_t kFlowsMax = 60'000;

  std::size_t frame_bytes = 64;  // without a frame check sequence
  std::uint32_t flows = 1;
  MacAddress from = MacAddress::from_value(0x0200'0000'0001);
  MacAddress to = MacAddress::from_value(0x0200'0000'0002);
};

class TrafficSource {
 public:
  explicit TrafficSource(const TrafficOptions& options);

  [[nodiscard]] std::size_t frame_bytes() const { return template_.size(); }
  // The next frame, of the next flow. `frame` is frame_bytes() long.
  void write(MutableBytes frame);
  // What follows the frames that were sent. The frames that were written and could not be sent
  // are told by `sent`.
  void write_last(std::uint64_t sent, MutableBytes frame) const;

 private:
  std::vector<std::byte> template_;
  std::vector<std::uint64_t> next_numbers_;  // by flow
  std::uint32_t next_flow_ = 0;
};

class TrafficSink {
 public:
  // False for a frame of somebody else.
  bool count(Bytes frame);

  [[nodiscard]] std::uint64_t received() const { return received_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t lost() const;
  [[nodiscard]] std::uint64_t reordered() const { return reordered_; }
  [[nodiscard]] std::uint64_t duplicates() const { return duplicates_; }
  [[nodiscard]] std::uint64_t foreign() const { return foreign_; }
  [[nodiscard]] std::size_t flows() const { return flows_.size(); }
  // Whether the last frame was seen.
  [[nodiscard]] bool is_complete() const { return announced_.has_value(); }

 private:
  struct Flow {
    std::uint64_t next = 0;  // number
    std::uint64_t seen = 0;  // bit i: the frame i before next - 1
  };
  void count_number(Flow& flow, std::uint64_t number);

  std::vector<Flow> flows_;
  std::uint64_t received_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t missing_ = 0;  // numbers skipped and not come since
  std::uint64_t reordered_ = 0;
  std::uint64_t duplicates_ = 0;
  std::uint64_t foreign_ = 0;
  std::optional<std::uint64_t> announced_;
};

}  // namespace strata::ring
