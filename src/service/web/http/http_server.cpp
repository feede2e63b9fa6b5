// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/http_server.h"

#include <fmt/format.h>

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
  Ear(asio::context& context, HttpSite& whose, std::shared_ptr<TlsIdentity> as)
      : acceptor(context), site(whose), identity(std::move(as)) {}
  asio::tcp::acceptor acceptor;
  HttpSite& site;
  std::shared_ptr<TlsIdentity> identity;
  bool is_waiting = false;
};

struct HttpServer::Ears {
  template <typename Runner>
  Ears(Stack& stack, Runner& runner) : context(stack, runner) {}
  asio::context context;
  std::vector<std::unique_ptr<Ear>> all;
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

Outcome<void> HttpServer::listen(std::uint16_t port, HttpSite& site,
                                 std::shared_ptr<TlsIdentity> identity) {
  auto listener = TcpListener::listen(
      stack_, {IpAddress::any_v6(), port},
      {.backlog = kBacklog, .options = {.fast_open = true, .reuse_address = true}});
  if (!listener) {
    return failed(fmt::format("cannot serve http on TCP port {}: {}", port,
                              strata::to_text(listener.error())));
  }
  Ear& ear =
      *ears_->all.emplace_back(std::make_unique<Ear>(ears_->context, site, std::move(identity)));
  ear.acceptor.assign(*std::move(listener));
  wait_for_more(ear);
  return {};
}

void HttpServer::wait_for_more(Ear& ear) {
  if (std::exchange(ear.is_waiting, true)) return;
  ear.acceptor.async_wait(asio::net::socket_base::wait_read,
                          [this, &ear, alive = alive_](const asio::error_code& error) {
                            if (*alive == nullptr) return;
                            ear.is_waiting = false;
                            if (!error) accept(ear);
                          });
}

void HttpServer::accept(Ear& ear) {
  while (connections_.size() < kConnectionsMax) {
    asio::error_code error;
    asio::tcp::socket socket = ear.acceptor.accept(error);
    if (error) return wait_for_more(ear);
    std::unique_ptr<Transport> transport;
    if (ear.identity != nullptr) {
      transport = make_tls_transport(std::move(socket), *ear.identity);
    } else {
      transport = std::make_unique<PlainTransport>(std::move(socket));
    }
    auto connection = std::make_shared<HttpConnection>(*this, ear.site, std::move(transport),
                                                       ear.identity != nullptr);
    HttpConnection& started = *connection;
    connections_.emplace(&started, std::move(connection));
    if (connections_.size() == kConnectionsMax) {
      on_trouble(HttpTrouble::kConnections, started.peer().remote);
    }
    started.start();
  }
}

void HttpServer::on_trouble(HttpTrouble trouble, const Endpoint& peer) {
  if (troubles_ != nullptr) troubles_->add(trouble, peer);
}

void HttpServer::on_connection_over(HttpConnection& connection) {
  executor_.post([this, alive = alive_, ended = &connection] {
    if (*alive == nullptr) return;
    const bool was_full = connections_.size() == kConnectionsMax;
    connections_.erase(ended);
    if (!was_full) return;
    for (const auto& ear : ears_->all) accept(*ear);
  });
}

bool HttpServer::may_hold(std::size_t bytes) {
  if (answer_bytes_ + bytes > kAnswerBytesMax) return false;
  answer_bytes_ += bytes;
  return true;
}

}  // namespace strata::service
