// SPDX-License-Identifier: Apache-2.0
// Any bytes as a list of neighbor discovery options; fixed ones are written and read again.
#include <algorithm>
#include <array>

#include "fuzz/law.h"
#include "strata/wire/nd_dns_options.h"

using namespace strata::fuzz;
using namespace strata::wire;

namespace {

template <typename Option, std::size_t kSize>
void rewrite_option(const NdOptionView& option) {
  const auto parsed = Option::parse(option);
  if (!parsed) return;
  std::array<std::byte, 32> out{};
  write(*parsed, std::span<std::byte, kSize>(std::span(out).first(std::min(kSize, out.size()))));
  require(*Option::parse(*NdOptionView::parse(out)) == *parsed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const NdOptionView option : NdOptions(as_input(data, size))) {
    rewrite_option<LinkLayerAddressOption, 8>(option);
    rewrite_option<MtuOption, 8>(option);
    rewrite_option<PrefixInformationOption, 32>(option);
    rewrite_option<RouteInformationOption, std::dynamic_extent>(option);
    if (const auto view = RedirectedHeaderView::parse(option)) touch(view->quoted());
    if (const auto view = NonceView::parse(option)) touch(view->nonce());
    if (const auto view = RecursiveDnsServersView::parse(option)) {
      for (const auto& server : view->servers()) touch(server.bytes());
    }
    if (const auto view = DnsSearchListView::parse(option)) {
      for (const auto name : view->names()) touch(name);
    }
  }
  return 0;
}
