// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/http_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "service/web/http/plain_transport.h"
#include "service/web/http/tls_transport.h"
#include "strata/tcp_listener.h"

namespace strata::service {
namespace {

constexpr std::uint32_t kBacklog = 4096;
constexpr std::size_t kScratchBytes = 256U << 10U;

}  // namespace

struct HttpServer::Ear {
  Ear(asio::context& context, std::uint16_t where, std::shared_ptr<HttpSite> whose,
      std::shared_ptr<TlsIdentity> as)
      : acceptor(context), port(where), site(std::move(whose)), identity(std::move(as)) {}
  asio::tcp::acceptor acceptor;
  std::uint16_t port;
  std::shared_ptr<HttpSite> site;
  std::shared_ptr<TlsIdentity> identity;
  bool is_waiting = false;
};

struct HttpServer::Ears {
  template <typename Runner>
  Ears(Stack& stack, Runner& runner) : context(stack, runner) {}
  asio::context context;
  std::vector<std::shared_ptr<Ear>> all;
};

HttpServer::HttpServer(HostedStack& host)
    : HttpServer(host.stack(), host.loop(), std::make_unique<Ears>(host.stack(), host.loop())) {}

HttpServer::HttpServer(Stack& stack, Executor& executor)
    : HttpServer(stack, executor, std::make_unique<Ears>(stack, executor)) {}

HttpServer::HttpServer(Stack& stack, Executor& executor, std::unique_ptr<Ears> ears)
    : stack_(stack),
      executor_(executor),
      scratch_(kScratchBytes),
      ears_(std::move(ears)),
      alive_(std::make_shared<HttpServer*>(this)) {}

HttpServer::~HttpServer() {
  *alive_ = nullptr;
  connections_.clear();
}

Outcome<void> HttpServer::listen(std::uint16_t port, std::shared_ptr<HttpSite> site,
                                 std::shared_ptr<TlsIdentity> identity) {
  auto listener = TcpListener::listen(
      stack_, {IpAddress::any_v6(), port},
      {.backlog = kBacklog, .options = {.fast_open = true, .reuse_address = true}});
  if (!listener) {
    return failed(fmt::format("cannot serve http on TCP port {}: {}", port,
                              strata::to_text(listener.error())));
  }
  const auto ear = ears_->all.emplace_back(
      std::make_shared<Ear>(ears_->context, port, std::move(site), std::move(identity)));
  ear->acceptor.assign(*std::move(listener));
  wait_for_more(ear);
  return {};
}

std::shared_ptr<HttpServer::Ear> HttpServer::find(std::uint16_t port) const {
  const auto found = std::ranges::find_if(
      ears_->all, [port](const std::shared_ptr<Ear>& ear) { return ear->port == port; });
  return found == ears_->all.end() ? nullptr : *found;
}

void HttpServer::close(std::uint16_t port) { std::erase(ears_->all, find(port)); }

void HttpServer::set_identity(std::uint16_t port, std::shared_ptr<TlsIdentity> identity) {
  if (const auto ear = find(port)) ear->identity = std::move(identity);
}

void HttpServer::wait_for_more(const std::shared_ptr<Ear>& ear) {
  if (std::exchange(ear->is_waiting, true)) return;
  // With the server its ears have gone.
  ear->acceptor.async_wait(asio::net::socket_base::wait_read,
                           [this, known = std::weak_ptr(ear)](const asio::error_code& error) {
                             const auto still = known.lock();
                             if (still == nullptr) return;
                             still->is_waiting = false;
                             if (!error) accept(still);
                           });
}

bool HttpServer::is_full(const Ear& ear) const {
  return connections_.size() >= kConnectionsMax ||
         (ear.identity != nullptr && tls_seats_.taken() >= kTlsSessionsMax);
}

void HttpServer::accept(const std::shared_ptr<Ear>& ear) {
  while (!is_full(*ear)) {
    asio::error_code error;
    asio::tcp::socket socket = ear->acceptor.accept(error);
    if (error) return wait_for_more(ear);
    const bool is_encrypted = ear->identity != nullptr;
    std::unique_ptr<Transport> transport;
    std::shared_ptr<void> tls_seat;
    if (is_encrypted) {
      const Endpoint peer = socket.native()->remote().value_or(Endpoint{});
      tls_seat = tls_seats_.try_take(peer.address);
      auto handshake = handshakes_.try_take(peer.address);
      if (tls_seat == nullptr || handshake == nullptr) {
        on_trouble(HttpTrouble::kHandshakes, peer);
        continue;
      }
      transport = make_tls_transport(std::move(socket), *ear->identity, std::move(handshake));
    } else {
      transport = std::make_unique<PlainTransport>(std::move(socket));
    }
    auto connection =
        std::make_shared<HttpConnection>(*this, *ear->site, std::move(transport), is_encrypted);
    HttpConnection& started = *connection;
    connections_.emplace(&started, Held{ear->site, std::move(connection), std::move(tls_seat)});
    if (is_full(*ear)) on_trouble(HttpTrouble::kConnections, started.peer().remote);
    started.start();
  }
}

void HttpServer::on_trouble(HttpTrouble trouble, const Endpoint& peer) {
  if (troubles_ != nullptr) troubles_->add(trouble, peer);
}

void HttpServer::on_connection_over(HttpConnection& connection) {
  executor_.post([this, alive = alive_, ended = &connection] {
    if (*alive == nullptr) return;
    const bool was_full =
        connections_.size() == kConnectionsMax || tls_seats_.taken() == kTlsSessionsMax;
    connections_.erase(ended);
    if (!was_full) return;
    for (const auto& ear : ears_->all) accept(ear);
  });
}

bool HttpServer::may_hold(std::size_t bytes) {
  if (answer_bytes_ + bytes > kAnswerBytesMax) return false;
  answer_bytes_ += bytes;
  return true;
}

}  // namespace strata::service
