// SPDX-License-Identifier: Apache-2.0
// What sockets and acceptors of this skin hold: a native socket, and who waits for it.
#pragma once

#include <optional>
#include <utility>

#include "strata/asio/operation.h"

namespace strata::asio {
inline namespace STRATA_ASIO_FLAVOUR {

// The state of a socket stays where it is when the socket is moved, so that what waits may go on.
template <typename Native>
struct SocketState : context::Member {
  explicit SocketState(const executor& from) : Member(from.owner()), own(from) {}
  ~SocketState() override { sides.cancel_all(); }
  void stop() override { sides.cancel_all(); }

  [[nodiscard]] Time now() const { return own.owner().now(); }
  [[nodiscard]] Stack& stack() const { return own.owner().stack(); }
  Result<void> adopt(Native made) {
    native.emplace(std::move(made));
    return native->on_ready([this](Readiness news) {
      const context::Running running(own.owner());
      sides.on_news(news);
    });
  }
  void drop() {
    sides.cancel_all();
    native.reset();
  }

  executor own;
  std::optional<Native> native;
  PendingSides sides;
};

}  // namespace STRATA_ASIO_FLAVOUR
}  // namespace strata::asio
