// SPDX-License-Identifier: Apache-2.0
// IPv6 options: read within their limits, and written again so that they read the same.
#include <algorithm>
#include <vector>

#include "fuzz/law.h"
#include "strata/wire/ipv6_extension.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata;
  using namespace strata::wire;
  const auto view = Ipv6OptionsView::parse(fuzz::as_input(data, size));
  if (!view) return 0;
  std::vector<std::byte> out(view->bytes().size());
  Ipv6OptionWriter writer(out, view->next_header());
  Ipv6OptionReader reader(view->options());
  std::vector<Ipv6Option> options;
  while (const auto option = reader.next()) {
    fuzz::touch(option->data);
    static_cast<void>(parse_ipv6_router_alert(*option));
    static_cast<void>(parse_ipv6_jumbo(*option));
    static_cast<void>(parse_ipv6_home_address(*option));
    fuzz::require(writer.add(option->type, option->data));
    options.push_back(*option);
  }
  fuzz::require(writer.finish() <= out.size());
  Ipv6OptionReader again(Ipv6OptionsView::parse(out)->options());
  for (const Ipv6Option& option : options) {
    const auto copy = again.next();
    fuzz::require(copy && copy->type == option.type);
    fuzz::require(std::ranges::equal(copy->data, option.data));
  }
  fuzz::require(!again.next() && !again.fault());
  return 0;
}
