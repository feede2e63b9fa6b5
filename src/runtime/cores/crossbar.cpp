// SPDX-License-Identifier: Apache-2.0
#include "runtime/cores/crossbar.h"

#include "strata/check.h"

namespace strata::runtime {

Crossbar::Crossbar(const CrossbarOptions& options, const PortClaims& claims, Bells& bells)
    : options_(options),
      steering_(options.cores, options.capabilities.medium, claims),
      bells_(bells) {
  STRATA_CHECK(options.cores >= 1 && options.queues >= 1 && options.queues <= options.cores);
  for (std::size_t i = 0; i < std::size_t{options.cores} * options.cores; ++i) {
    rings_.push_back(std::make_unique<HandoverRing>(options.ring_packets));
  }
}

void Crossbar::clear() {
  for (const auto& ring : rings_) ring->clear();
}

}  // namespace strata::runtime
