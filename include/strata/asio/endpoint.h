// SPDX-License-Identifier: Apache-2.0
// Asio's endpoints and buffers, and ours.
#pragma once

#include <array>
#include <cstring>
#include <span>

#include "strata/address.h"
#include "strata/asio/config.h"

namespace strata::asio {
inline namespace STRATA_ASIO_FLAVOUR {

[[nodiscard]] inline IpAddress to_strata(const net::ip::address& address) {
  if (address.is_v4()) return IpAddress::v4(address.to_v4().to_uint());
  const auto bytes = address.to_v6().to_bytes();
  return IpAddress::from_bytes(std::as_bytes(std::span<const unsigned char, 16>(bytes)));
}

[[nodiscard]] inline net::ip::address to_asio(const IpAddress& address,
                                              InterfaceId zone = kNoInterface) {
  if (address.is_v4()) return net::ip::address_v4(address.v4_value());
  net::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), address.bytes().data(), bytes.size());
  return net::ip::address_v6(bytes, zone);
}

template <typename Protocol>
[[nodiscard]] Endpoint to_strata(const net::ip::basic_endpoint<Protocol>& endpoint) {
  const auto address = endpoint.address();
  const auto zone = address.is_v6() ? static_cast<InterfaceId>(address.to_v6().scope_id()) : 0;
  return {to_strata(address), endpoint.port(), static_cast<InterfaceId>(zone)};
}

template <typename Protocol>
[[nodiscard]] net::ip::basic_endpoint<Protocol> to_asio(const Endpoint& endpoint) {
  return {to_asio(endpoint.address, endpoint.zone), endpoint.port};
}

// How many parts of a buffer sequence one operation looks at. Those of Asio and Beast are called
// again for what is left.
inline constexpr std::size_t kPartsMax = 16;

template <typename Span>
struct Parts {
  std::array<Span, kPartsMax> parts;
  std::size_t count = 0;

  [[nodiscard]] std::span<const Span> all() const { return {parts.data(), count}; }
  [[nodiscard]] bool empty() const { return count == 0; }
};

// Without empty parts.
template <typename Buffers>
[[nodiscard]] Parts<MutableBytes> mutable_parts(const Buffers& buffers) {
  Parts<MutableBytes> parts;
  for (auto it = net::buffer_sequence_begin(buffers);
       it != net::buffer_sequence_end(buffers) && parts.count < kPartsMax; ++it) {
    const net::mutable_buffer part(*it);
    if (part.size() != 0) {
      parts.parts[parts.count++] = {static_cast<std::byte*>(part.data()), part.size()};
    }
  }
  return parts;
}

template <typename Buffers>
[[nodiscard]] Parts<Bytes> const_parts(const Buffers& buffers) {
  Parts<Bytes> parts;
  for (auto it = net::buffer_sequence_begin(buffers);
       it != net::buffer_sequence_end(buffers) && parts.count < kPartsMax; ++it) {
    const net::const_buffer part(*it);
    if (part.size() != 0) {
      parts.parts[parts.count++] = {static_cast<const std::byte*>(part.data()), part.size()};
    }
  }
  return parts;
}

}  // namespace STRATA_ASIO_FLAVOUR
}  // namespace strata::asio
