// SPDX-License-Identifier: Apache-2.0
#include "service/connections/connection_walk.h"

#include <algorithm>
#include <utility>

#include "stack/core.h"

namespace strata::service {
namespace {

struct OrderName {
  std::string_view name;
  ConnectionOrder order;
};
constexpr std::array kOrders{
    OrderName{"local", ConnectionOrder::kLocal},
    OrderName{"remote", ConnectionOrder::kRemote},
    OrderName{"state", ConnectionOrder::kState},
    OrderName{"rtt", ConnectionOrder::kRtt},
    OrderName{"rate", ConnectionOrder::kRate},
    OrderName{"window", ConnectionOrder::kWindow},
    OrderName{"in_flight", ConnectionOrder::kInFlight},
    OrderName{"sent", ConnectionOrder::kSent},
    OrderName{"received", ConnectionOrder::kReceived},
    OrderName{"retransmitted", ConnectionOrder::kRetransmitted},
    OrderName{"receive_queue", ConnectionOrder::kReceiveQueue},
    OrderName{"send_queue", ConnectionOrder::kSendQueue},
    OrderName{"age", ConnectionOrder::kAge},
};

std::array<std::uint64_t, 3> key_of(const Endpoint& endpoint) {
  std::array<std::uint64_t, 3> key{0, 0, endpoint.port};
  const auto bytes = endpoint.address.bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    key[i / 8] = key[i / 8] << 8U | std::to_integer<std::uint64_t>(std::byte(bytes[i]));
  }
  return key;
}

std::uint64_t number_of(const TcpInfo& info, ConnectionOrder order) {
  switch (order) {
    case ConnectionOrder::kState: return static_cast<std::uint64_t>(info.state);
    case ConnectionOrder::kRtt: return static_cast<std::uint64_t>(info.smoothed_rtt.count());
    case ConnectionOrder::kRate: return info.delivery_rate;
    case ConnectionOrder::kWindow: return info.congestion_window;
    case ConnectionOrder::kInFlight: return info.in_flight;
    case ConnectionOrder::kSent: return info.bytes_sent;
    case ConnectionOrder::kReceived: return info.bytes_received;
    case ConnectionOrder::kRetransmitted: return info.bytes_retransmitted;
    case ConnectionOrder::kReceiveQueue: return info.receive_queue;
    case ConnectionOrder::kSendQueue: return std::uint64_t{info.unacknowledged} + info.not_sent;
    case ConnectionOrder::kAge: return static_cast<std::uint64_t>(info.age.count());
    default: return 0;
  }
}

std::array<std::uint64_t, 3> key_of(const TcpInfo& info, ConnectionOrder order) {
  if (order == ConnectionOrder::kLocal) return key_of(info.local);
  if (order == ConnectionOrder::kRemote) return key_of(info.remote);
  return {number_of(info, order), 0, 0};
}

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lowered;
}

bool matches(const TcpInfo& info, std::string_view filter) {
  return filter.empty() || to_text(info.local).view().contains(filter) ||
         to_text(info.remote).view().contains(filter) ||
         lower(to_text(info.state)).contains(filter);
}

}  // namespace

bool parse_connection_order(std::string_view text, ConnectionQuery& into) {
  into.is_descending = text.starts_with('-');
  if (into.is_descending) text.remove_prefix(1);
  const auto found = std::ranges::find(kOrders, text, &OrderName::name);
  if (found == kOrders.end()) return false;
  into.order = found->order;
  return true;
}

void ConnectionWalk::start(HostedStack& host, std::uint16_t core, const ConnectionQuery& query,
                           Done done) {
  const std::shared_ptr<ConnectionWalk> walk(
      new ConnectionWalk(host, core, query, std::move(done)));
  walk->query_.filter = lower(query.filter);
  const auto* const tcp = host.stack().core().tcp;
  walk->found_.rows = RowSelection(query.offset, query.limit, query.is_descending,
                                   tcp == nullptr ? 0 : tcp->connections());
  walk->go_on();
}

void ConnectionWalk::go_on() {
  if (look()) {
    host_.loop().post([self = shared_from_this()] { self->go_on(); });
    return;
  }
  std::exchange(done_, nullptr)(std::move(found_));
}

bool ConnectionWalk::is_page_complete() const {
  return query_.order == ConnectionOrder::kNone && query_.filter.empty() &&
         found_.matched == query_.offset + query_.limit;
}

void ConnectionWalk::count_rest(const tcp::Transport& tcp) {
  const std::size_t there = tcp.connections() - tcp.orphans();
  const std::size_t rest = there - std::min(there, seen_);
  found_.total += rest;
  found_.matched += rest;
}

// False: there are no more, or no more is wanted.
bool ConnectionWalk::look() {
  const auto* const tcp = host_.stack().core().tcp;
  if (tcp == nullptr) return false;
  for (std::size_t seen = 0; seen < kSliceConnections; ++seen) {
    if (is_page_complete()) {
      count_rest(*tcp);
      return false;
    }
    const Handle handle = tcp->handle_at(from_);
    if (!handle) return false;
    from_ = handle.index + 1;
    // Who has let go of a connection has no name for it any more.
    const auto info = tcp->info(handle, host_.loop().now());
    if (!info) continue;
    ++seen_;
    if (info->state != TcpState::kClosed) consider(handle, *info);
  }
  return true;
}

void ConnectionWalk::consider(Handle handle, const TcpInfo& info) {
  ++found_.total;
  if (!matches(info, query_.filter)) return;
  ++found_.matched;
  found_.rows.add({key_of(info, query_.order), {core_, handle}});
}

}  // namespace strata::service
