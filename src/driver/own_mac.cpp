// SPDX-License-Identifier: Apache-2.0
#include "driver/own_mac.h"

#include <charconv>
#include <cstdint>
#include <fstream>
#include <optional>
#include <span>

#include "base/siphash.h"
#include "strata/devices.h"

namespace strata::driver {
namespace {

constexpr std::size_t kDigitsOfHalf = 16;

// "uninitialized", as an image has it before its first start, is none.
std::optional<SipKey> key_of(std::string_view machine_id) {
  if (machine_id.size() != 2 * kDigitsOfHalf) return std::nullopt;
  SipKey key;
  const auto read = [](std::string_view digits, std::uint64_t& into) {
    const auto [stopped, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), into, 16);
    return error == std::errc{} && stopped == digits.data() + digits.size();
  };
  const bool is_id = read(machine_id.substr(0, kDigitsOfHalf), key.k0) &&
                     read(machine_id.substr(kDigitsOfHalf), key.k1) && (key.k0 | key.k1) != 0;
  return is_id ? std::optional(key) : std::nullopt;
}

const std::string& machine_id() {
  static const std::string id = read_machine_id({"/etc/machine-id", "/var/lib/dbus/machine-id"});
  return id;
}

}  // namespace

std::string read_machine_id(std::initializer_list<const char*> files) {
  for (const char* const path : files) {
    std::ifstream file(path);
    std::string line;
    if (std::getline(file, line) && key_of(line)) return line;
  }
  return {};
}

MacAddress mac_on_machine(std::string_view machine_id, std::string_view name) {
  const auto key = key_of(machine_id);
  if (!key) return mac_for_name(name);
  // What the hash is for, so that no other use of the same key gives the same values.
  const std::string text = "strata mac " + std::string(name);
  const std::uint64_t hash = siphash24(*key, std::as_bytes(std::span(text)));
  // IEEE 802 8.2: locally administered, and not a group.
  return MacAddress::from_value(((hash >> 8U) & 0xfcff'ffff'ffff) | 0x0200'0000'0000);
}

MacAddress own_mac(std::string_view name) { return mac_on_machine(machine_id(), name); }

void learn_machine() { static_cast<void>(machine_id()); }

}  // namespace strata::driver
