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
// 2. next_output() tells the latest state of every address that time or duplicate detection
//    changed; an expired one leaves the list with that.
// 3. The order of adding is kept: the first usable IPv4 address is the interface's own.

namespace strata::ip {

enum class AddressState : std::uint8_t {
  kTentative,
  kPreferred,
  kDeprecated,
  kDuplicate,
  kExpired,  // gone, but next_output() has yet to say so
};

enum class AddressOrigin : std::uint8_t {
  kManual,
  kLinkLocal,  // RFC 4862 5.3
  kStable,     // SLAAC with a stable identifier (RFC 7217, or EUI-64)
  kTemporary,  // RFC 8981
  kDhcp,
};

struct InterfaceAddress {
  IpAddress address{};
  std::uint8_t prefix_length = 0;
  InterfaceId interface = kNoInterface;
  AddressState state = AddressState::kTentative;
  AddressOrigin origin = AddressOrigin::kManual;
  IpAddress advertised_by{};  // the router whose prefix it came from; unspecified: none
  Time preferred_until = kNever;
  Time valid_until = kNever;
  bool is_home = false;  // RFC 6724 5 rule 4, for mobile nodes
  bool is_care_of = false;
  bool is_untold = false;  // kept by AddressList: next_output() has yet to tell its state

  [[nodiscard]] constexpr Prefix prefix() const { return {address, prefix_length}; }
  [[nodiscard]] constexpr bool is_usable() const {
    return state == AddressState::kPreferred || state == AddressState::kDeprecated;
  }
};

struct AddressChange {
  enum class Kind : std::uint8_t {
    kBecameTentative,
    kBecamePreferred,
    kBecameDeprecated,
    kDuplicate,
    kRemoved,
  };
  Kind kind = Kind::kRemoved;
  InterfaceAddress address{};  // as it is, or was just before it was removed
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
  // The link came back: every IPv6 address must prove itself unique again (RFC 4862 5.4).
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
  [[nodiscard]] InterfaceAddress* locate(const IpAddress& address);
  [[nodiscard]] bool register_address(const InterfaceAddress& address);
  void unregister_address(const InterfaceAddress& address);
  void register_broadcast(const InterfaceAddress& address);
  void unregister_broadcast(const InterfaceAddress& address);
  void enter(InterfaceAddress& address, AddressState state);
  void settle(InterfaceAddress& address, Time now);
  void erase(const InterfaceAddress& address);

  LocalAddresses& local_;
  Vector<InterfaceAddress> addresses_;
  std::size_t addresses_max_;
  InterfaceId interface_;
};

}  // namespace strata::ip
