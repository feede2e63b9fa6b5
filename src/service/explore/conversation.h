// SPDX-License-Identifier: Apache-2.0
// Conversation: a TCP [[traffic]] of a lab between two programs that check what they get.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "service/explore/program.h"
#include "service/explore/watched_flow.h"
#include "service/lab/lab.h"
#include "strata/tcp_listener.h"

namespace strata::service {

struct ConversationPlan {
  std::string name;
  Time start{};
  ProgramPlan client, server;
  Duration accept_late{};
  TcpSocketOptions client_socket{};
};

[[nodiscard]] constexpr bool is_conversation(const LabTraffic& traffic) {
  return traffic.kind == LabTraffic::Kind::kBulk || traffic.kind == LabTraffic::Kind::kRequest;
}

// `number` is another one for each flow of a lab.
[[nodiscard]] ConversationPlan plan_conversation(const LabTraffic& traffic, const Trial& trial,
                                                 std::uint64_t number);

class Conversation final : public WatchedFlow {
 public:
  Conversation(const WatchedEnds& ends, const ConversationPlan& plan);
  ~Conversation() override;

  void listen() override;
  void lose(const sim::Host& host) override;
  void stop_listening() override;
  void close() override {}  // programs do so themselves
  [[nodiscard]] bool is_over() const override;
  [[nodiscard]] std::uint64_t bytes_moved() const override;
  [[nodiscard]] std::string state() const override;
  [[nodiscard]] std::optional<Trouble> trouble(const Excuses& excuses) const override;

 private:
  void connect();
  void accept();
  [[nodiscard]] bool has_missed_bytes() const;
  [[nodiscard]] bool has_failed() const;
  [[nodiscard]] Time now() const { return ends_.to.executor().now(); }

  ConversationPlan plan_;
  std::optional<TcpListener> listener_;
  std::optional<Program> client_, server_;
  std::optional<Error> refused_;  // connect() or listen() failed at once
  TimerId start_timer_{}, accept_timer_{};
  bool is_waiting_ = false;  // to accept
  bool is_started_ = false;
  std::uint64_t moved_before_ = 0;
};

}  // namespace strata::service
