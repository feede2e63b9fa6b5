// SPDX-License-Identifier: Apache-2.0
#include "service/snapshot.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <iterator>
#include <string>
#include <utility>

#include "service/connections/connection_json.h"
#include "service/connections/socket_json.h"
#include "stack/core.h"
#include "stack/observe.h"

namespace strata::service {
namespace {

using Json = nlohmann::json;

template <typename Value>
std::string text_of(const Value& value) {
  return std::string(std::string_view(strata::to_text(value)));
}

std::string_view name_of(AddressState state) {
  switch (state) {
    case AddressState::kTentative: return "tentative";
    case AddressState::kPreferred: return "preferred";
    case AddressState::kDeprecated: return "deprecated";
    case AddressState::kDuplicate: return "duplicate";
  }
  return "unknown";
}

std::string_view name_of(NeighborState state) {
  switch (state) {
    case NeighborState::kIncomplete: return "incomplete";
    case NeighborState::kReachable: return "reachable";
    case NeighborState::kStale: return "stale";
    case NeighborState::kDelay: return "delay";
    case NeighborState::kProbe: return "probe";
    case NeighborState::kUnreachable: return "unreachable";
    case NeighborState::kPermanent: return "permanent";
  }
  return "unknown";
}

std::string_view name_of(RouteOrigin origin) {
  switch (origin) {
    case RouteOrigin::kStatic: return "static";
    case RouteOrigin::kConnected: return "connected";
    case RouteOrigin::kRouterAdvertisement: return "router-advertisement";
    case RouteOrigin::kRedirect: return "redirect";
    case RouteOrigin::kProtocol: return "protocol";
  }
  return "unknown";
}

// A list that a stranger may have filled is cut, and says so. What is not shown is not made.
class List {
 public:
  explicit List(const ListWindow& window) : window_(window) {}
  // Answers JSON.
  template <typename Make>
  void add(Make make) {
    const std::size_t number = count_++;
    if (number < window_.offset || number - window_.offset >= window_.limit) return;
    entries_.push_back(make());
  }
  // Of these nothing is known but how many they are.
  void skip(std::size_t count) { count_ += count; }
  // How many entries there are up to the window's end, of those that were not added yet.
  [[nodiscard]] std::size_t to_window_end() const {
    const std::size_t end = window_.offset + window_.limit;
    return end - std::min(end, count_);
  }
  void put(Json& into, const char* name) {
    if (count_ > entries_.size()) into[std::string(name) + "_total"] = count_;
    into[name] = std::move(entries_);
  }

 private:
  ListWindow window_;
  Json entries_ = Json::array();
  std::size_t count_ = 0;
};

std::string interface_name(const Stack& stack, InterfaceId wanted) {
  std::string name;
  stack.for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.id == wanted) name = entry.name.view();
  });
  return name;
}

Json json_of(const InterfaceEntry& entry) {
  Json json{{"id", entry.id},
            {"name", std::string(entry.name.view())},
            {"mtu", entry.mtu},
            {"ipv6_mtu", entry.ipv6_mtu},
            {"up", entry.is_up},
            {"received_packets", entry.received_packets},
            {"received_bytes", entry.received_bytes},
            {"sent_packets", entry.sent_packets},
            {"sent_bytes", entry.sent_bytes}};
  if (!entry.mac.is_unspecified()) json["mac"] = text_of(entry.mac);
  for (std::size_t i = 0; i < entry.vlan.count; ++i) {
    json["vlan"].push_back(entry.vlan.tags[i].id);
  }
  return json;
}

Json json_of(const RouteEntry& entry, const Stack& stack) {
  Json json{{"destination", text_of(entry.destination)},
            {"interface", interface_name(stack, entry.interface)},
            {"metric", entry.metric},
            {"origin", name_of(entry.origin)}};
  if (!entry.gateway.is_unspecified()) json["gateway"] = text_of(entry.gateway);
  return json;
}

