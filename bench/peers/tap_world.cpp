// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/tap_world.h"

#include <utility>

#include "strata/devices.h"

namespace strata::bench {
namespace {

std::expected<TapWorld, std::string> make_over_veth(bool offloads, Line line) {
  auto pair = VethPair::make();
  if (!pair) return std::unexpected(pair.error());
  const bool is_ready =
      pair->first.run("ip address add 10.78.0.1/24 dev veth0") &&
      (offloads || pair->first.run("ethtool -K veth0 tso off gso off gro off tx off rx off"));
  if (!is_ready) return std::unexpected("ip or ethtool is missing or failed");
  const NetworkNamespace::Visit inside(pair->second);
  auto opened = open_device(line == Line::kXdp ? "xdp:veth1"
                            : offloads         ? "packet:veth1"
                                               : "packet:veth1,offload=no");
  if (!opened) return std::unexpected(opened.error().text);
  // The other namespace lives as long as the device's sockets do.
  return TapWorld{std::move(pair->first), *std::move(opened)};
}

}  // namespace

std::expected<TapWorld, std::string> TapWorld::make(bool offloads, Line line) {
  if (line != Line::kTap) return make_over_veth(offloads, line);
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
