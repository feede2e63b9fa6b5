// SPDX-License-Identifier: Apache-2.0
// Fragmenter: cuts one packet for a path it does not fit (RFC 791 3.2, RFC 8200 4.5).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/siphash.h"
#include "strata/error.h"
#include "strata/packet.h"
#include "strata/packet_pool.h"
#include "strata/wire/ipv4.h"

//   packet:     | headers | payload ......................................... |
//   fragments:  | headers'| slice | , | headers'| slice | , | headers'| rest |
//
// 1. Payload is shared, not copied: each fragment is a small header buffer and a slice.
// 2. All fragments but the last carry a multiple of eight bytes.
// 3. Fragments are made when they are pulled; nothing is held but the packet itself.

namespace strata::ip {

class Fragmenter {
 public:
  // `packet` begins with its IP header, which lies whole in the first slice with all extension
  // headers. Checksums are complete: fragments cannot be left to a device.
  // kMessageTooLong: IPv4 with DF set, or an mtu that leaves no room for payload.
  // kInvalidArgument: not a whole IP packet with payload, or an IPv6 fragment, which only its
  // source may cut.
  [[nodiscard]] static Result<Fragmenter> make(PacketPtr packet, std::size_t mtu,
                                               std::uint32_t identification);

  // The next fragment with the notes of the packet, or null: is_done() tells whether that was
  // the end or the pool is empty (the fragments already sent are wasted then).
  [[nodiscard]] PacketPtr next_fragment(PacketPool& pool);
  [[nodiscard]] bool is_done() const { return offset_ == payload_size_; }
  // How many fragments there are in all.
  [[nodiscard]] std::size_t count() const;

 private:
  Fragmenter(PacketPtr packet, std::size_t mtu, std::uint32_t identification)
      : packet_(std::move(packet)), mtu_(mtu), identification_(identification) {}

  [[nodiscard]] Result<void> prepare_v4();
  [[nodiscard]] Result<void> prepare_v6();
  void write_v4(MutableBytes header, std::size_t size, bool is_last) const;
  void write_v6(MutableBytes header, std::size_t size, bool is_last) const;

  PacketPtr packet_;
  std::size_t mtu_;
  std::uint32_t identification_;
  std::uint16_t header_size_ = 0;        // of the packet, up to its fragmentable part
  std::uint16_t first_header_size_ = 0;  // of the first fragment, with what is added
  std::uint16_t later_header_size_ = 0;  // of the others: IPv4 options without copy bit stay behind
  std::uint16_t next_header_at_ = 0;     // IPv6: the field that names what follows
  std::uint8_t version_ = 4;
  bool last_has_more_ = false;     // the packet was itself an IPv4 fragment with MF
  std::uint16_t offset_base_ = 0;  // and this was its offset
  std::array<std::byte, wire::Ipv4Layout::kOptionsMax> later_options_{};
  std::size_t payload_size_ = 0;
  std::size_t offset_ = 0;  // payload bytes already sent
};

// Identification values that strangers cannot predict nor count packets by (RFC 7739 5.3: a keyed
// hash of the address pair plus one of a few counters picked by another).
class IdentificationSource {
 public:
  explicit IdentificationSource(const SipKey& secret) : secret_(secret) {}
  // The first of `count` that follow each other.
  [[nodiscard]] std::uint32_t next(const IpAddress& source, const IpAddress& destination,
                                   std::uint8_t protocol, std::uint32_t count = 1);

 private:
  // A flow is hashed once while it is among the last.
  struct Flow {
    IpAddress source{};
    IpAddress destination{};
    std::uint32_t place = 0;
    std::uint8_t counter = 0;
    std::uint8_t protocol = 0;
    bool is_known = false;
  };
  static constexpr unsigned kFlowBits = 2;

  [[nodiscard]] static std::size_t flow_slot(const IpAddress& destination) {
    return static_cast<std::size_t>((destination.low() * 0x9e37'79b9'7f4a'7c15U) >>
                                    (64U - kFlowBits));
  }
  void place(Flow& flow) const;

  SipKey secret_;
  std::array<std::uint32_t, 64> counters_{};
  std::array<Flow, std::size_t{1} << kFlowBits> flows_{};
};

}  // namespace strata::ip
