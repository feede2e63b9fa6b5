// SPDX-License-Identifier: Apache-2.0
#include "service/names/address_order.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ip/source_selection.h"
#include "strata/udp_socket.h"

namespace strata::service {
namespace {

constexpr std::uint16_t kAnyPort = 53;  // nothing is sent

// A socket that is connected shows whom the stack would speak as.
ip::DestinationCandidate candidate_of(Stack& stack, const IpAddress& destination) {
  ip::DestinationCandidate candidate{.destination = destination};
  auto socket =
      UdpSocket::open(stack, destination.is_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6);
  if (!socket || !socket->connect({destination, kAnyPort})) return candidate;
  const auto local = socket->local();
  if (!local || local->address.is_unspecified()) return candidate;
  candidate.source = local->address;
  stack.for_each_address([&](const AddressEntry& entry) {
    if (entry.prefix.address() != local->address) return;
    candidate.source_prefix_length = static_cast<std::uint8_t>(entry.prefix.length());
    candidate.source_is_deprecated = entry.state == AddressState::kDeprecated;
  });
  return candidate;
}

}  // namespace

void order_addresses(Stack& stack, std::span<IpAddress> addresses) {
  std::vector<ip::DestinationCandidate> candidates;
  candidates.reserve(addresses.size());
  for (const IpAddress& address : addresses) candidates.push_back(candidate_of(stack, address));
  ip::order_destinations(candidates);
  std::ranges::transform(candidates, addresses.begin(), &ip::DestinationCandidate::destination);
}

}  // namespace strata::service