Json json_of(const NeighborEntry& entry, const Stack& stack) {
  Json json{{"address", text_of(entry.address)},
            {"interface", interface_name(stack, entry.interface)},
            {"state", name_of(entry.state)},
            {"router", entry.is_router}};
  if (!entry.mac.is_unspecified()) json["mac"] = text_of(entry.mac);
  return json;
}

void put_interfaces(const Stack& stack, List list, Json& into) {
  stack.for_each_interface(
      [&](const InterfaceEntry& entry) { list.add([&] { return json_of(entry); }); });
  list.put(into, "interfaces");
}

void put_addresses(const Stack& stack, List list, Json& into) {
  stack.for_each_address([&](const AddressEntry& entry) {
    list.add([&] {
      return Json{{"address", text_of(entry.prefix)},
                  {"interface", interface_name(stack, entry.interface)},
                  {"state", name_of(entry.state)}};
    });
  });
  list.put(into, "addresses");
}

void put_routes(const Stack& stack, List list, Json& into) {
  stack.for_each_route(
      [&](const RouteEntry& entry) { list.add([&] { return json_of(entry, stack); }); });
  list.put(into, "routes");
}

void put_neighbors(const Stack& stack, Time now, List list, Json& into) {
  stack.for_each_neighbor(
      now, [&](const NeighborEntry& entry) { list.add([&] { return json_of(entry, stack); }); });
  list.put(into, "neighbors");
}

void put_dns_servers(const Stack& stack, List list, Json& into) {
  stack.for_each_dns_server([&](const IpAddress& server) {
    list.add([&] { return Json{{"address", text_of(server)}}; });
  });
  list.put(into, "dns_servers");
}

std::int64_t seconds_until(Time then, Time now) {
  if (then == kNever) return -1;
  return std::chrono::duration_cast<std::chrono::seconds>(then - now).count();
}

Json json_of(const DhcpService& service, const Stack& stack, Time now) {
  const dhcp::Client& client = service.client();
  Json json{{"interface", interface_name(stack, service.interface())},
            {"state", dhcp::to_text(client.state())},
            {"renewals", client.counters().renewals},
            {"naks", client.counters().naks},
            {"conflicts", client.counters().conflicts},
            {"ignored", client.counters().ignored}};
  const auto& lease = client.lease();
  if (!lease) return json;
  json["address"] = text_of(lease->address);
  json["server"] = text_of(lease->server);
  json["expires_seconds"] = seconds_until(lease->expires(), now);
  for (const IpAddress& server : lease->time_servers.span()) {
    json["time_servers"].push_back(text_of(server));
  }
  return json;
}

void put_leases(HostedStack& host, Time now, List list, Json& into) {
  if (host.leases().empty()) return;
  for (const auto& service : host.leases()) {
    list.add([&] { return json_of(*service, host.stack(), now); });
  }
  list.put(into, "leases");
}

void put_resolver(HostedStack& host, Json& into) {
  const dns::Stub& stub = host.resolver().stub();
  const dns::Counters& counters = stub.counters();
  Json json{{"servers", Json::array()},        {"cache_entries", stub.cache().size()},
            {"lookups", counters.lookups},     {"cache_hits", counters.cache_hits},
            {"queries", counters.queries},     {"streams", counters.streams},
            {"answers", counters.answers},     {"strangers", counters.strangers},
            {"malformed", counters.malformed}, {"timeouts", counters.timeouts}};
  const auto known = stub.servers();
  for (const Endpoint& server : host.resolver().current_servers()) {
    const auto found = std::ranges::find(known, server, &dns::Servers::Server::endpoint);
    const bool is_known = found != known.end();
    json["servers"].push_back({{"address", text_of(server.address)},
                               {"asked", is_known ? found->asked : 0},
                               {"answered", is_known ? found->answered : 0}});
  }
  into["resolver"] = std::move(json);
}

double seconds(Duration span) { return std::chrono::duration<double>(span).count(); }

