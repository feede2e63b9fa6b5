// SPDX-License-Identifier: Apache-2.0
// Any sequence of router advertisements, duplicates and time: lists stay within their limits, and
// what was told to add is exactly what can be taken back.
#include <algorithm>
#include <map>
#include <set>

#include "fuzz/law.h"
#include "ip/discovery/router_discovery.h"
#include "ip/route_table.h"
#include "strata/memory.h"
#include "strata/wire/nd.h"

using namespace strata;
using namespace strata::fuzz;

namespace {

// What the stack would hold after obeying every output.
struct World {
  HeapMemory memory;
  ip::RouteTable table{memory, 256};
  std::set<IpAddress> addresses;

  void obey(ip::RouterDiscovery& host, Time now) {
    int outputs = 0;
    while (const auto output = host.next_output(now)) {
      require(++outputs < 1000);
      if (const auto* const add = std::get_if<ip::AddRoute>(&*output)) {
        require(table.replace(add->route).has_value());
      } else if (const auto* const gone = std::get_if<ip::RemoveRoute>(&*output)) {
        require(table.remove(gone->route).has_value());
      } else if (const auto* const made = std::get_if<ip::AddAddress>(&*output)) {
        require(addresses.insert(made->address.address).second);
        require(made->address.address.is_v6() && !made->address.address.is_multicast());
      } else if (const auto* const changed = std::get_if<ip::UpdateAddress>(&*output)) {
        require(addresses.contains(changed->address));
      } else if (const auto* const lost = std::get_if<ip::RemoveAddress>(&*output)) {
        require(addresses.erase(lost->address) == 1);
      } else if (const auto* const mtu = std::get_if<ip::SetMtu>(&*output)) {
        require(mtu->mtu == 0 || (mtu->mtu >= 1280 && mtu->mtu <= 1500));
      }
    }
  }
};

void check_limits(const World& world, const ip::RouterDiscoveryConfig& config) {
  require(world.table.size() <= config.routers_max + config.prefixes_max + config.routes_max);
  require(world.addresses.size() <= config.addresses.addresses_max);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  World world;
  HeapMemory memory;
  {
    Rng rng(1);
    const ip::RouterDiscoveryConfig config{.interface = 1, .mac = MacAddress::from_value(2)};
    ip::RouterDiscovery host(memory, rng, SipKey{1, 2}, config);
    Time now{};
    Bytes input = as_input(data, size);
    while (input.size() >= 2) {
      const auto control = std::to_integer<unsigned>(input[0]);
      const auto amount = std::to_integer<unsigned>(input[1]);
      input = input.subspan(2);
      const IpAddress router = IpAddress::v6(0xfe80'0000'0000'0000, control >> 3U);
      switch (control & 7U) {
        case 0: host.on_link_up(now); break;
        case 1: host.on_link_down(now); break;
        case 2: host.on_router_unreachable(router, now); break;
        case 3: host.on_router_became_host(router, now); break;
        case 4:
          if (!world.addresses.empty()) {
            auto at = world.addresses.begin();
            std::advance(at, amount % world.addresses.size());
            host.on_duplicate(*at, now);
          }
          break;
        case 5:
          now += std::chrono::seconds(std::uint64_t{amount} << (control >> 4U));
          host.on_deadline(now);
          break;
        default: {
          const Bytes message = input.first(std::min<std::size_t>(amount, input.size()));
          input = input.subspan(message.size());
          if (const auto view = wire::RouterAdvertisementView::parse(message)) {
            host.on_router_advertisement(router, *view, now);
          }
        }
      }
      if ((control & 0x80U) != 0) world.obey(host, now);
      check_limits(world, config);
    }
    world.obey(host, now);
    check_limits(world, config);
    host.on_link_down(now);
    world.obey(host, now);
    require(world.addresses.empty() && world.table.size() == 0);
    require(!host.next_deadline().has_value());
  }
  require(memory.bytes_used() == 0);
  return 0;
}
