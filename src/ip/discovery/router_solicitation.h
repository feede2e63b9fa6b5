// SPDX-License-Identifier: Apache-2.0
// When a host asks for routers: RFC 4861 6.3.7 with the patience of RFC 7559.
#pragma once

#include <optional>

#include "strata/rng.h"
#include "strata/time.h"

namespace strata::ip {

struct RouterSolicitationConfig {
  Duration delay_max = std::chrono::seconds(1);        // MAX_RTR_SOLICITATION_DELAY
  Duration interval = std::chrono::seconds(4);         // RTR_SOLICITATION_INTERVAL, RFC 7559 IRT
  Duration interval_max = std::chrono::seconds(3600);  // RFC 7559 2: MRT
};

// start() -> a random delay -> send, then twice the interval each time (RFC 8415 15 with no limit
// on count or duration), until an advertisement of a default router comes.
class RouterSolicitation {
 public:
  explicit RouterSolicitation(const RouterSolicitationConfig& config = {}) : config_(config) {}

  void start(Rng& rng, Time now);
  void stop() { due_.reset(); }
  [[nodiscard]] bool is_active() const { return due_.has_value(); }
  [[nodiscard]] std::optional<Time> next_deadline() const { return due_; }
  // True when one is to be sent now; plans the next.
  [[nodiscard]] bool take_due(Rng& rng, Time now);

 private:
  RouterSolicitationConfig config_;
  std::optional<Time> due_;
  Duration interval_{};  // zero: none sent yet
};

}  // namespace strata::ip
