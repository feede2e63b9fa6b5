// SPDX-License-Identifier: Apache-2.0
// Addresses answered for on behalf of others (RFC 1027, RFC 4861 7.2.8). Empty unless configured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/vector.h"
#include "neighbor/config.h"
#include "neighbor/message.h"
#include "strata/error.h"
#include "strata/memory.h"
#include "strata/rng.h"

namespace strata::neighbor {

class Proxies {
 public:
  Proxies(Memory& memory, Rng& rng, const Config& config);

  [[nodiscard]] Result<void> add(const IpAddress& address);
  bool remove(const IpAddress& address);
  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] std::span<const IpAddress> all() const {
    return {addresses_.data(), addresses_.size()};
  }

  // RFC 4861 7.2.8: an answer to a group waits for a random moment, so that the owner, or another
  // proxy, can be first. Answers beyond proxy_replies_max are not given.
  void on_solicitation(const Solicitation& solicitation, Time now);
  // Its source is for the caller to fill in.
  [[nodiscard]] std::optional<SendAdvertisement> next_reply(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;

 private:
  struct Reply {
    Time due;
    SendAdvertisement advertisement;
  };

  Rng& rng_;
  Duration delay_max_;
  std::uint32_t proxies_max_;
  std::uint32_t replies_max_;
  Vector<IpAddress> addresses_;
  Vector<Reply> replies_;
};

}  // namespace strata::neighbor
