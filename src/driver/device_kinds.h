// SPDX-License-Identifier: Apache-2.0
// The kinds of devices a spec may name, the keys each takes and what a value looks like.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "strata/address.h"

namespace strata::driver {

enum class ValueKind : std::uint8_t {
  kIpv4Prefix,
  kIpv6Prefix,
  kMtu,
  kQueues,
  kYesNo,
  kMac,
  kPath,
  kNamespace,
  kSpeed,
  kFrame,
  kCount,
  kQueue,
  kAddress,
  kPorts,
};

struct KeyRule {
  std::string_view key;
  ValueKind value;
  bool repeats = false;
};

struct KindRule {
  std::string_view kind;
  std::span<const KeyRule> keys;
};

// Null when this build has no such kind.
[[nodiscard]] const KindRule* find_kind(std::string_view kind);
[[nodiscard]] std::span<const KindRule> all_kinds();
// What a known kind that is not in this build would be; empty when nobody has heard of it.
[[nodiscard]] std::string_view absent_kind(std::string_view kind);

// "an IPv4 address and prefix length, as in 10.77.0.1/24"
[[nodiscard]] std::string_view expectation(ValueKind kind);
[[nodiscard]] bool is_valid(ValueKind kind, std::string_view value);

// Values that is_valid() has accepted.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view value);
// First and last, which may be the same.
[[nodiscard]] std::optional<std::pair<std::uint16_t, std::uint16_t>> parse_ports(
    std::string_view value);
[[nodiscard]] std::optional<double> parse_speed(std::string_view value);
[[nodiscard]] std::optional<bool> parse_yes_no(std::string_view value);
[[nodiscard]] std::optional<std::vector<std::byte>> parse_hex(std::string_view value);

}  // namespace strata::driver
