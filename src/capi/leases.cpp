// SPDX-License-Identifier: Apache-2.0
#include "capi/leases.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/siphash.h"
#include "stack/core.h"

namespace strata::capi {
namespace {

constexpr std::uint64_t kPurpose = 0x64'6863'70;  // "dhcp"

// Not the stack's own secret: ids that strangers see must tell nothing about its hashes.
SipKey secret_for(Stack& stack, InterfaceId interface) {
  const SipKey& own = stack.core().secret;
  return {hash_words(own, {kPurpose, 2ULL * interface}),
          hash_words(own, {kPurpose, 2ULL * interface + 1})};
}

// Longer than a neighbour is asked for in vain; others' packets may wait without end.
constexpr Duration kLeavingMax = std::chrono::seconds(4);

bool is_anything_parked(Stack& stack, InterfaceId interface) {
  const auto* const found = stack.core().interface(interface);
  return found != nullptr && found->neighbors->packets_waiting() != 0;
}

}  // namespace

std::optional<IpAddress> Leases::Lease::address() const {
  const auto& lease = service->client().lease();
  return lease && service->is_bound() ? std::optional(lease->address.address()) : std::nullopt;
}

const Leases::Lease* Leases::find(InterfaceId interface) const {
  const auto found = std::ranges::find(leases_, interface, &Lease::interface);
  return found == leases_.end() ? nullptr : &*found;
}

service::Outcome<void> Leases::start(InterfaceId interface, std::uint64_t data) {
  // The network may grant the same address again, which must not be there then.
  std::erase_if(leaving_,
                [&](const Leaving& one) { return one.service->interface() == interface; });
  auto started = service::DhcpService::start(stack_, executor_, resolver_, interface,
                                             secret_for(stack_, interface), {});
  if (!started) return std::unexpected(std::move(started).error());
  leases_.push_back({.interface = interface, .data = data, .service = *std::move(started)});
  return {};
}

bool Leases::stop(InterfaceId interface) {
  const auto found = std::ranges::find(leases_, interface, &Lease::interface);
  if (found == leases_.end()) return false;
  // What says goodbye is sent, and its next hop answers us, while the address is still ours.
  if (found->service->stop()) {
    leaving_.push_back({std::move(found->service), executor_.now() + kLeavingMax});
    stack_.flush(executor_.now());
  }
  leases_.erase(found);
  end_what_has_left();
  return true;
}

void Leases::end_what_has_left() {
  std::erase_if(leaving_, [&](const Leaving& one) {
    return executor_.now() >= one.until || !is_anything_parked(stack_, one.service->interface());
  });
}

void Leases::stop_all() {
  while (!leases_.empty()) stop(leases_.back().interface);
}

std::optional<IpAddress> Leases::address(InterfaceId interface) const {
  const Lease* const lease = find(interface);
  return lease == nullptr ? std::nullopt : lease->address();
}

void Leases::tell_changes(Tell tell) {
  for (Lease& lease : leases_) {
    if (const auto now = lease.address(); now != lease.told) {
      lease.told = now;
      tell(lease.interface, lease.data);
    }
  }
}

}  // namespace strata::capi
