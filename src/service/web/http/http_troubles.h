// SPDX-License-Identifier: Apache-2.0
// HttpTroubles: what kept web clients from being served, counted, and told once for each kind.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "service/failure.h"
#include "strata/address.h"

// One for all cores of a stack: every call may come from any of their threads.

namespace strata::service {

enum class HttpTrouble : std::uint8_t {
  kMalformed,    // what came is no request that we understand
  kSlow,         // a request took longer than its time
  kTls,          // the handshake or the encryption failed
  kHandshakes,   // as many of TLS as one address may have or begin: a connection was refused
  kConnections,  // as many connections as there may be: others wait in the listener's queue
  kMemory,       // as many bytes wait for slow clients as may: the answer became 503
  kStranger,     // a page or name of somebody else, or without the token: 401, 403, 421
  kCount,
};
[[nodiscard]] std::string_view name_of(HttpTrouble trouble);

class HttpTroubles {
 public:
  using Tell = std::function<void(const Failure&)>;

  explicit HttpTroubles(Tell tell = {}) : tell_(std::move(tell)) {}

  void add(HttpTrouble trouble, const Endpoint& peer);
  [[nodiscard]] std::uint64_t count(HttpTrouble trouble) const {
    return counts_[static_cast<std::size_t>(trouble)].load(std::memory_order_relaxed);
  }
  // In Prometheus' text format.
  [[nodiscard]] std::string metrics() const;

 private:
  Tell tell_;
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(HttpTrouble::kCount)> counts_{};
};

}  // namespace strata::service
