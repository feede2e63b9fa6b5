// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/tap_world.h"

#include <utility>

#include "strata/devices.h"

namespace strata::bench {

std::expected<TapWorld, std::string> TapWorld::make(bool offloads) {
  auto host = NetworkNamespace::make();
  if (!host) return std::unexpected(host.error());
  TapOptions options;
  options.name = "bench";
  options.host_addresses = {Prefix(kTapHost, 24)};
  options.offloads = offloads;
  const NetworkNamespace::Visit inside(*host);
  auto opened = open_tap(options);
  if (!opened) return std::unexpected(opened.error().text);
  return TapWorld{std::move(*host), std::move(opened->front())};
}

}  // namespace strata::bench
