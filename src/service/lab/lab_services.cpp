// SPDX-License-Identifier: Apache-2.0
#include "service/lab/lab_services.h"

#include <fmt/format.h>

#include <utility>

namespace strata::service {

Outcome<void> LabServices::open(const LabFile& lab, const std::vector<sim::Host*>& hosts) {
  for (std::size_t node = 0; node < hosts.size(); ++node) {
    if (hosts[node] == nullptr || lab.nodes[node].serves.empty()) continue;
    servers_.push_back({.host = *hosts[node], .wanted = lab.nodes[node].serves});
    if (auto started = start(servers_.back()); !started) {
      return failed(fmt::format("{}: {}", lab.nodes[node].name, started.error().text),
                    started.error().hint);
    }
  }
  return {};
}

Outcome<void> LabServices::start(Server& server) {
  Stack& stack = server.host.stack();
  Executor& executor = server.host.executor();
  auto udp = UdpServices::open(stack, executor, server.wanted);
  if (!udp) return std::unexpected(std::move(udp).error());
  auto tcp = TcpServices::open(stack, executor, server.wanted);
  if (!tcp) return std::unexpected(std::move(tcp).error());
  auto files = FileServices::open(stack, executor, server.wanted);
  if (!files) return std::unexpected(std::move(files).error());
  server.udp = *std::move(udp);
  server.tcp = *std::move(tcp);
  server.files = *std::move(files);
  return {};
}

void LabServices::on_crash(const sim::Host& host) {
  for (Server& server : servers_) {
    if (&server.host != &host) continue;
    server.udp.reset();
    server.tcp.reset();
    server.files.reset();
  }
}

void LabServices::on_restart(const sim::Host& host) {
  for (Server& server : servers_) {
    // What the first stack could be told, this one can.
    if (&server.host == &host) static_cast<void>(start(server));
  }
}

}  // namespace strata::service
