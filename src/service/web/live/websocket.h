// SPDX-License-Identifier: Apache-2.0
// WebSocket: messages over a connection that was upgraded (RFC 6455), by Beast.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "service/hosted_stack.h"
#include "service/web/http/http_request.h"
#include "service/web/http/transport.h"

// 1. What comes is bounded: kMessageMax a message, kMessagesMax a second. Whoever sends more is
//    told why by a close frame.
// 2. What goes is one message at a time; the caller keeps what waits, and bounds it.
// 3. A peer that answers no ping for kSilenceMax is given up, and one that has not taken a message
//    by then.

namespace strata::service {

class WebSocket {
 public:
  static constexpr std::size_t kMessageMax = 4096;
  static constexpr int kMessagesMax = 50;

  virtual ~WebSocket() = default;
  // May be called when is_free(), and on_free() tells when that is so again.
  virtual void send(std::string text) = 0;
  [[nodiscard]] virtual bool is_free() const = 0;
};

// Called in the loop's turns, and no longer once the websocket is gone.
struct WebSocketEvents {
  std::function<void(std::string_view message)> on_message;
  std::function<void()> on_free;
  std::function<void()> on_end;
};

// What the websockets of a core share.
class WebSocketHome {
 public:
  explicit WebSocketHome(HostedStack& host);
  ~WebSocketHome();
  WebSocketHome(const WebSocketHome&) = delete;
  WebSocketHome& operator=(const WebSocketHome&) = delete;

  // Answers the upgrade. `early` is what the peer has sent behind its request.
  [[nodiscard]] std::unique_ptr<WebSocket> accept(const HttpRequest& request,
                                                  std::unique_ptr<Transport> transport,
                                                  std::string early, WebSocketEvents events);

 private:
  struct Ground;
  std::unique_ptr<Ground> ground_;
};

}  // namespace strata::service
