// SPDX-License-Identifier: Apache-2.0
// Session: one connection of a service, from accept to its end.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "strata/executor.h"
#include "strata/tcp_stream.h"

namespace strata::service {

class Session;

class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  [[nodiscard]] virtual Executor& executor() = 0;
  // The stream is closed; the session dies in a later turn.
  virtual void on_session_over(Session& session) = 0;
};

class Session {
 public:
  // A peer that neither says nor takes anything for so long is given up: silent ones must not keep
  // others out.
  static constexpr Duration kIdleMax = std::chrono::minutes(1);

  Session(SessionOwner& owner, TcpStream stream);
  virtual ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Works on what came before anybody listened.
  void start() { run(); }

 protected:
  // There is news of the stream. Works until it would have to wait; false: the session is over.
  [[nodiscard]] virtual bool work() = 0;

  [[nodiscard]] Time now() const { return owner_.executor().now(); }
  [[nodiscard]] TcpStream& stream() { return stream_; }
  // Goes on in a later turn, so that one peer does not keep the others waiting.
  void go_on_later();

 private:
  void run();
  void end();
  void watch_idleness();

  SessionOwner& owner_;
  TcpStream stream_;
  bool is_over_ = false;
  bool goes_on_ = false;
  Time last_news_{};
  std::optional<TimerId> idle_timer_;
  std::shared_ptr<const bool> life_ = std::make_shared<const bool>(true);
};

}  // namespace strata::service
