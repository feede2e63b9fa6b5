// SPDX-License-Identifier: Apache-2.0
#include "service/web/live/stack_feed.h"

#include <algorithm>
#include <utility>

#include "stack/core.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/tcp_options.h"

namespace strata::service {
namespace {

// The head of a segment: IP with options, and TCP with all of its own.
constexpr std::size_t kHeadBytes = 60 + wire::TcpLayout::kSizeMax;

struct Found {
  IpAddress source;
  IpAddress destination;
  Bytes segment;         // as much as was copied
  std::size_t size = 0;  // of the whole segment
};

// Nothing when it is no TCP, or behind extension headers, which our own packets do not have.
std::optional<Found> segment_in(Bytes head, std::size_t size) {
  if (const auto v4 = wire::Ipv4View::parse_quoted(head)) {
    if (v4->protocol() != wire::kIpProtocolTcp || v4->fragment_offset() != 0) return std::nullopt;
    const std::size_t skip = v4->header_length();
    return Found{v4->source(), v4->destination(), head.subspan(std::min(skip, head.size())),
                 size - std::min(skip, size)};
  }
  constexpr std::size_t kIpv6 = wire::Ipv6Layout::kSize;
  const auto v6 = wire::Ipv6View::parse_quoted(head);
  if (!v6 || v6->next_header() != wire::kIpProtocolTcp || head.size() < kIpv6) {
    return std::nullopt;
  }
  return Found{v6->source(), v6->destination(), head.subspan(kIpv6), size - kIpv6};
}

struct Ports {
  std::uint16_t source = 0;
  std::uint16_t destination = 0;
};

// Where a segment has them, if this is one: read before anything is copied. Nothing when they do
// not lie in the first piece of the packet.
std::optional<Ports> ports_at_a_glance(Bytes front) {
  if (front.empty()) return std::nullopt;
  const auto first = std::to_integer<std::size_t>(front[0]);
  const std::size_t at = first >> 4U == 4 ? (first & 15U) * 4 : wire::Ipv6Layout::kSize;
  if (front.size() < at + 4) return std::nullopt;
  return Ports{load_big_endian<std::uint16_t>(front.data() + at),
               load_big_endian<std::uint16_t>(front.data() + at + 2)};
}

}  // namespace

StackFeed::StackFeed(HostedStack& host)
    : host_(host), frames_(host.stack(), [this](const WatchedFrame& frame) { show(frame); }) {}

StackFeed::~StackFeed() {
  if (!connections_.empty()) follow_none();
}

bool StackFeed::add(std::shared_ptr<PacketRing> ring) {
  if (!frames_.start_sampling(SeenPacket::kBytesMax, *this)) return false;
  packets_.push_back(std::move(ring));
  return true;
}

void StackFeed::remove(const PacketRing& ring) {
  std::erase_if(packets_, [&](const auto& one) { return one.get() == &ring; });
  if (packets_.empty()) frames_.stop();
}

// Of connections: what goes in and out, and what TCP tells beside it.
bool StackFeed::follow_all() {
  auto* const tcp = host_.stack().core().tcp;
  if (!tcp->add_observer(*this)) return false;
  for (const HookPoint point : {HookPoint::kIpIn, HookPoint::kIpOut}) {
    if (host_.stack().add_hook(point, *this)) continue;
    follow_none();
    return false;
  }
  return true;
}

void StackFeed::follow_none() {
  for (const HookPoint point : {HookPoint::kIpIn, HookPoint::kIpOut}) {
    host_.stack().remove_hook(point, *this);
  }
  host_.stack().core().tcp->remove_observer(*this);
}

bool StackFeed::add(std::shared_ptr<SegmentRing> ring, Handle connection) {
  auto* const tcp = host_.stack().core().tcp;
  if (tcp == nullptr) return false;
  const auto info = tcp->info(connection, host_.loop().now());
  if (!info) return false;
  if (connections_.empty() && !follow_all()) return false;
  connections_.push_back({.ring = std::move(ring),
                          .connection = connection,
                          .local = info->local,
                          .remote = info->remote,
                          .send_scale = info->send_window_scale,
                          .receive_scale = info->receive_window_scale});
  return true;
}

void StackFeed::remove(const SegmentRing& ring) {
  const auto gone =
      std::erase_if(connections_, [&](const Watched& one) { return one.ring.get() == &ring; });
  if (gone != 0 && connections_.empty()) follow_none();
}

void StackFeed::on_packets(HookPoint point, std::span<Packet* const> packets,
                           std::span<Verdict> /*verdicts*/, Time now) {
  for (const Packet* const packet : packets) {
    if (packet != nullptr) follow(point, *packet, now);
  }
}

std::size_t StackFeed::room() const {
  std::size_t most = 0;
  for (const auto& ring : packets_) most = std::max(most, ring->room());
  return most;
}

bool StackFeed::wants(Medium medium, Bytes head, std::size_t size) {
  const bool is_wanted = std::ranges::any_of(packets_, [&](const auto& ring) {
    return ring->has_room() && ring->wants(medium, head, size);
  });
  for (const auto& ring : packets_) {
    if (!is_wanted && !ring->has_room()) ring->miss(1);
  }
  return is_wanted;
}

void StackFeed::pass_over(std::size_t frames) {
  for (const auto& ring : packets_) ring->miss(frames);
}

void StackFeed::show(const WatchedFrame& frame) {
  SeenPacket seen{.time = frame.time,
                  .interface = frame.named.name,
                  .medium = frame.named.medium,
                  .is_incoming = frame.is_incoming,
                  .size = frame.size,
                  .count = frame.bytes.size(),
                  .dropped = frame.dropped,
                  .comment = frame.comment};
  copy_bytes(frame.bytes, MutableBytes(seen.bytes).first(seen.count));
  for (std::size_t i = 0; i + 1 < packets_.size(); ++i) packets_[i]->offer(SeenPacket(seen));
  packets_.back()->offer(std::move(seen));
}

bool StackFeed::may_be_watched(HookPoint point, const Packet& packet) const {
  const auto ports = ports_at_a_glance(packet.bytes());
  if (!ports) return true;
  const bool is_out = point == HookPoint::kIpOut;
  return std::ranges::any_of(connections_, [&](const Watched& watched) {
    return watched.local.port == (is_out ? ports->source : ports->destination) &&
           watched.remote.port == (is_out ? ports->destination : ports->source);
  });
}

void StackFeed::follow(HookPoint point, const Packet& packet, Time now) {
  if (!may_be_watched(point, packet)) return;
  std::array<std::byte, kHeadBytes> copy;
  const MutableBytes head = MutableBytes(copy).first(std::min(copy.size(), packet.size()));
  packet.copy_out(0, head);
  const auto found = segment_in(head, packet.size());
  if (!found) return;
  const auto tcp = wire::TcpView::parse(found->segment);
  if (!tcp) return;
  const bool is_out = point == HookPoint::kIpOut;
  const Endpoint source{found->source, tcp->source_port()};
  const Endpoint destination{found->destination, tcp->destination_port()};
  for (Watched& watched : connections_) {
    const Endpoint& local = is_out ? source : destination;
    const Endpoint& remote = is_out ? destination : source;
    if (local.port != watched.local.port || remote.port != watched.remote.port ||
        local.address != watched.local.address || remote.address != watched.remote.address) {
      continue;
    }
    note(watched, found->segment, found->size - tcp->header_length(), is_out, now);
  }
}

void StackFeed::note(Watched& watched, Bytes segment, std::size_t text, bool is_out, Time now) {
  const auto tcp = wire::TcpView::parse(segment);
  auto& first = is_out ? watched.first_out : watched.first_in;
  auto& other = is_out ? watched.first_in : watched.first_out;
  if (!first) first = tcp->sequence_number();
  if (!other && tcp->flags().ack()) other = tcp->acknowledgment_number();
  SeenSegment seen{.time = now,
                   .is_out = is_out,
                   .flags = tcp->flags(),
                   .sequence = tcp->sequence_number() - *first,
                   .acknowledgment = tcp->acknowledgment_number() - other.value_or(0),
                   .window = std::uint64_t{tcp->window()}
                             << (is_out ? watched.receive_scale : watched.send_scale),
                   .length = text};
  const Bytes options =
      segment.subspan(wire::TcpLayout::kSize, tcp->header_length() - wire::TcpLayout::kSize);
  for (const wire::TcpSackBlock& block : wire::TcpOptions::parse(options).sack) {
    // They speak of the other direction's bytes.
    seen.sacked[seen.sacked_count++] = {block.left - other.value_or(0),
                                        block.right - other.value_or(0)};
  }
  if (is_out && text != 0) seen.cause = std::exchange(watched.cause, std::nullopt);
  watched.ring->offer(seen);
}

// Comes just before the segment itself does.
void StackFeed::on_tcp_event(const TcpEvent& event) {
  if (event.kind != TcpEventKind::kSegmentSent || !event.is_retransmission) return;
  for (Watched& watched : connections_) {
    if (watched.connection.index == event.socket.index &&
        watched.connection.generation == event.socket.generation) {
      watched.cause = event.cause;
    }
  }
}

}  // namespace strata::service
