// SPDX-License-Identifier: Apache-2.0
// AddressList: the unicast addresses of one interface, with their states and lifetimes (RFC 4862).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/vector.h"
#include "ip/local_addresses.h"
#include "strata/address.h"
#include "strata/error.h"
#include "strata/memory.h"
#include "strata/time.h"

//                 on_address_unique            preferred_until          valid_until
//   add() -> kTentative ---------> kPreferred ----------------> kDeprecated ----------> removed
//                 | on_address_duplicate            <---------------- set_lifetimes
//                 v
//              kDuplicate   (kept for status; never used)
//
// 1. LocalAddresses holds exactly the addresses of the lists, tentative ones marked, and the
//    directed broadcast address of every usable IPv4 prefix.
// 2. next_output() tells every transition that time or duplicate detection caused.

namespace strata::ip {

enum class AddressState : std::uint8_t { kTentative, kPreferred, kDeprecated, kDuplicate };

enum class AddressOrigin : std::uint8_t {
  kManual,
  kLinkLocal,  // RFC 4862 5.3
  kStable,     // SLAAC with a stable identifier (RFC 7217, or EUI-64)
  kTemporary,  // RFC 8981
  kDhcp,
};

struct InterfaceAddress {
  IpAddress address;
  std::uint8_t prefix_length = 0;
  InterfaceId interface = kNoInterface;
  AddressState state = AddressState::kTentative;
  AddressOrigin origin = AddressOrigin::kManual;
  IpAddress advertised_by;  // the router whose prefix it came from; unspecified: none
  Time preferred_until = kNever;
  Time valid_until = kNever;

  [[nodiscard]] constexpr Prefix prefix() const { return {address, prefix_length}; }
  [[nodiscard]] constexpr bool is_usable() const {
    return state == AddressState::kPreferred || state == AddressState::kDeprecated;
  }
};

struct AddressChange {
  enum class Kind : std::uint8_t { kBecamePreferred, kBecameDeprecated, kDuplicate, kRemoved };
  Kind kind = Kind::kRemoved;
  InterfaceAddress address;  // as it is, or was just before it was removed
};

class AddressList {
 public:
  // Registers what it holds with `local`, which lives longer.
  AddressList(Memory& memory, LocalAddresses& local, InterfaceId interface,
              std::size_t addresses_max = 32);
  ~AddressList();
  AddressList(const AddressList&) = delete;
  AddressList& operator=(const AddressList&) = delete;

  // kInvalidArgument for what is no unicast address, kAlreadyExists, kOutOfMemory at the limit.
  // The interface is filled in. A state of kPreferred skips duplicate detection.
  [[nodiscard]] Result<void> add(InterfaceAddress address, Time now);
  [[nodiscard]] Result<void> remove(const IpAddress& address);
  [[nodiscard]] Result<void> set_lifetimes(const IpAddress& address, Time preferred_until,
                                           Time valid_until, Time now);
  // Duplicate detection ended. No effect on addresses that are not tentative.
  void on_address_unique(const IpAddress& address, Time now);
  void on_address_duplicate(const IpAddress& address, Time now);
  // The link went away: every address must prove itself unique again (RFC 4862 5.4).
  void on_link_up(Time now);

  [[nodiscard]] const InterfaceAddress* find(const IpAddress& address) const;
  [[nodiscard]] std::span<const InterfaceAddress> all() const { return addresses_.span(); }
  // The first usable address of a family: what IPv4 uses as the interface's own.
  [[nodiscard]] const InterfaceAddress* primary_v4() const;
  [[nodiscard]] const InterfaceAddress* link_local_v6() const;

  [[nodiscard]] std::optional<AddressChange> next_output(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;
  void on_deadline(Time now);

 private:
  struct Pending {  // what next_output() has yet to tell; one per address at most
    bool is_due = false;
    AddressChange::Kind kind = AddressChange::Kind::kRemoved;
  };

  [[nodiscard]] std::size_t position_of(const IpAddress& address) const;
  [[nodiscard]] bool register_at(std::size_t position);
  void unregister_at(std::size_t position);
  void enter(std::size_t position, AddressState state);
  void settle(std::size_t position, Time now);
  void erase(std::size_t position);

  LocalAddresses& local_;
  Vector<InterfaceAddress> addresses_;
  Vector<Pending> pending_;  // beside addresses_, by position
  Vector<InterfaceAddress> removed_;
  std::size_t addresses_max_;
  InterfaceId interface_;
};

}  // namespace strata::ip
