// SPDX-License-Identifier: Apache-2.0
// HttpServer: listens on a stack's own addresses, and holds the connections of one core.
//
//   TcpListener ──> asio::tcp::acceptor ──> socket ──> Transport ──> HttpConnection ──> HttpSite
//
// 1. A connection asks to be removed from inside its own callback, so it is removed in a later
//    turn.
// 2. At most kConnectionsMax at a time, and kAnswerBytesMax for answers that wait for their peers:
//    further connections wait in the listener's queue, further answers become 503.
// 3. What a session of TLS keeps is not known to the byte: kTlsSessionBytes are counted for each,
//    and at kTlsBytesMax those that want another one wait in the listener's queue. One address
//    has kTlsSessionsPerAddress at most, and is refused beyond that.
// 4. An address shakes hands kHandshakesPerAddress times at once, and is refused beyond that: a
//    handshake costs more than all that it takes to begin one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "service/failure.h"
#include "service/hosted_stack.h"
#include "service/web/http/address_seats.h"
#include "service/web/http/http_connection.h"

namespace strata::service {

class TlsIdentity;

// A certificate chain and its key, both PEM. The failure says which file is wrong, and how.
[[nodiscard]] Outcome<std::shared_ptr<TlsIdentity>> load_tls_identity(
    const std::string& certificate, const std::string& key);

class HttpServer final : public HttpOwner {
 public:
  static constexpr std::size_t kConnectionsMax = 8192;
  static constexpr std::size_t kAnswerBytesMax = std::size_t{64} << 20U;
  static constexpr std::size_t kTlsSessionBytes = std::size_t{128} << 10U;
  static constexpr std::size_t kTlsBytesMax = std::size_t{128} << 20U;
  static constexpr std::size_t kTlsSessionsMax = kTlsBytesMax / kTlsSessionBytes;
  static constexpr std::size_t kTlsSessionsPerAddress = kTlsSessionsMax / 4;
  static constexpr std::size_t kHandshakesPerAddress = 64;

  explicit HttpServer(HostedStack& host);
  // Of any executor, of virtual time as well; without TLS, whose Asio has timers of the machine.
  HttpServer(Stack& stack, Executor& executor);
  ~HttpServer() override;
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // With an identity all that is said there is encrypted.
  [[nodiscard]] Outcome<void> listen(std::uint16_t port, std::shared_ptr<HttpSite> site,
                                     std::shared_ptr<TlsIdentity> identity = nullptr);
  // Connections go on, and keep their site.
  void close(std::uint16_t port);
  // For connections from now on, to a port that has one.
  void set_identity(std::uint16_t port, std::shared_ptr<TlsIdentity> identity);
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }
  // They outlive the server.
  void report_to(HttpTroubles& troubles) { troubles_ = &troubles; }

  // HttpOwner
  [[nodiscard]] Executor& executor() override { return executor_; }
  void on_connection_over(HttpConnection& connection) override;
  [[nodiscard]] MutableBytes scratch() override { return scratch_; }
  [[nodiscard]] bool may_hold(std::size_t bytes) override;
  void let_go(std::size_t bytes) override { answer_bytes_ -= bytes; }
  void on_trouble(HttpTrouble trouble, const Endpoint& peer) override;

 private:
  struct Ear;
  struct Ears;
  struct Held {
    std::shared_ptr<HttpSite> site;  // goes after who asks it
    std::shared_ptr<HttpConnection> connection;
    std::shared_ptr<void> tls_seat;
  };

  HttpServer(Stack& stack, Executor& executor, std::unique_ptr<Ears> ears);
  void accept(const std::shared_ptr<Ear>& ear);
  void wait_for_more(const std::shared_ptr<Ear>& ear);
  [[nodiscard]] bool is_full(const Ear& ear) const;
  [[nodiscard]] std::shared_ptr<Ear> find(std::uint16_t port) const;

  Stack& stack_;
  Executor& executor_;
  HttpTroubles* troubles_ = nullptr;
  std::vector<std::byte> scratch_;
  std::size_t answer_bytes_ = 0;
  AddressSeats tls_seats_{kTlsSessionsMax, kTlsSessionsPerAddress};
  AddressSeats handshakes_{kTlsSessionsMax, kHandshakesPerAddress};
  std::unique_ptr<Ears> ears_;
  std::unordered_map<const HttpConnection*, Held> connections_;
  std::shared_ptr<HttpServer*> alive_;  // empties when the server ends, for posted tasks
};

}  // namespace strata::service
