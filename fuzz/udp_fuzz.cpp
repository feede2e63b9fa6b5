// SPDX-License-Identifier: Apache-2.0
// Any bytes as a UDP datagram.
#include "fuzz/rewrite.h"
#include "strata/wire/udp.h"

using namespace strata::fuzz;
using namespace strata::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rewrite<UdpView, UdpLayout::kSize>(as_input(data, size), [&](const UdpView& view) {
    require(view.length() == view.bytes().size());
    require(view.payload().size() + UdpLayout::kSize == view.length());
    touch(view.payload());
  });
  return 0;
}
