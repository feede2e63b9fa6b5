// SPDX-License-Identifier: Apache-2.0
// CoroutineConversation: a transfer between two programs that are coroutines, and check each byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "service/explore/conversation.h"
#include "service/explore/watched_flow.h"
#include "strata/coro/task_group.h"
#include "strata/coro/tcp.h"
#include "strata/coro/wait.h"

// Each side is a task that connects or accepts, and then awaits two: one writes all its bytes and
// ends its direction, one reads to the other's end. All of them must end by themselves, but for
// those that a crash destroys where they wait.

namespace strata::service {

[[nodiscard]] bool is_coroutine_choice(ItemKind kind);
[[nodiscard]] bool is_by_coroutines(const Trial& trial, const LabTraffic& traffic);

class CoroutineConversation final : public WatchedFlow {
 public:
  CoroutineConversation(const WatchedEnds& ends, const ConversationPlan& plan);

  void listen() override;
  void lose(const sim::Host& host) override;
  void stop_listening() override { closing_.cancel(); }
  void close() override { is_closed_ = true; }
  [[nodiscard]] bool is_over() const override;
  [[nodiscard]] std::uint64_t bytes_moved() const override;
  [[nodiscard]] std::string state() const override;
  [[nodiscard]] std::optional<Trouble> trouble(const Excuses& excuses) const override;

 private:
  class CallSizes;
  struct Side {
    Side(sim::Host& its_host, const ProgramPlan& its_plan);
    void give_up(coro::TcpStream& stream, Error why);
    [[nodiscard]] std::string state() const;

    sim::Host& host;
    ProgramPlan plan;
    std::uint64_t written = 0, read = 0;
    bool is_connected = false, saw_end = false;
    std::optional<std::uint64_t> wrong_at{};
    std::optional<Error> failure{};
    coro::TaskGroup tasks;  // goes first
  };

  [[nodiscard]] coro::Task<> call(Side& side);
  [[nodiscard]] coro::Task<> serve(Side& side);
  [[nodiscard]] static coro::Task<> talk(Side& side, coro::TcpStream& stream);
  [[nodiscard]] static coro::Task<> write(Side& side, coro::TcpStream& stream);
  [[nodiscard]] static coro::Task<> read(Side& side, coro::TcpStream& stream);
  [[nodiscard]] static bool has_missed_bytes(const Side& reader, const Side& writer);
  [[nodiscard]] bool has_failed() const;
  [[nodiscard]] bool has_tasks() const;

  ConversationPlan plan_;
  coro::Cancellation closing_;
  std::uint64_t moved_before_ = 0;
  bool is_closed_ = false;
  std::optional<Side> client_, server_;
};

}  // namespace strata::service
