// SPDX-License-Identifier: Apache-2.0
#include "ip/address_list.h"

#include <algorithm>

namespace strata::ip {
namespace {

[[nodiscard]] bool is_assignable(const InterfaceAddress& address) {
  const IpAddress& value = address.address;
  const unsigned length_max = value.is_v4() ? 32 : 128;
  return !value.is_unspecified() && !value.is_multicast() && !value.is_limited_broadcast() &&
         !value.is_reserved_v4() && address.prefix_length <= length_max &&
         address.prefix().directed_broadcast() != value;
}

[[nodiscard]] AddressState state_by_time(const InterfaceAddress& address, Time now) {
  if (address.valid_until <= now) return AddressState::kExpired;
  return address.preferred_until <= now ? AddressState::kDeprecated : AddressState::kPreferred;
}

[[nodiscard]] AddressChange::Kind kind_of(AddressState state) {
  switch (state) {
    case AddressState::kDeprecated: return AddressChange::Kind::kBecameDeprecated;
    case AddressState::kDuplicate: return AddressChange::Kind::kDuplicate;
    case AddressState::kExpired: return AddressChange::Kind::kRemoved;
    case AddressState::kTentative: return AddressChange::Kind::kBecameTentative;
    case AddressState::kPreferred: break;
  }
  return AddressChange::Kind::kBecamePreferred;
}

}  // namespace

AddressList::AddressList(Memory& memory, LocalAddresses& local, InterfaceId interface,
                         std::size_t addresses_max)
    : local_(local), addresses_(memory), addresses_max_(addresses_max), interface_(interface) {}

AddressList::~AddressList() {
  for (const InterfaceAddress& address : addresses_) unregister_address(address);
}

Result<void> AddressList::add(InterfaceAddress address, Time now) {
  if (!is_assignable(address)) return std::unexpected(Error::kInvalidArgument);
  if (const InterfaceAddress* const there = find(address.address); there != nullptr) {
    if (there->state != AddressState::kExpired) return std::unexpected(Error::kAlreadyExists);
    erase(*there);
  }
  if (address.valid_until <= now) return std::unexpected(Error::kInvalidArgument);
  if (addresses_.size() >= addresses_max_) return std::unexpected(Error::kOutOfMemory);
  address.interface = interface_;
  address.is_untold = false;
  if (address.state != AddressState::kTentative) address.state = state_by_time(address, now);
  if (!addresses_.try_push_back(address)) return std::unexpected(Error::kOutOfMemory);
  if (!register_address(address)) {
    addresses_.pop_back();
    return std::unexpected(Error::kOutOfMemory);
  }
  return {};
}

Result<void> AddressList::remove(const IpAddress& address) {
  const InterfaceAddress* const there = find(address);
  if (there == nullptr) return std::unexpected(Error::kNotFound);
  erase(*there);
  return {};
}

Result<void> AddressList::set_lifetimes(const IpAddress& address, Time preferred_until,
                                        Time valid_until, Time now) {
  InterfaceAddress* const there = locate(address);
  if (there == nullptr) return std::unexpected(Error::kNotFound);
  there->preferred_until = preferred_until;
  there->valid_until = valid_until;
  settle(*there, now);
  return {};
}

void AddressList::on_address_unique(const IpAddress& address, Time now) {
  InterfaceAddress* const there = locate(address);
  if (there == nullptr || there->state != AddressState::kTentative) return;
  enter(*there, state_by_time(*there, now));
}

void AddressList::on_address_duplicate(const IpAddress& address, Time) {
  InterfaceAddress* const there = locate(address);
  if (there == nullptr || there->state != AddressState::kTentative) return;
  enter(*there, AddressState::kDuplicate);
}

void AddressList::on_link_up(Time) {
  for (InterfaceAddress& address : addresses_) {
    if (address.address.is_v6() && address.is_usable()) enter(address, AddressState::kTentative);
  }
}

const InterfaceAddress* AddressList::find(const IpAddress& address) const {
  const auto* const at = std::ranges::find(addresses_, address, &InterfaceAddress::address);
  return at == addresses_.end() ? nullptr : at;
}

InterfaceAddress* AddressList::locate(const IpAddress& address) {
  return const_cast<InterfaceAddress*>(find(address));
}

const InterfaceAddress* AddressList::primary_v4() const {
  for (const InterfaceAddress& address : addresses_) {
    if (address.address.is_v4() && address.is_usable()) return &address;
  }
  return nullptr;
}

const InterfaceAddress* AddressList::link_local_v6() const {
  for (const InterfaceAddress& address : addresses_) {
    const bool is_wanted = address.address.is_v6() && address.address.is_link_local();
    if (is_wanted && address.is_usable()) return &address;
  }
  return nullptr;
}

std::optional<AddressChange> AddressList::next_output(Time) {
  for (InterfaceAddress& address : addresses_) {
    if (!address.is_untold) continue;
    address.is_untold = false;
    const AddressChange change{kind_of(address.state), address};
    if (address.state == AddressState::kExpired) erase(address);
    return change;
  }
  return std::nullopt;
}

std::optional<Time> AddressList::next_deadline() const {
  std::optional<Time> due;
  for (const InterfaceAddress& address : addresses_) {
    if (address.state == AddressState::kExpired) continue;
    const Time next = address.state == AddressState::kPreferred
                          ? std::min(address.preferred_until, address.valid_until)
                          : address.valid_until;
    if (next != kNever) due = earlier(due, next);
  }
  return due;
}

void AddressList::on_deadline(Time now) {
  for (InterfaceAddress& address : addresses_) settle(address, now);
}

// Moves an address to the state its lifetimes ask for; only duplicate detection ends kTentative
// and kDuplicate early.
void AddressList::settle(InterfaceAddress& address, Time now) {
  const AddressState wanted = state_by_time(address, now);
  if (wanted == address.state || address.state == AddressState::kExpired) return;
  if (wanted == AddressState::kExpired || address.is_usable()) enter(address, wanted);
}

void AddressList::enter(InterfaceAddress& address, AddressState state) {
  const bool was_usable = address.is_usable();
  address.state = state;
  address.is_untold = true;
  if (state == AddressState::kDuplicate || state == AddressState::kExpired) {
    if (was_usable) unregister_broadcast(address);
    local_.erase(address.address, interface_, LocalKind::kUnicast);
    return;
  }
  local_.set_tentative(address.address, interface_, state == AddressState::kTentative);
  if (!was_usable && address.is_usable()) register_broadcast(address);
}

bool AddressList::register_address(const InterfaceAddress& address) {
  const bool is_tentative = address.state == AddressState::kTentative;
  if (!local_.insert({address.address, interface_, LocalKind::kUnicast, is_tentative})) {
    return false;
  }
  if (address.is_usable()) register_broadcast(address);
  return true;
}

void AddressList::unregister_address(const InterfaceAddress& address) {
  local_.erase(address.address, interface_, LocalKind::kUnicast);
  if (address.is_usable()) unregister_broadcast(address);
}

// Without room for it in the table the address still works; only its broadcasts are not heard.
void AddressList::register_broadcast(const InterfaceAddress& address) {
  if (const auto broadcast = address.prefix().directed_broadcast()) {
    (void)local_.insert({*broadcast, interface_, LocalKind::kDirectedBroadcast, false});
  }
}

// Another address of the same prefix may still need it.
void AddressList::unregister_broadcast(const InterfaceAddress& address) {
  const auto broadcast = address.prefix().directed_broadcast();
  if (!broadcast) return;
  for (const InterfaceAddress& other : addresses_) {
    if (other.address == address.address || !other.is_usable()) continue;
    if (other.prefix().directed_broadcast() == broadcast) return;
  }
  local_.erase(*broadcast, interface_, LocalKind::kDirectedBroadcast);
}

void AddressList::erase(const InterfaceAddress& address) {
  unregister_address(address);
  addresses_.erase_at(static_cast<std::size_t>(&address - addresses_.data()));
}

}  // namespace strata::ip
