// SPDX-License-Identifier: Apache-2.0
// A network namespace for the length of one test, so that devices and addresses disturb nobody.
#pragma once

#include <cstddef>
#include <string>

#include "strata/address.h"

namespace strata::driver {

class OwnNetwork {
 public:
  OwnNetwork();
  ~OwnNetwork();
  OwnNetwork(const OwnNetwork&) = delete;
  OwnNetwork& operator=(const OwnNetwork&) = delete;

  // Why there is none; empty when there is.
  [[nodiscard]] const std::string& refusal() const { return refusal_; }

 private:
  int former_ = -1;
  std::string refusal_;
};

// Makes a veth pair in the current namespace, both ends up.
[[nodiscard]] bool make_cable(const std::string& one, const std::string& other);

// Brings an interface down, or up.
void set_link_up(const std::string& name, bool up);

// Deletes an interface of the current namespace, as `ip link delete` does.
[[nodiscard]] bool delete_interface(const std::string& name);

}  // namespace strata::driver
