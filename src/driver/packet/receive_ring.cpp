// SPDX-License-Identifier: Apache-2.0
#include "driver/packet/receive_ring.h"

#include <linux/if_packet.h>

#include <atomic>
#include <cstring>

namespace strata::driver::packet {
namespace {

constexpr std::size_t kAddressAt = TPACKET_ALIGN(sizeof(tpacket2_hdr));
constexpr std::size_t kFrameAtLeast = kAddressAt + sizeof(sockaddr_ll) + kVirtioHeaderBytes;
constexpr std::uint16_t kCustomerTag = 0x8100;  // IEEE 802.1Q 9.6
constexpr std::size_t kEthernetBytes = 14;

std::atomic_ref<std::uint32_t> status_of(std::byte* slot) {
  return std::atomic_ref<std::uint32_t>(reinterpret_cast<tpacket2_hdr*>(slot)->tp_status);
}

std::optional<VlanTag> tag_of(const tpacket2_hdr& header) {
  if ((header.tp_status & TP_STATUS_VLAN_VALID) == 0) return std::nullopt;
  const bool has_type = (header.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
  return VlanTag{has_type ? header.tp_vlan_tpid : kCustomerTag, header.tp_vlan_tci};
}

}  // namespace

std::optional<SlotFrame> ReceiveRing::next() const {
  const std::uint32_t status = status_of(slot()).load(std::memory_order_acquire);
  if ((status & TP_STATUS_USER) == 0) return std::nullopt;
  tpacket2_hdr header;
  std::memcpy(&header, slot(), sizeof(header));
  sockaddr_ll address;
  std::memcpy(&address, slot() + kAddressAt, sizeof(address));
  SlotFrame frame;
  frame.direction = address.sll_pkttype;
  frame.is_losing = (status & TP_STATUS_LOSING) != 0;
  const std::size_t at = header.tp_mac;
  const std::size_t size = header.tp_snaplen;
  frame.is_cut = header.tp_snaplen < header.tp_len;
  frame.is_queued = frame.is_cut && (status & TP_STATUS_COPY) != 0;
  if (at < kFrameAtLeast || size < kEthernetBytes || at > slot_bytes_ || size > slot_bytes_ - at) {
    return frame;
  }
  std::memcpy(static_cast<void*>(&frame.notes), slot() + at - kVirtioHeaderBytes,
              kVirtioHeaderBytes);
  frame.bytes = Bytes(slot() + at, size);
  frame.tag = tag_of(header);
  return frame;
}

void ReceiveRing::release() {
  status_of(slot()).store(TP_STATUS_KERNEL, std::memory_order_release);
  if (++next_ == slot_count_) next_ = 0;
}

}  // namespace strata::driver::packet
