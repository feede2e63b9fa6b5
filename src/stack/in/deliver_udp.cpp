// SPDX-License-Identifier: Apache-2.0
// UDP in: RFC 768, RFC 1122 4.1, RFC 8200 8.1.
#include <algorithm>

#include "stack/in/deliver.h"
#include "stack/out/packet_sum.h"
#include "stack/out/send_icmp.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/udp.h"

namespace strata::stack {
namespace {

struct Ports {
  std::uint16_t source;
  std::uint16_t destination;
  std::uint16_t length;
  std::uint16_t checksum;
};

bool checksum_is_valid(const Packet& packet, const Arrival& arrival, const Ports& ports) {
  // A device vouched for it, or it never left this machine.
  if (packet.notes().checksum != ChecksumState::kUnknown) return true;
  if (ports.checksum == 0) return arrival.is_v4();
  return is_valid(packet_sum(packet, arrival.header_length) +
                  wire::pseudo_header_sum(arrival.source, arrival.destination, wire::kIpProtocolUdp,
                                          ports.length));
}

// Why the socket refuses it; kNone: it has it.
DropReason take(Core& core, udp::Socket& socket, PacketPtr packet, const Ports& ports,
                const Arrival& arrival) {
  // RFC 8200 8.1: without a checksum nothing protects the addresses; RFC 6935 lets tunnels agree.
  if (ports.checksum == 0 && !arrival.is_v4() && !socket.options.accept_zero_checksum) {
    return DropReason::kUdpNoChecksum;
  }
  if (!socket.queue.try_push(std::move(packet))) return DropReason::kUdpQueueFull;
  core.ready.add(socket.ready, {.readable = true});
  return DropReason::kNone;
}

// Of several shares or segments of one packet each is counted; the packet went no further only when
// nobody took any of them.
class Shares {
 public:
  void note(Core& core, DropReason refused) {
    if (refused == DropReason::kNone) {
      is_taken_ = true;
      return;
    }
    core.drops.add(refused);
    refused_ = refused;
  }
  void end(const Core& core, const Packet& came) const {
    if (is_taken_ || refused_ == DropReason::kNone) return;
    core.drop_watchers.tell(key_of(came), refused_);
  }

