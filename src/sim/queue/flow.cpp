// SPDX-License-Identifier: Apache-2.0
#include "sim/queue/flow.h"

#include <algorithm>
#include <array>
#include <span>

#include "sim/frame.h"
#include "strata/wire/checksum.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"

namespace strata::sim {
namespace {

constexpr std::uint8_t kEcnMask = 3;
constexpr std::uint8_t kCongestionExperienced = 3;

// Addresses, protocol, ports: what they have of it, the rest zero.
struct Flow {
  std::array<std::byte, 40> bytes{};
  std::size_t used = 0;
  void add(Bytes more) {
    std::ranges::copy(more, bytes.begin() + static_cast<std::ptrdiff_t>(used));
    used += more.size();
  }
};

Bytes ports_of(std::uint8_t protocol, Bytes transport) {
  const bool has_ports = protocol == wire::kIpProtocolTcp || protocol == wire::kIpProtocolUdp;
  return has_ports && transport.size() >= 4 ? transport.first(4) : Bytes{};
}

Flow flow_of(Bytes packet) {
  Flow flow;
  if (const auto view = wire::Ipv4View::parse(packet)) {
    flow.add(packet.subspan(wire::Ipv4Layout::Source::kBegin, 8));
    const std::byte protocol{view->protocol()};
    flow.add({&protocol, 1});
    const bool is_whole = !view->more_fragments() && view->fragment_offset() == 0;
    if (is_whole) flow.add(ports_of(view->protocol(), view->payload()));
  } else if (const auto six = wire::Ipv6View::parse(packet)) {
    flow.add(packet.subspan(wire::Ipv6Layout::Source::kBegin, 32));
    const std::byte next{six->next_header()};
    flow.add({&next, 1});
    flow.add(ports_of(six->next_header(), six->payload()));
  }
  return flow;
}

}  // namespace

std::uint64_t flow_hash(const Packet& frame, const SipKey& key) {
  const Bytes bytes = frame.bytes();
  const std::size_t header = std::min(link_header_bytes(frame), bytes.size());
  const Flow flow = flow_of(bytes.subspan(header));
  const Bytes told = flow.used != 0 ? Bytes(flow.bytes).first(flow.used)
                                    : bytes.first(std::min<std::size_t>(12, bytes.size()));
  return siphash24(key, told);
}

bool mark_congestion(Packet& frame) {
  const std::size_t header = link_header_bytes(frame);
  if (header >= frame.size()) return false;
  const MutableBytes packet = frame.mutable_bytes().subspan(header);
  if (const auto view = wire::Ipv4View::parse(packet)) {
    const std::uint8_t before = view->traffic_class();
    if ((before & kEcnMask) == 0) return false;
    const auto after = static_cast<std::uint8_t>(before | kCongestionExperienced);
    const auto word = static_cast<std::uint16_t>(wire::Ipv4Layout::VersionIhl::get(packet) << 8U);
    const std::uint16_t checksum = wire::updated_checksum(wire::Ipv4Layout::Checksum::get(packet),
                                                          static_cast<std::uint16_t>(word | before),
                                                          static_cast<std::uint16_t>(word | after));
    wire::Ipv4Layout::TrafficClass::set(packet, after);
    wire::Ipv4Layout::Checksum::set(packet, checksum);
    return true;
  }
  const auto view = wire::Ipv6View::parse(packet);
  if (!view) return false;
  const std::uint8_t before = view->traffic_class();
  if ((before & kEcnMask) == 0) return false;
  wire::Ipv6Layout::TrafficClass::set(packet,
                                      static_cast<std::uint8_t>(before | kCongestionExperienced));
  return true;
}

}  // namespace strata::sim
