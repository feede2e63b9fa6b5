// SPDX-License-Identifier: Apache-2.0
#include "neighbor/proxies.h"

#include <algorithm>

namespace strata::neighbor {

Proxies::Proxies(Memory& memory, Rng& rng, const Config& config)
    : rng_(rng),
      delay_max_(config.duplicate_detection.reply_delay_max),
      proxies_max_(config.proxies_max),
      replies_max_(config.proxy_replies_max),
      addresses_(memory),
      replies_(memory) {}

Result<void> Proxies::add(const IpAddress& address) {
  if (address.is_multicast() || address.is_unspecified() || address.is_limited_broadcast()) {
    return std::unexpected(Error::kInvalidArgument);
  }
  if (contains(address)) return std::unexpected(Error::kAlreadyExists);
  if (addresses_.size() >= proxies_max_ || !addresses_.try_push_back(address)) {
    return std::unexpected(Error::kOutOfMemory);
  }
  return {};
}

bool Proxies::remove(const IpAddress& address) {
  const auto at = std::ranges::find(addresses_, address);
  if (at == addresses_.end()) return false;
  addresses_.erase_unordered(static_cast<std::size_t>(at - addresses_.begin()));
  for (std::size_t i = replies_.size(); i-- > 0;) {
    if (replies_[i].advertisement.target == address) replies_.erase_at(i);
  }
  return true;
}

bool Proxies::contains(const IpAddress& address) const {
  return std::ranges::find(addresses_, address) != addresses_.end();
}

void Proxies::on_solicitation(const Solicitation& solicitation, Time now) {
  if (!contains(solicitation.target)) return;
  Reply reply{.due = now, .advertisement = {}};
  if (solicitation.destination.is_multicast() && delay_max_ > Duration::zero()) {
    reply.due += Duration(rng_.below(static_cast<std::uint64_t>(delay_max_.count())));
  }
  SendAdvertisement& out = reply.advertisement;
  out.target = solicitation.target;
  // RFC 4861 7.2.4: to all nodes, and not solicited, when the asker has no address yet.
  out.is_solicited = !solicitation.source.is_unspecified();
  out.destination = out.is_solicited ? solicitation.source : IpAddress::all_nodes_v6();
  out.destination_mac = out.is_solicited
                            ? solicitation.source_link_layer
                            : std::optional(MacAddress::for_multicast(out.destination));
  // RFC 4861 7.2.4: a proxy leaves the Override flag clear, so that the owner's answer wins.
  out.is_override = false;
  const bool is_repeated = std::ranges::any_of(replies_, [&](const Reply& waiting) {
    return waiting.advertisement.target == out.target &&
           waiting.advertisement.destination == out.destination;
  });
  if (is_repeated || replies_.size() >= replies_max_) return;
  // Without memory the answer is not given, and the asker asks again.
  (void)replies_.try_push_back(reply);
}

std::optional<SendAdvertisement> Proxies::next_reply(Time now) {
  for (std::size_t i = 0; i < replies_.size(); ++i) {
    if (now < replies_[i].due) continue;
    const SendAdvertisement advertisement = replies_[i].advertisement;
    replies_.erase_at(i);
    return advertisement;
  }
  return std::nullopt;
}

std::optional<Time> Proxies::next_deadline() const {
  std::optional<Time> next;
  for (const Reply& reply : replies_) next = earlier(next, reply.due);
  return next;
}

}  // namespace strata::neighbor
