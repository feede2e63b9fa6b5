// SPDX-License-Identifier: Apache-2.0
#include "stack/in/merge_tcp.h"

#include <utility>

namespace strata::stack {
namespace {

constexpr std::size_t kTimestampBytes = 12;
// RFC 7323 appendix A: two NOPs, kind 8, length 10.
constexpr std::uint32_t kTimestampWord = 0x0101'080a;

// RFC 7323 5.3: what is merged is judged by the timestamp of its first segment, so none may be
// older. And 4.3: that one is the one to echo, for its text is acknowledged first.
bool may_follow(const std::optional<wire::TcpTimestamps>& first,
                const std::optional<wire::TcpTimestamps>& next) {
  if (first.has_value() != next.has_value()) return false;
  return !first || static_cast<std::int32_t>(next->value - first->value) >= 0;
}

// The usual options, that is none or timestamps; false for any other.
bool read_usual(Bytes options, std::optional<wire::TcpTimestamps>& timestamps) {
  if (options.empty()) return true;
  if (options.size() != kTimestampBytes) return false;
  if (load_big_endian<std::uint32_t>(options.data()) != kTimestampWord) return false;
  timestamps = {.value = load_big_endian<std::uint32_t>(options.data() + 4),
                .echo_reply = load_big_endian<std::uint32_t>(options.data() + 8)};
  return true;
}

}  // namespace

TcpMerge::Waiting* TcpMerge::find(const tcp::Flow& flow) {
  for (std::size_t i = 0; i < count_; ++i) {
    if (waiting_[i].segment && waiting_[i].segment->flow == flow) return &waiting_[i];
  }
  return nullptr;
}

bool TcpMerge::take_next(const Arrived& next, PacketPtr& packet, Time now) {
  Waiting* const waiting = find(next.flow);
  if (waiting == nullptr) return false;
  tcp::Segment& first = *waiting->segment;
  const std::size_t bytes = packet->size() - next.headers;
  const tcp::SequenceNumber ack(next.view.acknowledgment_number());
  if (next.view.sequence_number() != (first.seq + first.payload_bytes).value() || bytes == 0 ||
      (next.view.flags() & ~wire::kTcpPsh) != wire::kTcpAck || next.ecn != first.ecn ||
      ack < first.ack || first.payload_bytes + bytes > kBytesMax) {
    return false;
  }
  std::optional<wire::TcpTimestamps> timestamps;
  if (!read_usual(next.view.options(), timestamps) ||
      !may_follow(first.options.timestamps, timestamps)) {
    return false;
  }
  first.ack = ack;
  first.window = next.view.window();
  first.flags = next.view.flags();
  if (timestamps) first.options.timestamps->echo_reply = timestamps->echo_reply;
  first.segments = static_cast<std::uint16_t>(first.segments + next.segments);
  first.payload_bytes += static_cast<std::uint32_t>(bytes);
  packet->skip(next.headers);
  waiting->last = &first.payload->append_chain(std::move(packet), *waiting->last);
  if (first.flags.psh()) hand_on(*waiting, now);
  return true;
}

// Text under a plain ACK. A segment that is a full stop (PSH) may end a merged one, not begin it.
bool TcpMerge::may_wait(const tcp::Segment& segment) {
  const wire::TcpOptions& options = segment.options;
  return segment.flags == wire::kTcpAck && segment.payload_bytes != 0 && options.sack.empty() &&
         !options.maximum_segment_size && !options.user_timeout && !options.fast_open;
}

bool TcpMerge::continues(const tcp::Segment& first, const tcp::Segment& next) {
  const bool is_plain = (next.flags & ~wire::kTcpPsh) == wire::kTcpAck;
  return is_plain && next.seq == first.seq + first.payload_bytes && next.payload_bytes != 0 &&
         next.ecn == first.ecn && next.options.sack.empty() && !next.options.user_timeout &&
         next.ack >= first.ack && may_follow(first.options.timestamps, next.options.timestamps) &&
         first.payload_bytes + next.payload_bytes <= kBytesMax;
}

void TcpMerge::append(Waiting& waiting, tcp::Segment&& next) {
  tcp::Segment& first = *waiting.segment;
  first.ack = next.ack;
  first.window = next.window;
  first.flags = next.flags;
  if (next.options.timestamps) {
    first.options.timestamps->echo_reply = next.options.timestamps->echo_reply;
  }
  first.segments = static_cast<std::uint16_t>(first.segments + next.segments);
  first.payload_bytes += next.payload_bytes;
  waiting.last = &first.payload->append_chain(std::move(next.payload), *waiting.last);
}

void TcpMerge::give(tcp::Segment&& segment, const Packet* bare, Time now) {
  if (!core_.drop_watchers.empty()) [[unlikely]]
    return give_watched(std::move(segment), bare, now);
  const DropReason why = core_.tcp->on_segment(std::move(segment), now);
  if (why != DropReason::kNone) core_.drops.add(why);
}

// Each packet that was merged is a slice of the text, with the notes it came with. All of them go
// the way of the whole.
void TcpMerge::give_watched(tcp::Segment&& segment, const Packet* bare, Time now) {
  std::array<PacketKey, PacketBatch::kCapacity> packets;
  std::size_t count = 0;
  if (bare != nullptr) packets[count++] = key_of(*bare);
  for (const Packet* slice = segment.payload.get(); slice != nullptr && count < packets.size();
       slice = slice->next_slice()) {
    packets[count++] = key_of(*slice);
  }
  const DropReason why = core_.tcp->on_segment(std::move(segment), now);
  if (why == DropReason::kNone) return;
  core_.drops.add(why);
  for (std::size_t i = 0; i < count; ++i) core_.drop_watchers.tell(packets[i], why);
}

void TcpMerge::hand_on(Waiting& waiting, Time now) {
  if (!waiting.segment) return;
  give(std::move(*waiting.segment), nullptr, now);
  waiting.segment.reset();
}

void TcpMerge::add(tcp::Segment&& segment, const Packet* bare, Time now) {
  Waiting* place = find(segment.flow);
  if (place != nullptr && continues(*place->segment, segment)) {
    append(*place, std::move(segment));
    if (place->segment->flags.psh()) hand_on(*place, now);
    return;
  }
  if (place != nullptr) hand_on(*place, now);
  if (!may_wait(segment)) return give(std::move(segment), bare, now);
  if (place == nullptr && count_ < kFlows) place = &waiting_[count_++];
  if (place == nullptr) {
    place = &waiting_[oldest_];
    oldest_ = (oldest_ + 1) % kFlows;
    hand_on(*place, now);
  }
  place->segment.emplace(std::move(segment));
  place->last = place->segment->payload.get();
}

void TcpMerge::hand_on_all(Time now) {
  for (std::size_t i = 0; i < count_; ++i) hand_on(waiting_[i], now);
  count_ = 0;
}

}  // namespace strata::stack
