// SPDX-License-Identifier: Apache-2.0
#include "service/serve/tcp_services.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "service/serve/byte_session.h"
#include "service/serve/server_list.h"

namespace strata::service {

Outcome<std::unique_ptr<TcpServices>> TcpServices::open(Stack& stack, Executor& executor,
                                                        const std::vector<ServeOptions>& services) {
  std::unique_ptr<TcpServices> made(new TcpServices(stack, executor));
  if (auto opened = made->open_missing(services); !opened) {
    return std::unexpected(std::move(opened).error());
  }
  return made;
}

void TcpServices::close_all_but(const std::vector<ServeOptions>& services) {
  erase_all_but(servers_, services);
}

Outcome<void> TcpServices::open_missing(const std::vector<ServeOptions>& services) {
  return add_missing(servers_, services,
                     [this](const ServeOptions& options) { return add(options); });
}

Outcome<void> TcpServices::add(const ServeOptions& options) {
  if (options.service == Service::kHttp) return {};  // service/web
  auto listener = TcpListener::listen(
      stack_, {IpAddress::any_v6(), options.port},
      {.backlog = kBacklog, .options = {.fast_open = true, .reuse_address = true}});
  if (!listener) {
    return failed(fmt::format("cannot serve {} on TCP port {}: {}", to_text(options.service),
                              options.port, strata::to_text(listener.error())));
  }
  servers_.push_back(std::make_unique<Server>(options, std::move(*listener)));
  Server& server = *servers_.back();
  (void)server.listener.on_ready([this, &server](Readiness) { accept(server); });
  return {};
}

void TcpServices::accept(Server& server) {
  while (sessions_.size() < kSessionsMax) {
    auto stream = server.listener.accept(executor_.now());
    if (!stream) return;
    auto session = std::make_unique<ByteSession>(*this, std::move(*stream), server.options.service);
    Session& started = *session;
    sessions_.emplace(&started, std::move(session));
    started.start();
  }
}

void TcpServices::on_session_over(Session& session) {
  executor_.post([this, life = std::weak_ptr(life_), ended = &session] {
    if (life.expired()) return;
    const bool was_full = sessions_.size() == kSessionsMax;
    sessions_.erase(ended);
    if (!was_full) return;
    for (const auto& server : servers_) accept(*server);
  });
}

}  // namespace strata::service
