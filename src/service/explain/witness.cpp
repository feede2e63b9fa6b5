// SPDX-License-Identifier: Apache-2.0
#include "service/explain/witness.h"

#include <fmt/format.h>

#include <utility>

#include "service/capture/captured_interface.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"
#include "strata/wire/tcp.h"

namespace strata::service {
namespace {

constexpr HookPoint kPoints[] = {HookPoint::kFrameIn, HookPoint::kIpIn, HookPoint::kForward,
                                 HookPoint::kIpOut, HookPoint::kFrameOut};

std::string text_of(const Endpoint& endpoint) {
  return std::string(std::string_view(to_text(endpoint)));
}

struct Addressed {
  IpAddress source;
  IpAddress destination;
  std::uint8_t protocol = 0;
  Bytes payload;
  // Of a fragment. RFC 6946: what says that it is one and is the whole is none.
  std::optional<std::uint32_t> identification;
  bool is_later = false;  // the payload does not begin with a header
};

std::optional<Addressed> addressed(Bytes packet) {
  if (const auto v4 = wire::Ipv4View::parse_quoted(packet)) {
    Addressed found{v4->source(), v4->destination(), v4->protocol(), v4->payload(), {}};
    if (v4->is_fragment()) found.identification = v4->identification();
    found.is_later = v4->fragment_offset() != 0;
    return found;
  }
  const auto v6 = wire::Ipv6View::parse_quoted(packet);
  if (!v6) return std::nullopt;
  const auto upper = wire::find_upper_layer(v6->next_header(), v6->payload());
  Addressed found{v6->source(), v6->destination(), upper.protocol, upper.payload, {}};
  found.is_later = upper.end == wire::Ipv6ChainEnd::kLaterFragment;
  const bool is_part =
      upper.fragment && (upper.fragment->fragment_offset != 0 || upper.fragment->more_fragments);
  if (is_part) found.identification = upper.fragment->identification;
  return found;
}

std::string name_of(const SocketEntry& entry) {
  switch (entry.kind) {
    case SocketEntry::Kind::kUdp: return "the UDP socket " + text_of(entry.local);
    case SocketEntry::Kind::kIcmp:
      return fmt::format("the ICMP socket of identifier {}", entry.local.port);
    case SocketEntry::Kind::kRaw:
      return fmt::format("a raw socket of protocol {}", entry.local.port);
    case SocketEntry::Kind::kPacket: return "a packet socket";
    case SocketEntry::Kind::kTcp: break;
  }
  return "the connection " + text_of(entry.local);
}

}  // namespace

Outcome<void> Witness::attach() {
  for (const HookPoint point : kPoints) {
    if (const auto added = scratch_.stack().add_hook(point, *this); !added) {
      return failed(fmt::format("no room to look on: {}", to_text(added.error())));
    }
  }
  return {};
}

Witness::~Witness() {
  for (const HookPoint point : kPoints) scratch_.stack().remove_hook(point, *this);
}

void Witness::on_packets(HookPoint point, std::span<Packet* const> packets,
                         std::span<Verdict> /*verdicts*/, Time now) {
  Seen& seen = seen_[static_cast<std::size_t>(point)];
  for (const Packet* packet : packets) {
    if (packet == nullptr || seen.is_there) continue;
    seen.is_there = true;
    seen.interface = captured_interface(scratch_.stack(), packet->notes().interface).name;
    seen.bytes.resize(packet->size());
    packet->copy_out(0, seen.bytes);
    if (point == HookPoint::kIpIn) note_addresses(seen.bytes, now);
  }
}

// Before the packet is delivered: what it is for has to be there by then.
void Witness::note_addresses(Bytes packet, Time now) {
  const auto ip = addressed(packet);
  if (!ip) return;
  destination_ = ip->destination;
  // The header of the whole: in this fragment, or in one that came before.
  std::vector<std::byte> beginning;
  if (ip->identification) {
    auto earlier = scratch_.copy_fragments(
        {ip->source, ip->destination, *ip->identification, ip->protocol}, now);
    earlier_fragments_ = earlier.count;
    beginning = std::move(earlier.beginning);
  }
  if (ip->protocol != wire::kIpProtocolTcp) return;
  bring_connection(ip->source, ip->destination, ip->is_later ? Bytes(beginning) : ip->payload, now);
}

void Witness::bring_connection(const IpAddress& source, const IpAddress& destination, Bytes segment,
                               Time now) {
  // The ports are enough: what is wrong behind them is for the connection to say.
  if (segment.size() < wire::TcpLayout::DestinationPort::kEnd) return;
  const Endpoint local{destination, wire::TcpLayout::DestinationPort::get(segment)};
  const Endpoint remote{source, wire::TcpLayout::SourcePort::get(segment)};
  if (scratch_.copy_connection(local, remote, now)) {
    connection_ = fmt::format("the connection {} to {}", text_of(local), text_of(remote));
  }
}

std::string Witness::taker() const {
  std::string names = connection_;
  const auto add = [&](const std::string& name) { names += (names.empty() ? "" : " and ") + name; };
  const bool has_connection = !connection_.empty();
  scratch_.stack().for_each_socket([&](const SocketEntry& entry) {
    const bool is_listening = entry.state == TcpState::kSynReceived && !has_connection;
    if (entry.kind == SocketEntry::Kind::kTcp) {
      if (is_listening) add("the listener of " + text_of(entry.local));
    } else if (entry.queued_packets != 0) {
      add(name_of(entry));
    }
  });
  return names;
}

}  // namespace strata::service