 private:
  bool is_taken_ = false;
  DropReason refused_ = DropReason::kNone;
};

bool group_filter_accepts(Core& core, const udp::Socket& socket, const Arrival& arrival) {
  if (arrival.kind != DestinationKind::kMulticast) return true;
  const IpAddress& group = arrival.destination;
  if (group == IpAddress::all_hosts_v4() || group == IpAddress::all_nodes_v6()) return true;
  return arrival.interface->groups.tell().accepts(udp_socket_key(core.udp.handle_of(socket)), group,
                                                  arrival.source);
}

// Puts bytes [at, at + count) of `whole` behind the headers in `segment`. What fits there is
// copied: queues count buffers, and a share of a large one costs each datagram all of it.
bool append_payload(PacketPtr& segment, const Packet& whole, std::size_t at, std::size_t count) {
  if (count <= segment->tailroom()) {
    whole.copy_out(at, segment->append(count));
    return true;
  }
  PacketPtr payload = whole.share(at, count);
  if (payload == nullptr) return false;
  segment->append_chain(std::move(payload));
  return true;
}

// One of the datagrams that a super-segment was made of: the headers in front of its own part of
// the payload. Null: the pool is empty.
PacketPtr make_datagram(Core& core, const Packet& whole, const Arrival& arrival, std::size_t at,
                        std::size_t count) {
  const std::size_t headers = arrival.header_length + wire::UdpLayout::kSize;
  PacketPtr segment = core.pool.allocate_for(headers);
  if (segment == nullptr) return nullptr;
  whole.copy_out(0, segment->append(headers));
  wire::UdpLayout::Length::set(segment->mutable_bytes().subspan(arrival.header_length),
                               static_cast<std::uint16_t>(wire::UdpLayout::kSize + count));
  if (!append_payload(segment, whole, at, count)) return nullptr;
  segment->notes() = whole.notes();
  segment->notes().segment_kind = SegmentKind::kNone;
  segment->notes().segment_size = 0;
  return segment;
}

bool is_to_be_taken_apart(const Packet& packet, const udp::Socket& socket) {
  return packet.notes().segment_kind == SegmentKind::kUdp && packet.notes().segment_size != 0 &&
         !socket.options.receive_super_segments;
}

// For a socket that did not ask for super-segments.
void deliver_in_segments(Core& core, udp::Socket& socket, const Packet& whole,
                         const Arrival& arrival, const Ports& ports, Shares& shares) {
  const std::size_t step = whole.notes().segment_size;
  for (std::size_t at = arrival.header_length + wire::UdpLayout::kSize; at < whole.size();
       at += step) {
    const std::size_t count = std::min(step, whole.size() - at);
    PacketPtr segment = make_datagram(core, whole, arrival, at, count);
    if (segment == nullptr) return shares.note(core, DropReason::kPoolEmpty);
    shares.note(core, take(core, socket, std::move(segment), ports, arrival));
  }
}

// Every listener of a group or broadcast gets a share of the same buffer.
void deliver_to_all(Core& core, PacketPtr packet, const Arrival& arrival, const Ports& ports,
                    const udp::FourTuple& tuple) {
  bool any = false;
  bool any_accepts = false;
  Shares shares;
  core.udp.for_each_match(tuple, [&](udp::Socket& socket) {
    any = true;
    if (!group_filter_accepts(core, socket, arrival)) return;
    any_accepts = true;
    if (is_to_be_taken_apart(*packet, socket)) {
      return deliver_in_segments(core, socket, *packet, arrival, ports, shares);
    }
    PacketPtr share = packet->share(0, packet->size());
    if (share == nullptr) return shares.note(core, DropReason::kPoolEmpty);
    share->notes() = packet->notes();
    shares.note(core, take(core, socket, std::move(share), ports, arrival));
  });
  if (any_accepts) return shares.end(core, *packet);
  drop(core, std::move(packet),
       any ? DropReason::kUdpSourceNotPermitted : DropReason::kUdpNoSocket);
}

void deliver_to_one(Core& core, PacketPtr packet, const Arrival& arrival, const Ports& ports,
                    const udp::FourTuple& tuple, Time now) {
  udp::Socket* socket = core.udp.match(tuple);
  if (socket == nullptr && ports.checksum == 0 && !arrival.is_v4()) {
    // RFC 8200 8.1: it is not to be trusted, not even with an answer.
    return drop(core, std::move(packet), DropReason::kUdpNoChecksum);
  }
  if (socket == nullptr) {
    // RFC 1122 4.1.3.1 and RFC 4443 3.1: the sender is told that nobody listens.
    send_icmp_error(core, *packet, arrival, {.kind = icmp::ErrorKind::kPortUnreachable}, now);
    return drop(core, std::move(packet), DropReason::kUdpNoSocket);
  }
  if (is_to_be_taken_apart(*packet, *socket)) {
    Shares shares;
    deliver_in_segments(core, *socket, *packet, arrival, ports, shares);
    return shares.end(core, *packet);
  }
  const PacketKey key = key_of(*packet);
  const DropReason refused = take(core, *socket, std::move(packet), ports, arrival);
  if (refused != DropReason::kNone) count_drop(core, key, refused);
}

}  // namespace

void deliver_udp(Core& core, PacketPtr packet, const Arrival& arrival, Time now) {
  ++core.counters.udp_received;
  const std::size_t headers = arrival.header_length + wire::UdpLayout::kSize;
  if (!make_contiguous(core, packet, headers, DropReason::kUdpTooShort)) return;
  const Bytes header = packet->bytes().subspan(arrival.header_length);
  const Ports ports{wire::UdpLayout::SourcePort::get(header),
                    wire::UdpLayout::DestinationPort::get(header),
                    wire::UdpLayout::Length::get(header), wire::UdpLayout::Checksum::get(header)};
  const std::size_t size = packet->size() - arrival.header_length;
  if (ports.length < wire::UdpLayout::kSize || ports.length > size) {
    return drop(core, std::move(packet), DropReason::kUdpBadLength);
  }
  packet->truncate(arrival.header_length + ports.length);
  const bool may_lack_checksum = ports.checksum == 0 && !arrival.is_v4();
  if (!may_lack_checksum && !checksum_is_valid(*packet, arrival, ports)) {
    return drop(core, std::move(packet), DropReason::kUdpBadChecksum);
  }
  const udp::FourTuple tuple{.local = {arrival.destination, ports.destination},
                             .remote = {arrival.source, ports.source},
                             .interface = arrival.interface->id};
  if (arrival.is_to_group()) {
    return deliver_to_all(core, std::move(packet), arrival, ports, tuple);
  }
  deliver_to_one(core, std::move(packet), arrival, ports, tuple, now);
}

}  // namespace strata::stack