// Of TCP's connections. What is due is told from now on; below zero it is overdue.
void put_timers(Stack& stack, Time now, Json& into) {
  const auto* const tcp = stack.core().tcp;
  if (tcp == nullptr) return;
  const TimerWheel& wheel = tcp->timers();
  const TimerCounters& counters = wheel.counters();
  Json json{{"pending", wheel.size()},
            {"fired", counters.fired},
            {"late", counters.late},
            {"latest_seconds", seconds(counters.latest)},
            {"refiled", counters.refiled}};
  const auto next = wheel.next_deadline();
  json["next_due_seconds"] = next ? Json(seconds(*next - now)) : Json();
  into["timers"] = std::move(json);
}

void add_tcp_sockets(const tcp::Transport& tcp, List& list) {
  const auto wanted = std::min<std::size_t>(list.to_window_end(), tcp.rows());
  const auto visit = [](void* into, const tcp::SocketRow& row) {
    static_cast<List*>(into)->add([&] { return socket_json(stack::entry_of(row)); });
  };
  tcp::RowPlace from;
  tcp.visit_rows(from, static_cast<std::uint32_t>(wanted), visit, &list);
  list.skip(tcp.rows() - wanted);
}

void put_sockets(Stack& stack, List list, Json& into) {
  if (stack.core().tcp != nullptr) add_tcp_sockets(*stack.core().tcp, list);
  stack::for_each_other_socket(stack.core(), [&](const SocketEntry& entry) {
    list.add([&] { return socket_json(entry); });
  });
  list.put(into, "sockets");
}

// What a program let go of knows of nothing that limits it. Behind the window's end they are
// counted without a look, those with it that have ended and wait for their program.
void put_connections(HostedStack& host, Time now, List list, Json& into) {
  const auto* const tcp = host.stack().core().tcp;
  if (tcp == nullptr) return;
  std::size_t left = tcp->connections() - tcp->orphans();
  for (Handle handle = tcp->handle_at(0); handle && list.to_window_end() != 0;
       handle = tcp->handle_at(handle.index + 1)) {
    const auto state = tcp->state(handle);
    if (!state) continue;
    --left;
    if (*state == TcpState::kClosed) continue;
    list.add([&] { return connection_json(*tcp, {0, handle}, now); });
  }
  list.skip(left);
  list.put(into, "connections");
}

Json counters_of(const StackCounters& counters) {
  return {{"ipv4_received", counters.ipv4_received},
          {"ipv4_delivered", counters.ipv4_delivered},
          {"ipv4_sent", counters.ipv4_sent},
          {"ipv4_forwarded", counters.ipv4_forwarded},
          {"ipv6_received", counters.ipv6_received},
          {"ipv6_delivered", counters.ipv6_delivered},
          {"ipv6_sent", counters.ipv6_sent},
          {"ipv6_forwarded", counters.ipv6_forwarded},
          {"fragments_received", counters.fragments_received},
          {"reassembled", counters.reassembled},
          {"fragments_sent", counters.fragments_sent},
          {"icmp_received", counters.icmp_received},
          {"icmp_sent", counters.icmp_sent},
          {"icmp_errors_sent", counters.icmp_errors_sent},
          {"echo_replies_sent", counters.echo_replies_sent},
          {"udp_received", counters.udp_received},
          {"udp_sent", counters.udp_sent},
          {"tcp_received", counters.tcp_received},
          {"tcp_sent", counters.tcp_sent},
          {"arp_received", counters.arp_received},
          {"arp_sent", counters.arp_sent},
          {"nd_received", counters.nd_received},
          {"nd_sent", counters.nd_sent},
          {"group_reports_sent", counters.group_reports_sent}};
}

void add_tcp_counters(const tcp::TransportCounters& counters, Json& into) {
  into["tcp_active_opens"] = counters.active_opens;
  into["tcp_passive_opens"] = counters.passive_opens;
  into["tcp_failed_opens"] = counters.failed_opens;
  into["tcp_established_resets"] = counters.established_resets;
  into["tcp_retransmitted"] = counters.segments_retransmitted;
  into["tcp_resets_sent"] = counters.resets_out;
  into["tcp_accept_overflows"] = counters.accept_overflows;
}

