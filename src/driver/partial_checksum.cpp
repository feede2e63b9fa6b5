// SPDX-License-Identifier: Apache-2.0
#include "driver/partial_checksum.h"

#include <optional>

#include "driver/frame.h"
#include "strata/wire/checksum.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/tcp.h"
#include "strata/wire/udp.h"

namespace strata::driver {
namespace {

using wire::Ipv4Layout;
using wire::Ipv6Layout;

// Where the transport header lies, and what its checksum field holds when nobody has finished it.
struct Transport {
  std::size_t offset = 0;  // from the IP header
  std::uint8_t protocol = 0;
  std::uint16_t unfinished = 0;
};

// What a sender leaves there is a sum, and not its complement.
std::uint16_t unfinished(wire::Sum pseudo_header) {
  return static_cast<std::uint16_t>(~wire::fold(pseudo_header));
}

std::optional<Transport> find_transport_v4(Bytes ip) {
  if (ip.size() < Ipv4Layout::kSize) return std::nullopt;
  const std::size_t header = std::size_t{Ipv4Layout::HeaderWords::get(ip)} * 4;
  const std::size_t total = Ipv4Layout::TotalLength::get(ip);
  if (header < Ipv4Layout::kSize || total < header || Ipv4Layout::MoreFragments::get(ip) != 0 ||
      Ipv4Layout::FragmentUnits::get(ip) != 0) {
    return std::nullopt;
  }
  const std::uint8_t protocol = Ipv4Layout::Protocol::get(ip);
  return Transport{header, protocol,
                   unfinished(wire::pseudo_header_sum(Ipv4Layout::Source::get(ip),
                                                      Ipv4Layout::Destination::get(ip), protocol,
                                                      static_cast<std::uint32_t>(total - header)))};
}

std::optional<Transport> find_transport_v6(Bytes ip) {
  if (ip.size() < Ipv6Layout::kSize) return std::nullopt;
  const std::uint8_t protocol = Ipv6Layout::NextHeader::get(ip);
  return Transport{Ipv6Layout::kSize, protocol,
                   unfinished(wire::pseudo_header_sum(Ipv6Layout::Source::get(ip),
                                                      Ipv6Layout::Destination::get(ip), protocol,
                                                      Ipv6Layout::PayloadLength::get(ip)))};
}

std::optional<std::uint8_t> checksum_offset_of(std::uint8_t protocol) {
  switch (protocol) {
    case wire::kIpProtocolTcp: return std::uint8_t{wire::TcpLayout::Checksum::kBegin};
    case wire::kIpProtocolUdp: return std::uint8_t{wire::UdpLayout::Checksum::kBegin};
    default: return std::nullopt;
  }
}

}  // namespace

void note_partial_checksum(Packet& frame) {
  const std::size_t network = link_header_bytes(Medium::kEthernet, frame);
  if (network >= frame.slice_size()) return;
  const Bytes ip = frame.bytes().subspan(network);
  const unsigned version = std::to_integer<unsigned>(ip[0]) >> 4U;
  std::optional<Transport> transport;
  if (version == 4) transport = find_transport_v4(ip);
  if (version == 6) transport = find_transport_v6(ip);
  if (!transport) return;
  const auto offset = checksum_offset_of(transport->protocol);
  if (!offset || transport->offset + *offset + 2 > ip.size()) return;
  const auto found = load_big_endian<std::uint16_t>(ip.data() + transport->offset + *offset);
  if (found != transport->unfinished) return;
  PacketNotes& notes = frame.notes();
  notes.checksum = ChecksumState::kPartial;
  notes.transport_offset = static_cast<std::uint16_t>(network + transport->offset);
  notes.checksum_offset = *offset;
}

}  // namespace strata::driver
