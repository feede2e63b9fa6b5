// SPDX-License-Identifier: Apache-2.0
// LiveSession: one page that watches, from its upgrade to its end.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "service/web/http/http_site.h"
#include "service/web/live/live_hub.h"
#include "service/web/live/live_messages.h"
#include "service/web/live/websocket.h"

//   watch ──> Watch of that subject ── timer ──> Face, rings ──> waiting_ ──> WebSocket
//
// 1. A subject is watched once: to watch it anew changes what is wanted.
// 2. Nothing is made for a client that has not taken what was made before: then a status is left
//    out, and packets stay in their ring until it is full.

namespace strata::service {

// What the live sessions of a core share.
struct LiveHome {
  HostedStack& host;
  Face& face;
  LiveHub& hub;
  WebSocketHome& sockets;
};

class LiveSession final : public HttpGuest {
 public:
  static constexpr std::size_t kWaitingMax = 16;

  // The seat is given back when the session ends.
  LiveSession(const LiveHome& home, std::shared_ptr<void> seat, const HttpRequest& request,
              std::unique_ptr<Transport> transport, std::string early, HttpLater later);
  ~LiveSession() override;
  LiveSession(const LiveSession&) = delete;
  LiveSession& operator=(const LiveSession&) = delete;

 private:
  struct Watch {
    LiveWish wish;
    std::optional<TimerId> timer{};
    bool is_asking = false;   // of whatever round: a client has one question of a subject at a time
    std::uint32_t round = 0;  // answers to what was wanted before are of no use
    std::shared_ptr<PacketRing> packets{};
    std::shared_ptr<SegmentRing> segments{};
    std::uint64_t missed = 0;  // told already
  };

  void on_message(std::string_view text);
  void start(LiveWish wish);
  void stop(LiveSubject subject);
  // False, and told why, when the filter does not compile.
  [[nodiscard]] bool start_packets(Watch& watch);
  void tick(LiveSubject subject);
  void tick_later(LiveSubject subject);
  void ask(LiveSubject subject);
  void on_told(LiveSubject subject, const FaceAnswer& told);
  void tell_packets(Watch& watch);
  void tell_segments(Watch& watch);
  void say(std::string message);
  void on_free();
  [[nodiscard]] Watch& watch_of(LiveSubject subject) {
    return watches_[static_cast<std::size_t>(subject)];
  }
  [[nodiscard]] Loop& loop() { return home_.host.loop(); }

  LiveHome home_;
  std::shared_ptr<void> seat_;
  HttpLater later_;
  std::array<Watch, static_cast<std::size_t>(LiveSubject::kCount)> watches_;
  std::deque<std::string> waiting_;
  std::shared_ptr<LiveSession*> alive_;
  std::unique_ptr<WebSocket> socket_;
};

}  // namespace strata::service
