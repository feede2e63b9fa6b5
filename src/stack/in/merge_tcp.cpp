// SPDX-License-Identifier: Apache-2.0
#include "stack/in/merge_tcp.h"

#include <utility>

namespace strata::stack {

// Text under a plain ACK. A segment that is a full stop (PSH) may end a merged one, not begin it.
bool TcpMerge::may_wait(const tcp::Segment& segment) {
  const wire::TcpOptions& options = segment.options;
  return segment.flags == wire::kTcpAck && segment.payload_bytes != 0 && options.sack.empty() &&
         !options.maximum_segment_size && !options.user_timeout && !options.fast_open;
}

bool TcpMerge::continues(const tcp::Segment& first, const tcp::Segment& next) {
  const bool is_plain = (next.flags & ~wire::kTcpPsh) == wire::kTcpAck;
  return is_plain && next.seq == first.seq + first.payload_bytes && next.payload_bytes != 0 &&
         next.ecn == first.ecn && next.options.sack.empty() && next.ack >= first.ack &&
         next.options.timestamps.has_value() == first.options.timestamps.has_value() &&
         first.payload_bytes + next.payload_bytes <= kBytesMax;
}

void TcpMerge::append(Waiting& waiting, tcp::Segment&& next) {
  tcp::Segment& first = waiting.segment;
  first.ack = next.ack;
  first.window = next.window;
  first.flags = next.flags;
  first.options.timestamps = next.options.timestamps;
  first.segments = static_cast<std::uint16_t>(first.segments + next.segments);
  first.payload_bytes += next.payload_bytes;
  waiting.last = &first.payload->append_chain(std::move(next.payload), *waiting.last);
}

void TcpMerge::hand_on(Waiting& waiting, Time now) {
  if (waiting.last == nullptr) return;
  waiting.last = nullptr;
  const DropReason why = core_.tcp->on_segment(std::move(waiting.segment), now);
  if (why != DropReason::kNone) core_.drops.add(why);
}

void TcpMerge::add(tcp::Segment&& segment, Time now) {
  Waiting* place = nullptr;
  for (std::size_t i = 0; i < count_; ++i) {
    Waiting& waiting = waiting_[i];
    if (waiting.last == nullptr || !(waiting.segment.flow == segment.flow)) continue;
    if (continues(waiting.segment, segment)) {
      append(waiting, std::move(segment));
      if (waiting.segment.flags.psh()) hand_on(waiting, now);
      return;
    }
    hand_on(waiting, now);
    place = &waiting;
    break;
  }
  if (!may_wait(segment)) {
    const DropReason why = core_.tcp->on_segment(std::move(segment), now);
    if (why != DropReason::kNone) core_.drops.add(why);
    return;
  }
  if (place == nullptr && count_ < kFlows) place = &waiting_[count_++];
  if (place == nullptr) {
    place = &waiting_[oldest_];
    oldest_ = (oldest_ + 1) % kFlows;
    hand_on(*place, now);
  }
  place->segment = std::move(segment);
  place->last = place->segment.payload.get();
}

void TcpMerge::finish(Time now) {
  for (std::size_t i = 0; i < count_; ++i) hand_on(waiting_[i], now);
  count_ = 0;
}

}  // namespace strata::stack
