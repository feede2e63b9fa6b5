// SPDX-License-Identifier: Apache-2.0
// Conversation: a TCP [[traffic]] of a lab between two programs that check what they get.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/explore/program.h"
#include "service/lab/lab.h"
#include "strata/tcp_listener.h"

namespace strata::service {

struct ConversationEnds {
  sim::Host& from;
  sim::Host& to;
  IpAddress address;  // of `to`
  std::uint16_t port = 0;
};

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

class Conversation {
 public:
  Conversation(const ConversationEnds& ends, const ConversationPlan& plan);
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  void listen();
  void connect();
  // The programs on this host are gone, with all they held.
  void lose(const sim::Host& host);
  void stop_listening();

  [[nodiscard]] const ConversationPlan& plan() const { return plan_; }
  [[nodiscard]] const ConversationEnds& ends() const { return ends_; }
  [[nodiscard]] bool is_over() const;
  // Of both programs, those that a crash took included.
  [[nodiscard]] std::uint64_t bytes_moved() const;
  [[nodiscard]] const std::optional<Program>& client() const { return client_; }
  [[nodiscard]] const std::optional<Program>& server() const { return server_; }
  [[nodiscard]] std::optional<Error> refused() const { return refused_; }
  [[nodiscard]] std::string state() const;

 private:
  void accept();
  [[nodiscard]] Time now() const { return ends_.to.executor().now(); }

  ConversationEnds ends_;
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
