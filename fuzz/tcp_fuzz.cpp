// SPDX-License-Identifier: Apache-2.0
// Any bytes as a TCP segment.
#include "fuzz/rewrite.h"
#include "strata/wire/tcp.h"

using namespace strata::fuzz;
using namespace strata::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rewrite<TcpView, TcpLayout::kSize>(as_input(data, size), [&](const TcpView& view) {
    touch(view.options());
    touch(view.payload());
    require(view.header_length() <= TcpLayout::kSizeMax);
    require(view.header_length() + view.payload().size() == size);
    require((view.flags() & ~view.flags()) == TcpFlags{});
  });
  return 0;
}
