// SPDX-License-Identifier: Apache-2.0
// DNS names, types and records as people write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "strata/wire/dns_record.h"

namespace strata::service {

// "www.example.org."; what is no visible character, and dots inside labels, as \DDD (RFC 1035 5.1).
[[nodiscard]] std::string to_text(const wire::DnsNameView& name);
// "AAAA"; "TYPE65" for what has no name here (RFC 3597 5).
[[nodiscard]] std::string to_text(wire::DnsType type);
// Either, in upper or lower case.
[[nodiscard]] std::optional<wire::DnsType> parse_dns_type(std::string_view text);
// What the record says: an address, a name, strings in quotes; else \# and hexadecimal digits.
[[nodiscard]] std::string data_text(const wire::DnsRecordView& record);

}  // namespace strata::service
