// SPDX-License-Identifier: Apache-2.0
#include "capi/leases.h"

#include <algorithm>
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
  auto started = service::DhcpService::start(stack_, executor_, resolver_, interface,
                                             secret_for(stack_, interface), {});
  if (!started) return std::unexpected(std::move(started).error());
  leases_.push_back({.interface = interface, .data = data, .service = *std::move(started)});
  return {};
}

bool Leases::stop(InterfaceId interface) {
  const auto found = std::ranges::find(leases_, interface, &Lease::interface);
  if (found == leases_.end()) return false;
  // What says goodbye is sent while the address is still ours.
  if (found->service->stop()) stack_.flush(executor_.now());
  leases_.erase(found);
  return true;
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
