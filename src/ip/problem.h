// SPDX-License-Identifier: Apache-2.0
// What an ICMP error about a refused packet must say; the engines here never send one themselves.
#pragma once

#include <cstdint>

namespace strata::ip {

// RFC 792 and RFC 4443 3.4: Parameter Problem. For IPv4 the pointer fits eight bits.
struct ParameterProblem {
  std::uint8_t code = 0;
  std::uint32_t pointer = 0;  // offset into the refused packet

  friend constexpr bool operator==(const ParameterProblem&, const ParameterProblem&) = default;
};

// RFC 4443 3.4 and RFC 7112 5.
inline constexpr std::uint8_t kErroneousHeaderField = 0;
inline constexpr std::uint8_t kUnrecognizedNextHeader = 1;
inline constexpr std::uint8_t kUnrecognizedOption = 2;
inline constexpr std::uint8_t kIncompleteHeaderChain = 3;

}  // namespace strata::ip
