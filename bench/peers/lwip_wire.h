// SPDX-License-Identifier: Apache-2.0
// Two interfaces of one lwIP with a wire in memory between them that copies each frame once.
#pragma once

#include <deque>

extern "C" {
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/ip4.h>
#include <lwip/netif.h>
#include <netif/ethernet.h>
}

namespace strata::bench::lwip {

void init_once();
[[nodiscard]] bool add_interface(netif& interface, const ip4_addr_t& address, void* state,
                                 netif_linkoutput_fn transmit);

// One end of a wire in memory.
struct End {
  netif interface{};
  ip4_addr_t address{};
  End* other = nullptr;
  std::deque<pbuf*> arrived;

  End() = default;
  ~End();
  End(const End&) = delete;
  End& operator=(const End&) = delete;
  // 10.8.0.<number> at this end, `peer` at the other.
  void plug_in(End& peer, u8_t number);
  void take_in();
};

}  // namespace strata::bench::lwip
