// SPDX-License-Identifier: Apache-2.0
// Port: where one end of a link meets a node.
#pragma once

#include <cstddef>
#include <utility>

#include "strata/sim.h"

namespace strata::sim {

class Port {
 public:
  Port(Node& node, std::size_t number, Link& link, Channel& out)
      : node_(node), number_(number), link_(link), out_(out) {}

  [[nodiscard]] Node& node() const { return node_; }
  [[nodiscard]] std::size_t number() const { return number_; }
  [[nodiscard]] Link& link() const { return link_; }
  [[nodiscard]] Channel& out() const { return out_; }

  void deliver(PacketPtr frame) { node_.on_frame(*this, std::move(frame)); }
  void change() { node_.on_link_change(*this); }

 private:
  Node& node_;
  std::size_t number_;
  Link& link_;
  Channel& out_;
};

}  // namespace strata::sim
