// SPDX-License-Identifier: Apache-2.0
// TcpMerge: in-order segments of one flow that came in one batch become one (GRO).
//
// A bulk sender's segments differ in sequence number, timestamps and payload only, and stand next
// to each other in a batch. One segment of 40 pieces costs TCP hardly more than one of one piece.
// Merging happens here, behind hooks and forwarding, so that both see what came.
//
// 1. What is merged is what one larger segment could have said: same flow and ECN, text in
//    sequence, plain ACK (and PSH on the last), the same kinds of option, no SACK.
// 2. Segments of one flow are handed on in the order of their arrival.
// 3. What continues a waiting segment and looks like it is never decoded: take_next() reads the few
//    fields that may differ straight from the bytes.
// 4. Nothing waits here when poll() returns.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "stack/core.h"
#include "tcp/segment.h"

namespace strata::stack {

class TcpMerge {
 public:
  explicit TcpMerge(Core& core) : core_(core) {}
  TcpMerge(const TcpMerge&) = delete;
  TcpMerge& operator=(const TcpMerge&) = delete;

  // A segment in its bytes: `packet` still holds the headers, `view` sees those of TCP.
  struct Arrived {
    const wire::TcpView& view;
    const tcp::Flow& flow;
    tcp::EcnCodepoint ecn;
    std::uint16_t segments;
    std::size_t headers;
  };
  // True, and the packet is taken, when it goes on where a waiting segment ends. The options must
  // be what bulk senders send: none, or timestamps as RFC 7323 appendix A lays them out.
  bool take_next(const Arrived& next, PacketPtr& packet, Time now);
  // `bare` is the packet of a segment without text, which its giver keeps; null: it has text.
  void add(tcp::Segment&& segment, const Packet* bare, Time now);
  // What still waits goes to TCP.
  void finish(Time now) {
    if (count_ != 0) hand_on_all(now);
  }

 private:
  // More flows than this in one batch, and there is little to merge.
  static constexpr std::size_t kFlows = 4;
  // RFC 791 3.1: as much as one IP packet could have carried.
  static constexpr std::size_t kBytesMax = 65535 - 60;

  struct Waiting {
    std::optional<tcp::Segment> segment;
    Packet* last = nullptr;  // slice of the payload
  };

  [[nodiscard]] Waiting* find(const tcp::Flow& flow);
  [[nodiscard]] static bool may_wait(const tcp::Segment& segment);
  [[nodiscard]] static bool continues(const tcp::Segment& first, const tcp::Segment& next);
  static void append(Waiting& waiting, tcp::Segment&& next);
  void give(tcp::Segment&& segment, const Packet* bare, Time now);
  void give_watched(tcp::Segment&& segment, const Packet* bare, Time now);
  void hand_on(Waiting& waiting, Time now);
  void hand_on_all(Time now);

  Core& core_;
  std::array<Waiting, kFlows> waiting_;
  std::size_t count_ = 0;
  std::size_t oldest_ = 0;
};

}  // namespace strata::stack
