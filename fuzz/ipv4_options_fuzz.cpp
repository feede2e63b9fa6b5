// SPDX-License-Identifier: Apache-2.0
// IPv4 options: read, recorded into as a router would, and written again.
#include <algorithm>
#include <vector>

#include "fuzz/law.h"
#include "strata/wire/ipv4_options.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata;
  using namespace strata::wire;
  const Bytes input = fuzz::as_input(data, std::min<std::size_t>(size, Ipv4Layout::kOptionsMax));
  std::vector<std::byte> options(input.begin(), input.end());
  Ipv4OptionWriter again;
  Ipv4OptionReader reader(options);
  while (const auto option = reader.next()) {
    fuzz::touch(option->data);
    fuzz::require(option->type == kIpv4OptionNoOperation ? again.add_no_operation()
                                                         : again.add(option->type, option->data));
    static_cast<void>(parse_ipv4_router_alert(*option));
    if (const auto security = parse_ipv4_security(*option)) fuzz::touch(security->authorities);
    if (const auto route = Ipv4RouteOptionView::parse(*option)) {
      for (std::size_t i = 0; i < route->slots(); ++i) static_cast<void>(route->address(i));
      fuzz::require(route->next_hop().has_value() != route->is_complete());
    }
    if (const auto times = Ipv4TimestampOptionView::parse(*option)) {
      for (std::size_t i = 0; i < times->slots(); ++i) static_cast<void>(times->time(i));
    }
    static_cast<void>(record_address(options, *option, IpAddress::loopback_v4()));
    static_cast<void>(record_time(options, *option, IpAddress::loopback_v4(), 1));
  }
  fuzz::require(copied_options(again.bytes()).bytes().size() <= again.bytes().size());
  return 0;
}
