// SPDX-License-Identifier: Apache-2.0
#include "ip/discovery/interface_identifier.h"

#include <array>
#include <cstddef>

#include "strata/bytes.h"

namespace strata::ip {
namespace {

// Keeps the two uses of one secret apart.
enum class Domain : std::uint8_t { kStable = 1, kTemporary = 2 };

[[nodiscard]] std::uint64_t hashed(const SipKey& secret, Domain domain,
                                   const StableIdentifierInput& input, std::uint64_t nonce) {
  std::array<std::byte, 48> message{};
  copy_bytes(input.prefix.network().address().bytes(), message);
  message[16] = static_cast<std::byte>(input.prefix.length());
  message[17] = static_cast<std::byte>(domain);
  copy_bytes(input.interface.bytes(), MutableBytes(message).subspan(18));
  store_big_endian<std::uint64_t>(message.data() + 24, input.network_id);
  store_big_endian<std::uint64_t>(message.data() + 32, input.dad_counter);
  store_big_endian<std::uint64_t>(message.data() + 40, nonce);
  return siphash24(secret, message);
}

}  // namespace

std::uint64_t stable_identifier(const SipKey& secret, const StableIdentifierInput& input) {
  return hashed(secret, Domain::kStable, input, 0);
}

std::uint64_t temporary_identifier(const SipKey& secret, const StableIdentifierInput& input,
                                   std::uint64_t nonce) {
  return hashed(secret, Domain::kTemporary, input, nonce);
}

std::uint64_t eui64_identifier(const MacAddress& address) {
  std::uint64_t value = 0;
  for (const std::byte octet : address.bytes()) {
    value = value << 8U | std::to_integer<std::uint64_t>(octet);
  }
  const std::uint64_t company = value >> 24U;
  const std::uint64_t extension = value & 0xff'ffff;
  constexpr std::uint64_t kUniversalBit = std::uint64_t{1} << 57U;
  return (company << 40U | std::uint64_t{0xfffe} << 24U | extension) ^ kUniversalBit;
}

bool is_reserved_identifier(std::uint64_t identifier) {
  // RFC 5453 3 and the registry it made: the subnet-router anycast address, identifiers of the
  // IANA Ethernet block, and the reserved subnet anycast addresses of RFC 2526.
  constexpr std::uint64_t kIanaBlockFirst = 0x0200'5eff'fe00'0000;
  constexpr std::uint64_t kIanaBlockLast = 0x0200'5eff'feff'ffff;
  constexpr std::uint64_t kAnycastFirst = 0xfdff'ffff'ffff'ff80;
  constexpr std::uint64_t kAnycastLast = 0xfdff'ffff'ffff'ffff;
  return identifier == 0 || (identifier >= kIanaBlockFirst && identifier <= kIanaBlockLast) ||
         (identifier >= kAnycastFirst && identifier <= kAnycastLast);
}

}  // namespace strata::ip