// How many there are of what TCP remembers.
Json tcp_of(const tcp::Transport& tcp) {
  return {{"connections", tcp.connections()},
          {"half_open", tcp.half_opens()},
          {"time_wait", tcp.time_waits()},
          {"orphans", tcp.orphans()}};
}

void put_counters(HostedStack& host, Json& into) {
  into["counters"] = counters_of(host.stack().counters());
  const auto* const tcp = host.stack().core().tcp;
  if (tcp == nullptr) return;
  add_tcp_counters(tcp->counters(), into["counters"]);
  into["tcp"] = tcp_of(*tcp);
}

Json drops_of(const Stack& stack) {
  Json drops = Json::array();
  for (std::size_t i = 1; i < kDropReasonCount; ++i) {
    const auto reason = static_cast<DropReason>(i);
    const std::uint64_t count = stack.drops(reason);
    if (count == 0) continue;
    drops.push_back(
        {{"reason", name_of(reason)}, {"count", count}, {"explanation", explanation_of(reason)}});
  }
  return drops;
}

}  // namespace

std::string_view to_text(SnapshotPart part) {
  static constexpr std::string_view kNames[] = {
      "interfaces", "addresses",   "routes",   "neighbors", "dns_servers", "leases", "resolver",
      "sockets",    "connections", "counters", "drops",     "memory",      "timers"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(SnapshotPart::kCount));
  return kNames[static_cast<std::size_t>(part)];
}

std::optional<SnapshotParts> SnapshotParts::parse(std::string_view names) {
  SnapshotParts parts;
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    bool is_known = false;
    for (unsigned i = 0; i < static_cast<unsigned>(SnapshotPart::kCount); ++i) {
      const auto part = static_cast<SnapshotPart>(i);
      if (to_text(part) != name) continue;
      parts.add(part);
      is_known = true;
    }
    if (!is_known) return std::nullopt;
  }
  return parts;
}

std::string_view SnapshotParts::only() const {
  if (!std::has_single_bit(bits_)) return {};
  return to_text(static_cast<SnapshotPart>(std::countr_zero(bits_)));
}

Json snapshot(HostedStack& host, SnapshotParts parts, const ListWindow& window) {
  Stack& stack = host.stack();
  const Time now = host.loop().now();
  const auto has = [&](SnapshotPart part) { return parts.has(part); };
  const List list(window);
  Json json{{"name", host.name()}, {"uptime_seconds", seconds(now - host.started())}};
  if (has(SnapshotPart::kInterfaces)) put_interfaces(stack, List(window.of_interfaces()), json);
  if (has(SnapshotPart::kAddresses)) put_addresses(stack, list, json);
  if (has(SnapshotPart::kRoutes)) put_routes(stack, list, json);
  if (has(SnapshotPart::kNeighbors)) put_neighbors(stack, now, list, json);
  if (has(SnapshotPart::kDnsServers)) put_dns_servers(stack, list, json);
  if (has(SnapshotPart::kLeases)) put_leases(host, now, list, json);
  if (has(SnapshotPart::kResolver)) put_resolver(host, json);
  if (has(SnapshotPart::kSockets)) put_sockets(stack, list, json);
  if (has(SnapshotPart::kConnections)) put_connections(host, now, list, json);
  if (has(SnapshotPart::kCounters)) put_counters(host, json);
  if (has(SnapshotPart::kDrops)) json["drops"] = drops_of(stack);
  if (has(SnapshotPart::kMemory)) {
    const PacketPool& pool = stack.pool();
    json["memory"] = {{"bytes", host.memory().bytes_used()},
                      {"pool_bytes", pool.bytes_reserved()},
                      {"small_buffers", pool.small_count()},
                      {"small_buffers_free", pool.small_free()},
                      {"large_buffers_free", pool.large_free()}};
  }
  if (has(SnapshotPart::kTimers)) put_timers(stack, now, json);
  return json;
}

}  // namespace strata::service
