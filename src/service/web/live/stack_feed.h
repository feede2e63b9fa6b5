// SPDX-License-Identifier: Apache-2.0
// StackFeed: what happens in the stack of one core, for those who watch it live.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/handle_table.h"
#include "service/capture/frame_watch.h"
#include "service/hosted_stack.h"
#include "service/web/live/packet_ring.h"
#include "service/web/live/segment_ring.h"
#include "strata/hooks.h"
#include "strata/tcp_event.h"

//   FrameWatch ───────────> PacketRing of each client
//   ip_in, ip_out ────────> SegmentRing of each client that watches a connection
//   TcpObserver ──────────> why a segment goes again, for the segment that follows
//
// Nobody watches: no hook, no observer, no cost. No ring has room for packets: they are counted,
// and neither copied nor remarked upon. All of it is for the core's own thread but for the rings,
// which lock.

namespace strata::service {

class StackFeed final : public Hook, private TcpObserver, private FrameSampler {
 public:
  explicit StackFeed(HostedStack& host);
  ~StackFeed() override;
  StackFeed(const StackFeed&) = delete;
  StackFeed& operator=(const StackFeed&) = delete;

  [[nodiscard]] HostedStack& host() { return host_; }

  // False when the stack has no room for another hook.
  [[nodiscard]] bool add(std::shared_ptr<PacketRing> ring);
  void remove(const PacketRing& ring);
  // False as well when there is no such connection.
  [[nodiscard]] bool add(std::shared_ptr<SegmentRing> ring, Handle connection);
  void remove(const SegmentRing& ring);

  void on_packets(HookPoint point, std::span<Packet* const> packets, std::span<Verdict> verdicts,
                  Time now) override;

 private:
  struct Watched {
    std::shared_ptr<SegmentRing> ring;
    Handle connection{};
    Endpoint local{};
    Endpoint remote{};
    std::uint8_t send_scale = 0;
    std::uint8_t receive_scale = 0;
    std::optional<std::uint32_t> first_out{};  // sequence numbers are told relative to these
    std::optional<std::uint32_t> first_in{};
    std::optional<TcpLossCause> cause{};  // of the segment that goes next
  };

  void on_tcp_event(const TcpEvent& event) override;
  // FrameSampler, over all rings.
  [[nodiscard]] std::size_t room() const override;
  [[nodiscard]] bool wants(Medium medium, Bytes head, std::size_t size) override;
  void pass_over(std::size_t frames) override;
  void show(const WatchedFrame& frame);
  [[nodiscard]] bool may_be_watched(HookPoint point, const Packet& packet) const;
  void follow(HookPoint point, const Packet& packet, Time now);
  void note(Watched& watched, Bytes segment, std::size_t text, bool is_out, Time now);
  [[nodiscard]] bool follow_all();
  void follow_none();

  HostedStack& host_;
  std::vector<std::shared_ptr<PacketRing>> packets_;
  FrameWatch frames_;  // runs while there are rings for packets
  std::vector<Watched> connections_;
};

}  // namespace strata::service
