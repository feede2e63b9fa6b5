// SPDX-License-Identifier: Apache-2.0
#include "base/flow_share.h"

#include "base/toeplitz.h"

namespace strata {
namespace {

constexpr SymmetricToeplitz kHash;
// Devices look up the queue in a table of 128 places, filled in turn.
constexpr unsigned kPlaces = 128;

constexpr std::uint16_t core_of(std::uint16_t fold, std::uint16_t cores) {
  return static_cast<std::uint16_t>(kHash.hash(fold) % kPlaces % cores);
}

}  // namespace

std::uint16_t FlowShare::home_of(const Endpoint& local, const Endpoint& remote) const {
  return core_of(SymmetricToeplitz::fold(local.address, remote.address, local.port, remote.port),
                 cores);
}

std::uint16_t FlowShare::home_of(const IpAddress& local, const IpAddress& remote) const {
  return core_of(SymmetricToeplitz::fold(local, remote), cores);
}

}  // namespace strata
