// SPDX-License-Identifier: Apache-2.0
#ifdef STRATA_HAVE_LWIP

#include "bench/peers/lwip_wire.h"

#include <array>
#include <cstring>

#include "strata/check.h"

namespace strata::bench::lwip {
namespace {

constexpr u16_t kMtu = 1500;

// A fresh, locally administered address for each interface.
void set_hardware_address(netif& interface) {
  static u8_t last = 0;
  interface.hwaddr_len = ETH_HWADDR_LEN;
  const std::array<u8_t, 6> address{0x02, 0x4c, 0x57, 0x49, 0x50, ++last};
  std::memcpy(interface.hwaddr, address.data(), address.size());
  interface.mtu = kMtu;
  interface.flags =
      NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
}

err_t transmit_to_other(netif* interface, pbuf* frame) {
  End& end = *static_cast<End*>(interface->state);
  // In one piece: 2.1.3 copies a full frame past the end of a chain's first, smaller one.
  pbuf* copy = pbuf_alloc(PBUF_RAW, frame->tot_len, PBUF_RAM);
  if (copy == nullptr) return ERR_MEM;
  pbuf_copy(copy, frame);
  end.other->arrived.push_back(copy);
  return ERR_OK;
}

}  // namespace

void init_once() {
  static const bool done = (lwip_init(), true);
  (void)done;
}

bool add_interface(netif& interface, const ip4_addr_t& address, void* state,
                   netif_linkoutput_fn transmit) {
  ip4_addr_t mask, gateway;
  IP4_ADDR(&mask, 255, 255, 255, 0);
  ip4_addr_set_zero(&gateway);
  const auto init = [](netif* made) -> err_t {
    made->output = etharp_output;
    set_hardware_address(*made);
    return ERR_OK;
  };
  if (netif_add(&interface, &address, &mask, &gateway, state, init, ethernet_input) == nullptr) {
    return false;
  }
  interface.linkoutput = transmit;
  netif_set_up(&interface);
  return true;
}

void End::plug_in(End& peer, u8_t number) {
  other = &peer;
  IP4_ADDR(&address, 10, 8, 0, number);
  STRATA_CHECK(add_interface(interface, address, this, transmit_to_other));
}

End::~End() {
  for (pbuf* frame : arrived) pbuf_free(frame);
  if (other != nullptr) netif_remove(&interface);
}

void End::take_in() {
  while (!arrived.empty()) {
    pbuf* frame = arrived.front();
    arrived.pop_front();
    if (interface.input(frame, &interface) != ERR_OK) pbuf_free(frame);
  }
}

}  // namespace strata::bench::lwip

#endif
