// SPDX-License-Identifier: Apache-2.0
// A queue that marks instead of dropping: CE from a threshold on (RFC 3168 5), as for DCTCP.
#pragma once

#include <cstddef>
#include <cstdint>

#include "strata/packet_batch.h"
#include "strata/sim_link.h"

namespace strata::sim::tcp_test {

// RFC 3168 5: ECT becomes CE; a packet that is not capable of ECN, or is no IP, stays as it is.
inline bool mark_congestion(Packet& frame) {
  constexpr std::size_t kEthernet = 14;
  const MutableBytes bytes = frame.mutable_bytes();
  if (bytes.size() < kEthernet + 20) return false;
  const MutableBytes ip = bytes.subspan(kEthernet);
  const auto version = std::to_integer<unsigned>(ip[0]) >> 4U;
  if (version == 6) {
    // The traffic class straddles the first two octets (RFC 8200 3): ECN is bits 4 and 5 of the
    // second.
    if ((ip[1] & std::byte{0x30}) == std::byte{}) return false;
    ip[1] |= std::byte{0x30};
    return true;
  }
  if (version != 4 || (ip[1] & std::byte{3}) == std::byte{}) return false;
  ip[1] |= std::byte{3};
  ip[10] = ip[11] = std::byte{};
  const std::size_t header = (std::to_integer<std::size_t>(ip[0]) & 15U) * 4;
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at + 1 < header; at += 2) {
    sum +=
        std::to_integer<std::uint32_t>(ip[at]) << 8U | std::to_integer<std::uint32_t>(ip[at + 1]);
  }
  while (sum > 0xffff) sum = (sum & 0xffffU) + (sum >> 16U);
  ip[10] = static_cast<std::byte>(~sum >> 8U);
  ip[11] = static_cast<std::byte>(~sum);
  return true;
}

class MarkingQueue final : public QueueDiscipline {
 public:
  MarkingQueue(std::size_t packets_max, std::size_t mark_from)
      : packets_max_(packets_max), mark_from_(mark_from) {}

  void enqueue(PacketPtr frame, Time /*now*/, Drops& drops) override {
    const bool is_full = frames_.size() >= packets_max_;
    if (is_full) return drops.drop(std::move(frame));
    if (frames_.size() >= mark_from_ && mark_congestion(*frame)) ++marked_;
    bytes_ += frame->size();
    frames_.push(std::move(frame));
  }
  PacketPtr dequeue(Time /*now*/, Drops& /*drops*/) override {
    if (frames_.empty()) return nullptr;
    PacketPtr frame = frames_.pop();
    bytes_ -= frame->size();
    return frame;
  }
  [[nodiscard]] std::size_t packets() const override { return frames_.size(); }
  [[nodiscard]] std::size_t bytes() const override { return bytes_; }
  [[nodiscard]] std::size_t room() const override { return packets_max_ - frames_.size(); }
  [[nodiscard]] std::uint64_t marked() const { return marked_; }

 private:
  std::size_t packets_max_, mark_from_;
  std::size_t bytes_ = 0;
  std::uint64_t marked_ = 0;
  PacketQueue frames_;
};

}  // namespace strata::sim::tcp_test
