// SPDX-License-Identifier: Apache-2.0
// TcpServices: echo, discard, chargen and daytime, for trying a stack out.
//
//   TcpServices ── a TcpListener each ── accept() ──> ByteSession
//
// 1. A session lives until its stream has ended; the table of all owns it. It asks to be removed
//    from inside its own callback, so it is removed in a later turn.
// 2. At most kSessionsMax sessions at a time: further connections wait in the listener's queue,
//    which is long enough for thousands that call at once.
// 3. What a peer does not read, a session does not make: each holds at most one chunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "service/failure.h"
#include "service/serve/session.h"
#include "service/stack_options.h"
#include "strata/tcp_listener.h"

namespace strata::service {

class TcpServices final : public SessionOwner {
 public:
  [[nodiscard]] static Outcome<std::unique_ptr<TcpServices>> open(
      Stack& stack, Executor& executor, const std::vector<ServeOptions>& services);
  ~TcpServices() override = default;
  TcpServices(const TcpServices&) = delete;
  TcpServices& operator=(const TcpServices&) = delete;

  // While it runs, in this order: sessions that were accepted go on.
  void close_all_but(const std::vector<ServeOptions>& services);
  [[nodiscard]] Outcome<void> open_missing(const std::vector<ServeOptions>& services);

  [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }

  // SessionOwner
  [[nodiscard]] Executor& executor() override { return executor_; }
  void on_session_over(Session& session) override;

 private:
  static constexpr std::size_t kSessionsMax = 8192;
  static constexpr std::uint32_t kBacklog = 4096;

  struct Server {
    ServeOptions options;
    TcpListener listener;
  };

  TcpServices(Stack& stack, Executor& executor) : stack_(stack), executor_(executor) {}

  [[nodiscard]] Outcome<void> add(const ServeOptions& options);
  void accept(Server& server);

  Stack& stack_;
  Executor& executor_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::unordered_map<const Session*, std::unique_ptr<Session>> sessions_;
  // Tasks that were posted may come after our end, where a stack ends before its executor.
  std::shared_ptr<const bool> life_ = std::make_shared<const bool>(true);
};

}  // namespace strata::service
