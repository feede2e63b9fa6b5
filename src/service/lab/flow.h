// SPDX-License-Identifier: Apache-2.0
// Flow: the programs at both ends of one [[traffic]] of a lab, and what becomes of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/lab/lab.h"
#include "strata/sim.h"
#include "strata/socket_types.h"
#include "strata/tcp_info.h"
#include "strata/time.h"

namespace strata::service {

// So far.
struct FlowCounts {
  std::uint64_t bytes = 0;      // that arrived where they should
  Time last_arrival{};          // of these, in streams and datagrams
  std::uint64_t exchanges = 0;  // answers, pages, echo replies, datagrams that arrived
  std::uint64_t sent = 0;       // requests, pages, echo requests, datagrams
  std::uint64_t failed = 0;     // connections that came to an end against the plan
  std::uint64_t retransmits = 0;
  std::array<std::uint64_t, kTcpLossCauses> retransmits_by{};  // by TcpLossCause

  void add_bytes(std::size_t count, Time now) {
    bytes += count;
    last_arrival = now;
  }
  void add_retransmits(const TcpInfo& info) {
    for (std::size_t i = 0; i < kTcpLossCauses; ++i) {
      retransmits_by[i] += info.retransmits[i];
      retransmits += info.retransmits[i];
    }
  }
};

class Flow {
 public:
  virtual ~Flow() = default;
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  // At its time, in a turn of the sending host.
  virtual void start() = 0;
  virtual void stop() = 0;
  // The stack of a host is about to go: sockets of it are given up, and nothing is opened there
  // until it is back.
  virtual void on_crash(const sim::Host& host) = 0;
  virtual void on_restart(const sim::Host& host) = 0;
  // The receiving host is called so from now on; connections that stand notice by themselves.
  virtual void on_address(const IpAddress& address) = 0;

  [[nodiscard]] virtual FlowCounts counts() const = 0;
  // How long exchanges took that have ended since the last call: round trips, or for udp one way.
  [[nodiscard]] std::vector<Duration> take_times() { return std::exchange(times_, {}); }
  // Of the sending end of the one connection, as long as there is one.
  [[nodiscard]] virtual std::optional<TcpInfo> info() const { return std::nullopt; }
  // Why it could not go on; empty: it could. The first such cause, even if it went on later.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 protected:
  Flow() = default;
  void note_time(Duration time) { times_.push_back(time); }
  void fail(std::string_view what, Error error);
  [[nodiscard]] bool has_failed() const { return !trouble_.empty(); }

 private:
  std::vector<Duration> times_;
  std::string trouble_;
};

struct FlowEnds {
  const sim::World& world;  // whose clock does not drift
  sim::Host& from;
  sim::Host& to;
  IpAddress address;  // of `to`
  std::uint16_t port = 0;
  std::uint64_t seed = 0;    // of what the flow draws, its own
  Prefix from_network = {};  // that `from` has its address in

  [[nodiscard]] AddressFamily family() const {
    return address.is_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6;
  }
  [[nodiscard]] Endpoint remote() const { return {address, port}; }
  // Where the receiving end listens, whatever its address.
  [[nodiscard]] Endpoint any() const {
    return {address.is_v4() ? IpAddress::any_v4() : IpAddress::any_v6(), port};
  }
};

// Where what failed is tried again, after this time.
inline constexpr Duration kRetryAfter = std::chrono::seconds(1);

// Listens at once, and begins at start().
[[nodiscard]] std::unique_ptr<Flow> make_flow(const LabTraffic& traffic, const FlowEnds& ends);

}  // namespace strata::service
