// SPDX-License-Identifier: Apache-2.0
// DnsForwarder: answers on port 53 of a loopback address what the stack's own servers say.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "service/names/dns_resolver.h"
#include "strata/tcp_listener.h"

// Hosts with a resolver of their own name 127.0.0.53 or 127.0.0.11 in /etc/resolv.conf. Nobody
// listens there on a stack of its own, so programs that read that file would find no name.
//
// 1. Messages are passed on as they are, each from a port of its own; an answer must have the
//    question's number. A question that is asked again goes to the next server.
// 2. Without a server, and when one cannot be reached, the answer is SERVFAIL, at once.
// 3. At most kExchangesMax questions and kStreamsMax streams are open, the oldest gives way; each
//    has kPatience.
// 4. A program that wants the port for itself gets it: close().

namespace strata::service {

class DnsForwarder {
 public:
  static constexpr std::size_t kExchangesMax = 256;
  static constexpr std::size_t kStreamsMax = 32;
  static constexpr Duration kPatience = std::chrono::seconds(10);

  DnsForwarder(Stack& stack, Executor& executor, const DnsResolver& resolver);
  ~DnsForwarder();
  DnsForwarder(const DnsForwarder&) = delete;
  DnsForwarder& operator=(const DnsForwarder&) = delete;

  // Listens on this address, which is one of the stack's own.
  Result<void> open(const IpAddress& address);
  // Gives all ports back. True: there were some.
  bool close();
  [[nodiscard]] std::size_t exchanges() const { return exchanges_.size(); }

 private:
  struct Door;
  struct Exchange;
  struct Relay;

  void take_questions(Door& door);
  void ask(Door& door, const Endpoint& client, Bytes question);
  void take_answer(const std::shared_ptr<Exchange>& exchange);
  void refuse(Door& door, const Endpoint& client, Bytes question);
  void accept(Door& door);
  void turn(const std::shared_ptr<Relay>& relay);
  void end_later();
  void end_what_is_over();

  Stack& stack_;
  Executor& executor_;
  const DnsResolver& resolver_;
  std::vector<std::byte> buffer_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::deque<std::shared_ptr<Exchange>> exchanges_;  // the oldest first
  std::deque<std::shared_ptr<Relay>> relays_;
  std::optional<TimerId> timer_;
};

}  // namespace strata::service
