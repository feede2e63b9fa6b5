// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/http_troubles.h"

#include <fmt/format.h>

namespace strata::service {
namespace {

std::string_view explanation_of(HttpTrouble trouble) {
  switch (trouble) {
    case HttpTrouble::kMalformed: return "sent what is no request of HTTP, and was refused";
    case HttpTrouble::kSlow: return "was too slow with a request, and was given up";
    case HttpTrouble::kTls: return "and we found no TLS to speak, or lost it";
    case HttpTrouble::kHandshakes:
      return "has as many sessions of TLS as one address may, or begins more than it ends: one was "
             "refused";
    case HttpTrouble::kConnections:
      return "is the last who fits: others wait for connections to end";
    case HttpTrouble::kMemory: return "was sent away, for too much waits for slow clients";
    case HttpTrouble::kStranger: return "asked as another page or name, or without the token";
    case HttpTrouble::kCount: break;
  }
  return {};
}

}  // namespace

std::string_view name_of(HttpTrouble trouble) {
  switch (trouble) {
    case HttpTrouble::kMalformed: return "malformed";
    case HttpTrouble::kSlow: return "slow";
    case HttpTrouble::kTls: return "tls";
    case HttpTrouble::kHandshakes: return "handshakes";
    case HttpTrouble::kConnections: return "connections";
    case HttpTrouble::kMemory: return "memory";
    case HttpTrouble::kStranger: return "stranger";
    case HttpTrouble::kCount: break;
  }
  return {};
}

void HttpTroubles::add(HttpTrouble trouble, const Endpoint& peer) {
  auto& count = counts_[static_cast<std::size_t>(trouble)];
  const bool is_first = count.fetch_add(1, std::memory_order_relaxed) == 0;
  if (!is_first || !tell_) return;
  tell_({fmt::format("web: {} {}", to_text(peer.address).view(), explanation_of(trouble)),
         fmt::format(
             "others of this kind are counted only: strata_http_troubles_total{{kind=\"{}\"}} "
             "of /metrics",
             name_of(trouble))});
}

std::string HttpTroubles::metrics() const {
  std::string text =
      "# HELP strata_http_troubles_total Web clients that could not be served, by kind.\n"
      "# TYPE strata_http_troubles_total counter\n";
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const auto kind = static_cast<HttpTrouble>(i);
    text +=
        fmt::format("strata_http_troubles_total{{kind=\"{}\"}} {}\n", name_of(kind), count(kind));
  }
  return text;
}

}  // namespace strata::service
