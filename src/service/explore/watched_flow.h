// SPDX-License-Identifier: Apache-2.0
// WatchedFlow: a [[traffic]] of a lab between two programs that know what they must get.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "service/explore/verdict.h"
#include "strata/address.h"
#include "strata/sim.h"

namespace strata::service {

// One program is on `from`, who begins, and one on `to`.
struct WatchedEnds {
  sim::Host& from;
  sim::Host& to;
  IpAddress address;  // of `to`
  std::uint16_t port = 0;
};

// What a trial and its lab may do to any flow.
struct Excuses {
  bool may_fail = false;      // end connections, and take what nobody counts
  bool may_be_wrong = false;  // change bytes
};

struct Trouble {
  Broken broken = Broken::kNothing;
  std::string text{};
};

struct DatagramCounts {
  std::uint64_t sent = 0;      // that a stack took
  std::uint64_t taken = 0;     // that programs got
  std::uint64_t missing = 0;   // sent, and never got
  std::uint64_t repeated = 0;  // got, and not for the first time
  std::uint64_t wrong = 0;     // got, and nobody sent them so
};

class WatchedFlow {
 public:
  explicit WatchedFlow(const WatchedEnds& ends) : ends_(ends) {}
  virtual ~WatchedFlow() = default;
  WatchedFlow(const WatchedFlow&) = delete;
  WatchedFlow& operator=(const WatchedFlow&) = delete;

  // At the beginning, and when `to` is back.
  virtual void listen() = 0;
  // The programs on this host are gone, with all they held.
  virtual void lose(const sim::Host& host) = 0;
  // Nobody else is let in; what is under way goes on.
  virtual void stop_listening() = 0;
  // Nothing is under way any more: what is left of sockets goes.
  virtual void close() = 0;

  [[nodiscard]] virtual bool is_over() const = 0;
  // By all programs, those that a crash took included.
  [[nodiscard]] virtual std::uint64_t bytes_moved() const = 0;
  [[nodiscard]] virtual std::string state() const = 0;
  // What is broken, if anything.
  [[nodiscard]] virtual std::optional<Trouble> trouble(const Excuses& excuses) const = 0;
  [[nodiscard]] virtual DatagramCounts datagrams() const { return {}; }
  [[nodiscard]] const WatchedEnds& ends() const { return ends_; }

 protected:
  WatchedEnds ends_;
};

}  // namespace strata::service
