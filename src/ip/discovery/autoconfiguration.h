// SPDX-License-Identifier: Apache-2.0
// Autoconfiguration: addresses a host makes for itself (RFC 4862, 7217, 8981).
#pragma once

#include <cstdint>
#include <optional>

#include "base/siphash.h"
#include "base/vector.h"
#include "ip/address_list.h"
#include "ip/discovery/interface_identifier.h"
#include "strata/address.h"
#include "strata/memory.h"
#include "strata/rng.h"
#include "strata/time.h"

// 1. For each autonomous prefix there is at most one living stable address, and, where temporary
//    addresses are on, one that is fresh: a successor is made REGEN_ADVANCE before it is
//    deprecated, and the old one lives on as deprecated until it expires.
// 2. Valid lifetimes shrink below two hours only by time (RFC 4862 5.5.3 e).
// 3. Entries are told by their latest state: what was never told is forgotten in silence.
// 4. A duplicate is given up and tried again with another identifier a few times, then not at all
//    until the link comes up anew.

namespace strata::ip {

struct AutoconfigurationConfig {
  bool is_enabled = true;
  bool uses_eui64 = false;      // instead of RFC 7217
  bool makes_temporary = true;  // RFC 8981
  std::uint32_t addresses_max = 16;
  std::uint32_t addresses_per_prefix_max = 6;
  std::uint64_t network_id = 0;                     // RFC 7217: what tells networks apart, if known
  std::uint32_t stable_retries_max = 3;             // RFC 7217 7: IDGEN_RETRIES
  std::uint32_t temporary_retries_max = 3;          // RFC 8981 3.8: TEMP_IDGEN_RETRIES
  Duration temporary_valid = std::chrono::days(2);  // TEMP_VALID_LIFETIME
  Duration temporary_preferred = std::chrono::days(1);  // TEMP_PREFERRED_LIFETIME
  // RFC 8981 3.8: 2 + TEMP_IDGEN_RETRIES * DupAddrDetectTransmits * RetransTimer / 1000.
  Duration regenerate_advance = std::chrono::seconds(5);
};

class Autoconfiguration {
 public:
  struct Change {
    enum class Kind : std::uint8_t { kAdd, kUpdate, kRemove };
    Kind kind = Kind::kAdd;
    InterfaceAddress address{};
  };
  struct Advertised {
    Prefix prefix{};
    IpAddress router{};
    Duration preferred{};  // Duration::max(): without end
    Duration valid{};
  };

  Autoconfiguration(Memory& memory, Rng& rng, const SipKey& secret, InterfaceId interface,
                    const MacAddress& mac, const AutoconfigurationConfig& config);

  void make_link_local(Time now);
  void on_prefix(const Advertised& advertised, Time now);
  void on_duplicate(const IpAddress& address, Time now);
  void remove_all();

  [[nodiscard]] std::optional<Change> next_change();
  [[nodiscard]] std::optional<Time> next_deadline() const;
  void on_deadline(Time now);

 private:
  enum class State : std::uint8_t {
    kLiving,
    kDead,     // to be taken back and forgotten
    kGivenUp,  // every identifier met a duplicate; stays so that nothing is tried again
  };
  struct Made {
    InterfaceAddress address{};
    Prefix prefix{};
    Time created{};
    Duration desync{};                     // RFC 8981: how much earlier it is deprecated
    Time prefix_preferred_until = kNever;  // what the last advertisement of the prefix said
    Time prefix_valid_until = kNever;
    std::uint32_t dad_counter = 0;
    std::uint32_t failures = 0;
    State state = State::kLiving;
    bool is_told = false;
    bool is_due = true;
    bool has_successor = false;  // a fresher temporary address was made, or could not be

    [[nodiscard]] bool is_temporary() const { return address.origin == AddressOrigin::kTemporary; }
  };

  [[nodiscard]] bool has_room(const Prefix& prefix) const;
  [[nodiscard]] std::size_t living() const;
  [[nodiscard]] bool has_stable(const Prefix& prefix) const;
  [[nodiscard]] bool has_fresh_temporary(const Prefix& prefix, Time now) const;
  [[nodiscard]] bool uses(const IpAddress& address) const;
  void add_stable(Made made);
  void add_temporary(Made made, Time now);
  void renew_temporary(const Prefix& prefix, Time now);
  void refresh(Made& made, const Advertised& advertised, Time now);
  void apply_lifetimes(Made& made) const;
  void end(Made& made, State state);
  [[nodiscard]] Time regeneration_time(const Made& made) const;

  AutoconfigurationConfig config_;
  Rng& rng_;
  SipKey secret_;
  MacAddress mac_;
  InterfaceId interface_;
  Vector<Made> made_;
};

}  // namespace strata::ip
