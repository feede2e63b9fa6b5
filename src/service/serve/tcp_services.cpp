// SPDX-License-Identifier: Apache-2.0
#include "service/serve/tcp_services.h"

#include <fmt/format.h>

#include <utility>

#include "service/serve/byte_session.h"

namespace strata::service {

Outcome<std::unique_ptr<TcpServices>> TcpServices::open(Stack& stack, Executor& executor,
                                                        const std::vector<ServeOptions>& services) {
  std::unique_ptr<TcpServices> made(new TcpServices(stack, executor));
  for (const ServeOptions& options : services) {
    if (auto added = made->add(options); !added) return std::unexpected(std::move(added).error());
  }
  return made;
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
