// SPDX-License-Identifier: Apache-2.0
// What the link types of capture files hold (https://www.tcpdump.org/linktypes.html).
#include <cstddef>
#include <cstdint>

#include "strata/pcap.h"

namespace strata {
namespace {

// Where the header of a capture says what follows, and how long it is.
struct CookedLayout {
  std::size_t ethertype_at;
  std::size_t bytes;
};
constexpr CookedLayout kSll{14, 16};
constexpr CookedLayout kSll2{0, 20};
constexpr std::size_t kFamilyBytes = 4;
constexpr std::uint16_t kEthertypeIpv4 = 0x0800;
constexpr std::uint16_t kEthertypeIpv6 = 0x86dd;

std::optional<LinkPayload> behind(std::size_t header, Bytes bytes) {
  return LinkPayload{Medium::kIp, bytes.subspan(header), header};
}

std::optional<LinkPayload> cooked_payload(const CookedLayout& layout, Bytes bytes) {
  if (bytes.size() < layout.bytes) return std::nullopt;
  const auto type = load_big_endian<std::uint16_t>(bytes.data() + layout.ethertype_at);
  if (type != kEthertypeIpv4 && type != kEthertypeIpv6) return std::nullopt;
  return behind(layout.bytes, bytes);
}

// The address family of a BSD: 2 is IPv4 on all of them, IPv6 has a number on each. Null has it in
// the byte order of the machine that captured, which nothing tells.
std::optional<LinkPayload> loopback_payload(Bytes bytes) {
  if (bytes.size() < kFamilyBytes) return std::nullopt;
  const auto read = load_big_endian<std::uint32_t>(bytes.data());
  const std::uint32_t family = read > 0xffff ? __builtin_bswap32(read) : read;
  constexpr std::uint32_t kFamilies[] = {2, 10, 24, 28, 30};
  for (const std::uint32_t known : kFamilies) {
    if (family == known) return behind(kFamilyBytes, bytes);
  }
  return std::nullopt;
}

}  // namespace

LinkType link_type_of(Medium medium) {
  return medium == Medium::kEthernet ? LinkType::kEthernet : LinkType::kRawIp;
}

std::optional<Medium> medium_of(LinkType type) {
  switch (type) {
    case LinkType::kEthernet: return Medium::kEthernet;
    case LinkType::kNull:
    case LinkType::kRawBsd:
    case LinkType::kRawOpenBsd:
    case LinkType::kRawIp:
    case LinkType::kLoop:
    case LinkType::kLinuxSll:
    case LinkType::kIpv4:
    case LinkType::kIpv6:
    case LinkType::kLinuxSll2: return Medium::kIp;
  }
  return std::nullopt;
}

std::optional<LinkPayload> payload_of(LinkType type, Bytes bytes) {
  switch (type) {
    case LinkType::kEthernet: return LinkPayload{Medium::kEthernet, bytes, 0};
    case LinkType::kRawBsd:
    case LinkType::kRawOpenBsd:
    case LinkType::kRawIp:
    case LinkType::kIpv4:
    case LinkType::kIpv6: return behind(0, bytes);
    case LinkType::kNull:
    case LinkType::kLoop: return loopback_payload(bytes);
    case LinkType::kLinuxSll: return cooked_payload(kSll, bytes);
    case LinkType::kLinuxSll2: return cooked_payload(kSll2, bytes);
  }
  return std::nullopt;
}

}  // namespace strata
