// SPDX-License-Identifier: Apache-2.0
// Troubles: what keeps the gateway from serving somebody, told to the user once for each kind.
#pragma once

#include <functional>
#include <utility>

#include "service/failure.h"
#include "strata/permissions.h"

namespace strata::service {

using TellTrouble = std::function<void(const Failure&)>;

class Troubles {
 public:
  explicit Troubles(TellTrouble tell)
      : tell_(std::move(tell)), echo_(probe(Permission::kPingSockets)) {}

  // Of a call of the host's that failed with this errno.
  void on_no_socket(int error);
  void on_no_echo();

 private:
  void tell(bool& is_told, const Failure& trouble);

  TellTrouble tell_;
  PermissionState echo_;  // asked at the start: later this process may not be let at the answer
  bool is_limit_told_ = false;
  bool is_echo_told_ = false;
};

// Whether a call failed for want of descriptors or memory, and not for whom it was about.
[[nodiscard]] bool is_shortage(int error);

}  // namespace strata::service
