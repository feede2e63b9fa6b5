// SPDX-License-Identifier: Apache-2.0
// A ping of our own: a raw socket of the kernel that sends echo requests and times the replies.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "bench/harness/benchmark.h"
#include "bench/peers/network_namespace.h"
#include "strata/address.h"

namespace strata::bench {

class IcmpClient {
 public:
  static constexpr std::size_t kPayload = 56;  // as ping(8)

  [[nodiscard]] static std::expected<IcmpClient, std::string> open(const NetworkNamespace& in,
                                                                   const IpAddress& to);
  IcmpClient(IcmpClient&& other) noexcept;
  IcmpClient& operator=(IcmpClient&& other) noexcept;
  ~IcmpClient();

  // One request and its reply, in microseconds, asking the socket again and again and calling
  // turn() in between; none when a tenth of a second passes without a reply.
  template <typename Turn>
  [[nodiscard]] std::optional<double> round_trip(Turn turn) {
    const auto begin = send();
    while (!has_reply()) {
      turn();
      if (is_late(begin)) return std::nullopt;
    }
    return microseconds_since(begin);
  }

 private:
  using Wall = std::chrono::steady_clock;
  explicit IcmpClient(int socket) : socket_(socket) {}

  [[nodiscard]] Wall::time_point send();
  [[nodiscard]] bool has_reply();
  [[nodiscard]] static bool is_late(Wall::time_point begin);
  [[nodiscard]] static double microseconds_since(Wall::time_point begin);

  int socket_;
  std::uint16_t sequence_number_ = 0;
};

}  // namespace strata::bench
