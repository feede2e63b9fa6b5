// SPDX-License-Identifier: Apache-2.0
// Ear: hears frames beside AF_XDP that the host must have as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <utility>

#include "driver/descriptor.h"
#include "strata/device.h"

// A program gives a frame to us or to the host, and never to both. What both need goes to the host,
// and a packet socket has a copy for us:
//
//   kGroups      frames to groups and to all stations: advertisements of routers, queries,
//   broadcasts kNeighbors   ARP and neighbour discovery, where the host owns the address and
//   answers for it
//
// Frames behind a VLAN tag are left out, for the kernel has taken the tag out of them.

namespace strata::driver::xdp {

enum class Listening : std::uint8_t { kGroups, kNeighbors };

class Ear {
 public:
  // An errno where there is no such socket to be had.
  [[nodiscard]] static std::expected<Ear, int> open(unsigned interface, Listening listening,
                                                    bool finds_partials);

  [[nodiscard]] int socket() const { return socket_.get(); }
  // Adds what was heard to `batch` until it is full; how many frames were read.
  std::size_t receive(PacketPool& pool, PacketBatch& batch, Device::Counters& counters);

 private:
  Ear(Descriptor socket, bool finds_partials)
      : socket_(std::move(socket)), finds_partials_(finds_partials) {}

  Descriptor socket_;
  bool finds_partials_;
};

}  // namespace strata::driver::xdp
