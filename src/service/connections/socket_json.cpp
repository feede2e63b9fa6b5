// SPDX-License-Identifier: Apache-2.0
#include "service/connections/socket_json.h"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace strata::service {
namespace {

std::string_view name_of(SocketEntry::Kind kind) {
  switch (kind) {
    case SocketEntry::Kind::kUdp: return "udp";
    case SocketEntry::Kind::kIcmp: return "icmp";
    case SocketEntry::Kind::kRaw: return "raw";
    case SocketEntry::Kind::kPacket: return "packet";
    case SocketEntry::Kind::kTcp: return "tcp";
  }
  return "unknown";
}

}  // namespace

nlohmann::json socket_json(const SocketEntry& entry) {
  nlohmann::json json{{"kind", name_of(entry.kind)},
                      {"local", std::string(to_text(entry.local).view())}};
  if (entry.kind == SocketEntry::Kind::kTcp) {
    json["state"] = to_text(entry.state);
    json["receive_queue"] = entry.queued_packets;
    json["send_queue"] = entry.send_queue;
  } else {
    json["queued_packets"] = entry.queued_packets;
    json["dropped"] = entry.dropped;
  }
  if (!entry.remote.address.is_unspecified()) {
    json["remote"] = std::string(to_text(entry.remote).view());
  }
  return json;
}

}  // namespace strata::service
