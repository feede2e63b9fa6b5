// SPDX-License-Identifier: Apache-2.0
// Names that are never asked of a server: addresses in letters, localhost, invalid, onion.
#pragma once

#include <cstdint>
#include <string_view>

#include "strata/wire/dns_name.h"

namespace strata::dns {

enum class SpecialName : std::uint8_t {
  kNone,
  kLoopback,  // RFC 6761 6.3: localhost and all below it
  kNobody,    // RFC 6761 6.4: invalid; RFC 7686 2: onion
};

[[nodiscard]] constexpr SpecialName special_name(const wire::DnsName& name) {
  constexpr auto kLocalhost = *wire::DnsName::parse("localhost");
  constexpr auto kInvalid = *wire::DnsName::parse("invalid");
  constexpr auto kOnion = *wire::DnsName::parse("onion");
  if (name.is_within(kLocalhost)) return SpecialName::kLoopback;
  if (name.is_within(kInvalid) || name.is_within(kOnion)) return SpecialName::kNobody;
  return SpecialName::kNone;
}

}  // namespace strata::dns
