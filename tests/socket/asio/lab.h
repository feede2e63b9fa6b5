// SPDX-License-Identifier: Apache-2.0
// Two hosts of a simulated world, each with an Asio context.
#pragma once

#include <chrono>
#include <string>

#include "strata/asio/context.h"
#include "strata/sim.h"

namespace strata::asio {
inline namespace STRATA_ASIO_FLAVOUR {

using namespace std::chrono_literals;

struct Lab {
  explicit Lab(std::uint64_t seed = 1, const sim::LinkConfig& link = {.delay = 5ms})
      : world(seed), server_host(world.add_host("server")), client_host(world.add_host("client")) {
    world.connect(server_host, client_host, link);
    server_host.add_address("10.0.0.1/24");
    client_host.add_address("10.0.0.2/24");
    world.run_for(10s);  // by then nobody has claimed the addresses
  }

  sim::World world;
  sim::Host& server_host;
  sim::Host& client_host;
  context server{server_host.stack(), server_host.executor()};
  context client{client_host.stack(), client_host.executor()};
};

inline const net::ip::address_v4 kServer({10, 0, 0, 1});

}  // namespace STRATA_ASIO_FLAVOUR
}  // namespace strata::asio
