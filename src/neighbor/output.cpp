// SPDX-License-Identifier: Apache-2.0
// What a neighbour cache owes, formed when the stack asks for it.
#include <utility>

#include "neighbor/cache.h"

namespace strata::neighbor {
namespace {

std::optional<IpAddress> take_last(Vector<IpAddress>& addresses) {
  if (addresses.empty()) return std::nullopt;
  const IpAddress last = addresses.back();
  addresses.pop_back();
  if (addresses.empty()) addresses.release();
  return last;
}

}  // namespace

std::optional<Output> Cache::next_output(Time now) {
  if (auto output = next_packet()) return output;
  if (const auto lost = take_last(routers_lost_)) return RouterLost{*lost};
  if (const auto heard = take_last(routers_heard_)) {
    return RouterHeard{*heard, is_probably_reachable(*heard)};
  }
  if (!is_link_up_) return std::nullopt;
  if (auto output = own_.next_output(now, mac_, timing_[1].retransmit_timer)) return output;
  if (auto output = next_solicitation(now)) return output;
  return next_proxy_reply(now);
}

std::optional<Output> Cache::next_packet() {
  if (auto undeliverable = parking_.next_undeliverable()) {
    ++counters_.packets_undeliverable;
    return std::move(*undeliverable);
  }
  while (Entry* const entry = releasing_.front()) {
    if (PacketPtr packet = parking_.unpark(*entry)) {
      ++counters_.packets_released;
      return Release{std::move(packet), entry->mac, entry->address};
    }
    releasing_.pop_front();
  }
  return std::nullopt;
}

std::optional<Output> Cache::next_solicitation(Time now) {
  while (Entry* const entry = soliciting_.front()) {
    const IpAddress* const source = own_.source_for(entry->address, entry->source_hint);
    if (source != nullptr && !budget_.try_take(now)) return std::nullopt;
    soliciting_.pop_front();
    ++entry->solicitations;
    const std::uint8_t backoff = backoff_of(*entry);
    deadlines_.schedule(*entry, DeadlineLists::retransmit_list(entry->is_v4(), backoff),
                        now + wait_for(timing_of(*entry), backoff));
    // RFC 4861 7.2.2: a question needs an address of ours to be answered to. Without one, time
    // passes as if nobody had answered.
    if (source == nullptr) continue;
    ++counters_.solicitations_sent;
    return solicitation_for(*entry, *source);
  }
  return std::nullopt;
}

Output Cache::solicitation_for(const Entry& entry, const IpAddress& source) const {
  const bool is_probe = entry.state == State::kProbe;
  if (entry.is_v4()) {
    return SendArp{{.operation = wire::ArpOperation::kRequest,
                    .sender_mac = mac_,
                    .sender_ip = source,
                    .target_mac = {},
                    .target_ip = entry.address},
                   is_probe ? entry.mac : MacAddress::broadcast()};
  }
  const IpAddress destination = is_probe ? entry.address : entry.address.solicited_node_group();
  return SendSolicitation{entry.address, destination, source,
                          is_probe ? entry.mac : MacAddress::for_multicast(destination),
                          std::nullopt};
}

std::optional<Output> Cache::next_proxy_reply(Time now) {
  while (auto reply = proxies_.next_reply(now)) {
    const IpAddress* const source = own_.source_for(reply->destination, {});
    if (source == nullptr) continue;
    reply->source = *source;
    const Entry* const asker = table_.find(reply->destination);
    if (!reply->destination_mac && asker != nullptr && asker->has_mac()) {
      reply->destination_mac = asker->mac;
    }
    return *reply;
  }
  return std::nullopt;
}

std::optional<Time> Cache::next_deadline() const {
  std::optional<Time> next = deadlines_.next_deadline();
  if (!is_link_up_) return next;
  if (!soliciting_.empty()) next = earlier(next, budget_.ready_at());
  next = earlier(next, own_.next_deadline());
  return earlier(next, proxies_.next_deadline());
}

void Cache::on_deadline(Time now) {
  while (Entry* const entry = deadlines_.pop_expired(now)) on_entry_deadline(*entry, now);
}

}  // namespace strata::neighbor
