// SPDX-License-Identifier: Apache-2.0
// Any bytes as a neighbor discovery message.
#include "fuzz/rewrite.h"
#include "strata/wire/nd.h"

using namespace strata::fuzz;
using namespace strata::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const strata::Bytes bytes = as_input(data, size);
  const auto walk = [](const auto& view) {
    std::size_t walked = 0;
    for (const NdOptionView option : view.options()) walked += option.bytes().size();
    require(walked == view.options().bytes().size());
  };
  rewrite<RouterSolicitationView, 8>(bytes, walk);
  rewrite<RouterAdvertisementView, 16>(bytes, walk);
  rewrite<NeighborSolicitationView, 24>(bytes, walk);
  rewrite<NeighborAdvertisementView, 24>(bytes, walk);
  rewrite<NdRedirectView, 40>(bytes, walk);
  return 0;
}
