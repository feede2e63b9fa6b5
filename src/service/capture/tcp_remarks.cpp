// SPDX-License-Identifier: Apache-2.0
#include "service/capture/tcp_remarks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "stack/core.h"
#include "tcp/doctor.h"
#include "tcp/sequence_number.h"

namespace strata::service {
namespace {

using Number = tcp::SequenceNumber;

void say(std::string& text, std::string_view sentence) {
  if (!text.empty()) text += ' ';
  text += sentence;
}

bool has_zero_window(const CapturedSegment& segment) {
  return segment.window == 0 && !segment.flags.rst() && !segment.flags.syn();
}

// RFC 2883 4: the first block tells of bytes that came twice: below the acknowledgement, or inside
// the second block.
bool reports_twice(const CapturedSegment& segment) {
  const wire::TcpSackBlocks& sack = segment.options.sack;
  if (sack.empty()) return false;
  const Number left(sack[0].left);
  const Number right(sack[0].right);
  if (right <= Number(segment.acknowledgment)) return true;
  return sack.size() > 1 && Number(sack[1].left) <= left && right <= Number(sack[1].right);
}

struct Holes {
  std::uint32_t pieces = 0;
  std::uint32_t bytes = 0;
};

// What is missing between the acknowledgement and the blocks above it. A stranger wrote them, so
// they are sorted by their plain distance from it: sequence numbers have no order of their own.
Holes holes_in(const CapturedSegment& segment) {
  constexpr std::uint32_t kHalf = 1U << 31U;
  std::array<std::pair<std::uint32_t, std::uint32_t>, wire::kTcpSackBlocksMax> above{};
  std::size_t count = 0;
  for (const wire::TcpSackBlock& block : segment.options.sack) {
    const std::uint32_t left = block.left - segment.acknowledgment;
    const std::uint32_t right = block.right - segment.acknowledgment;
    if (left != 0 && left < right && right < kHalf) above[count++] = {left, right};
  }
  std::sort(above.begin(), above.begin() + static_cast<std::ptrdiff_t>(count));
  Holes holes;
  std::uint32_t end = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto [left, right] = above[i];
    if (end < left) {
      ++holes.pieces;
      holes.bytes += left - end;
    }
    end = std::max(end, right);
  }
  return holes;
}

void say_sack(std::string& text, const CapturedSegment& segment, std::string_view who) {
  if (!segment.flags.ack()) return;
  if (reports_twice(segment)) {
    say(text, fmt::format("{} got bytes that had come before (D-SACK, RFC 2883).", who));
  }
  const Holes holes = holes_in(segment);
  if (holes.pieces == 0) return;
  say(text, fmt::format("SACK: {} misses {} bytes in {} {} below others that came.", who,
                        holes.bytes, holes.pieces, holes.pieces == 1 ? "piece" : "pieces"));
}

}  // namespace

bool TcpRemarks::start() {
  if (is_watching_) return true;
  tcp::Transport* const tcp = stack_.core().ensure_tcp();
  is_watching_ = tcp != nullptr && tcp->add_observer(*this);
  return is_watching_;
}

void TcpRemarks::stop() {
  if (!std::exchange(is_watching_, false)) return;
  stack_.core().tcp->remove_observer(*this);
  again_.clear();
  brought_.clear();
}

// Comes just before the segment itself does.
void TcpRemarks::on_tcp_event(const TcpEvent& event) {
  if (event.kind == TcpEventKind::kSegmentSent) return note_sent(event);
  if (event.kind == TcpEventKind::kSegmentReceived) {
    if (brought_.size() == kRememberedMax) brought_.erase(brought_.begin());
    brought_.push_back({.socket = event.socket,
                        .sequence = event.sequence,
                        .acknowledgment = event.acknowledgment});
    return;
  }
  if (brought_.empty() || brought_.back().socket != event.socket) return;
  if (event.kind == TcpEventKind::kRecoveryEntered) brought_.back().entered = event.cause;
  if (event.kind == TcpEventKind::kRecoveryUndone) brought_.back().undone = true;
}

void TcpRemarks::note_sent(const TcpEvent& event) {
  if (!event.is_retransmission) return;
  if (again_.size() == kRememberedMax) again_.erase(again_.begin());
  again_.push_back({.sequence = event.sequence,
                    .bytes = event.bytes,
                    .acknowledgment = event.acknowledgment,
                    .cause = event.cause});
}

void TcpRemarks::end_step() { brought_.clear(); }

// A super-segment that was cut leaves in several frames, the last of which ends where it does.
std::string TcpRemarks::remark_outgoing(const CapturedSegment& segment) {
  std::string text;
  const auto found = std::find_if(again_.rbegin(), again_.rend(), [&](const SentAgain& one) {
    const std::uint32_t within = segment.sequence - one.sequence;
    return one.acknowledgment == segment.acknowledgment && (within == 0 || within < one.bytes);
  });
  if (found != again_.rend()) {
    say(text, fmt::format("Sent again: {}", tcp::sentence_of(found->cause)));
    const std::uint32_t end = segment.sequence + segment.text_bytes - found->sequence;
    if (end >= found->bytes) again_.erase(std::next(found).base());
  }
  if (has_zero_window(segment)) {
    say(text, "Zero window: our program has not read what came, so the peer must wait.");
  }
  say_sack(text, segment, "this end");
  return text;
}

std::string TcpRemarks::remark_incoming(const CapturedSegment& segment) {
  std::string text;
  const auto found = std::ranges::find_if(brought_, [&](const Brought& one) {
    return (one.entered || one.undone) && one.acknowledgment == segment.acknowledgment &&
           Number(one.sequence) <= Number(segment.sequence);
  });
  if (found != brought_.end()) {
    if (found->undone) {
      say(text,
          "A recovery turns out to have been needless and is undone: nothing was lost "
          "(RFC 3522, RFC 4015, RFC 5682, RFC 2883).");
    }
    if (found->entered) {
      say(text, fmt::format("It shows a loss: {}", tcp::sentence_of(*found->entered)));
    }
    brought_.erase(found);
  }
  if (has_zero_window(segment)) {
    say(text, "Zero window: the program over there has not read what it got, so we must wait.");
  }
  say_sack(text, segment, "the peer");
  return text;
}

// What limits the connection, seen over its whole life. Nothing once its program has let go.
std::string TcpRemarks::doctor(const CapturedSegment& segment, bool is_incoming,
                               InterfaceId interface, Time now) const {
  const tcp::Transport* const tcp = stack_.core().tcp;
  if (tcp == nullptr) return {};
  const Endpoint& local = is_incoming ? segment.destination : segment.source;
  const Endpoint& remote = is_incoming ? segment.source : segment.destination;
  const bool is_scoped =
      local.address.is_v6() && (local.address.is_link_local() || remote.address.is_link_local());
  const Handle handle = tcp->handle_of({.local_address = local.address,
                                        .remote_address = remote.address,
                                        .local_port = local.port,
                                        .remote_port = remote.port,
                                        .interface = is_scoped ? interface : kNoInterface});
  if (!handle) return {};
  const auto info = tcp->info(handle, now);
  return info ? std::string(tcp::explain(*info, {}).sentence) : std::string();
}

std::string TcpRemarks::of(const CapturedSegment& segment, bool is_incoming, InterfaceId interface,
                           Time now) {
  std::string text = is_incoming ? remark_incoming(segment) : remark_outgoing(segment);
  if (text.empty()) return text;
  const std::string limit = doctor(segment, is_incoming, interface, now);
  if (!limit.empty()) say(text, fmt::format("What limits the connection: {}", limit));
  return text;
}

}  // namespace strata::service
