// SPDX-License-Identifier: Apache-2.0
// Reading what a server answered: the chain of aliases, addresses, or that there are none.
#pragma once

#include <array>
#include <cstdint>

#include "dns/config.h"
#include "strata/address.h"
#include "strata/wire/dns_record.h"

// Only what hangs together with the question counts: addresses at the end of a chain of CNAMEs
// that begins with the name asked for, and an SOA record of a zone above it. Whatever else a server
// puts into its answer, it is never looked at.

namespace strata::dns {

struct AddressSet {
  std::array<IpAddress, kAddressesMax> values{};
  std::uint8_t count = 0;

  [[nodiscard]] std::span<const IpAddress> span() const { return {values.data(), count}; }
  void add(const IpAddress& address);
};

struct Reply {
  enum class Kind : std::uint8_t {
    kAddresses,
    kAlias,  // the chain leaves this answer at `target`
    kNoData,
    kNoName,
    kBroken,  // malformed, a loop, or a referral: this server is no help
  };
  Kind kind = Kind::kBroken;
  AddressSet addresses{};
  wire::DnsName target{};
  std::uint32_t lifetime_s = 0;  // 0: not to be kept
};

// An answer with response code NoError or NXDOMAIN to a question for addresses.
[[nodiscard]] Reply read_reply(const wire::DnsView& message, const wire::DnsName& name,
                               wire::DnsType type);
// Both halves of the response code (RFC 6891 6.1.3).
[[nodiscard]] std::uint16_t response_code(const wire::DnsView& message);

}  // namespace strata::dns
