// SPDX-License-Identifier: Apache-2.0
// Asker and Answerer: requests of one size and answers of another, over connections of TCP.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <utility>

#include "service/lab/flow.h"
#include "strata/tcp_listener.h"

namespace strata::service {

// What is asked and answered. Both ends know the sizes: nothing but 's' is on the wire.
struct AskPlan {
  std::uint64_t size = 1;    // of a request
  std::uint64_t answer = 1;  // to it
  std::uint32_t writes = 1;  // parts in which a request is written
  std::uint64_t times = 0;   // 0: without end
  Duration pause{};          // after an answer
};

// Listens on a host and answers, on any number of connections.
class Answerer {
 public:
  Answerer(sim::Host& host, const Endpoint& local, const AskPlan& plan);

  // Fails when the port is taken.
  [[nodiscard]] Result<void> listen();
  // The stack of the host is about to go.
  void forget();
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  struct Session {
    explicit Session(TcpStream accepted) : stream(std::move(accepted)) {}
    TcpStream stream;
    std::uint64_t asked = 0;      // bytes of the request that is coming
    std::uint64_t to_answer = 0;  // bytes still to be written
    bool is_over = false;
  };
  void accept();
  void serve(Session& session, Readiness news);
  void end(Session& session);

  sim::Host& host_;
  Endpoint local_;
  AskPlan plan_;
  std::optional<TcpListener> listener_;
  std::list<Session> sessions_;  // callbacks know where they are
  std::uint64_t bytes_ = 0;
  bool is_sweeping_ = false;
};

// One connection that asks, waits for the answer, and asks again.
class Asker {
 public:
  // Told from callbacks of the stream: the asker stays until later.
  class Owner {
   public:
    virtual void on_answer(Asker& asker, Duration took) = 0;
    // All was asked, and `why` is nothing; or the connection has failed.
    virtual void on_over(Asker& asker, std::optional<Error> why) = 0;

   protected:
    ~Owner() = default;
  };

  Asker(sim::Host& host, const AskPlan& plan, Owner& owner);

  // Anew, too: of an asker that is over. Not from inside its callbacks.
  [[nodiscard]] Result<void> start(const Endpoint& remote, const TcpSocketOptions& options);
  void close();
  // The stack of the host is about to go.
  void forget();

  [[nodiscard]] bool is_over() const { return is_over_; }
  [[nodiscard]] std::uint64_t asked() const { return asked_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::optional<TcpInfo> info() const;
  // Of connections that are over.
  [[nodiscard]] const FlowCounts& former() const { return former_; }

 private:
  void on_ready(Readiness news);
  void ask();
  void push();
  void drain();
  void end(std::optional<Error> why);
  [[nodiscard]] Time now() const { return host_.executor().now(); }

  sim::Host& host_;
  AskPlan plan_;
  Owner& owner_;
  std::optional<TcpStream> stream_;
  FlowCounts former_;
  std::uint64_t connection_ = 0;  // how many there were: timers of former ones do nothing
  std::uint64_t asked_ = 0, asked_here_ = 0, bytes_ = 0;
  std::uint64_t to_ask_ = 0;    // bytes of the request still to be written
  std::uint64_t answered_ = 0;  // bytes of the answer so far
  Time asked_at_{};
  bool is_asking_ = false, is_over_ = true;
};

}  // namespace strata::service
