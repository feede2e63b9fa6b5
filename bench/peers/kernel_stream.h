// SPDX-License-Identifier: Apache-2.0
// One end of a TCP connection of the kernel, and a thread that keeps it busy.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "bench/harness/timing.h"
#include "bench/peers/network_namespace.h"
#include "strata/address.h"

namespace strata::bench {

// Never blocks; a call that cannot go on says so.
class KernelStream {
 public:
  static constexpr std::uint16_t kPort = 5001;
  // What must happen meanwhile for the connection to come about.
  using Meanwhile = std::function<void()>;
  using Made = std::expected<KernelStream, std::string>;

  [[nodiscard]] static Made accept(const NetworkNamespace& in, const Meanwhile& meanwhile);
  [[nodiscard]] static Made connect(const NetworkNamespace& in, const IpAddress& to,
                                    const Meanwhile& meanwhile);
  KernelStream(KernelStream&& other) noexcept;
  KernelStream& operator=(KernelStream&& other) noexcept;
  ~KernelStream();

  [[nodiscard]] int descriptor() const { return socket_; }
  // Bytes moved; 0 when there is nothing to do now, -1 when the connection has ended.
  [[nodiscard]] std::ptrdiff_t write(std::span<const std::byte> bytes) const;
  [[nodiscard]] std::ptrdiff_t read(std::span<std::byte> bytes) const;

  // 64 bytes there and back, in microseconds, asking the socket again and again and calling turn()
  // in between; none when a tenth of a second passes without an answer.
  template <typename Turn>
  [[nodiscard]] std::optional<double> round_trip(Turn turn) const {
    const auto begin = Wall::now();
    std::array<std::byte, 64> message{};
    if (write(message) <= 0) return std::nullopt;
    for (std::ptrdiff_t got = 0; got < std::ssize(message);) {
      turn();
      const std::ptrdiff_t count = read(message);
      if (count < 0 || Wall::now() - begin > std::chrono::milliseconds(100)) return std::nullopt;
      got += count;
    }
    return std::chrono::duration<double, std::micro>(Wall::now() - begin).count();
  }

 private:
  explicit KernelStream(int socket) : socket_(socket) {}

  int socket_;
};

// A thread on a core of its own that does one thing with a stream until it ends.
class KernelPump {
 public:
  enum class Does : std::uint8_t { kWrite, kRead, kEcho };
  // Writing and reading sleep while there is nothing to do; echoing spins.
  KernelPump(const KernelStream& stream, Does does, std::size_t core);
  ~KernelPump();
  KernelPump(const KernelPump&) = delete;
  KernelPump& operator=(const KernelPump&) = delete;

  [[nodiscard]] std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  void run(Does does, std::size_t core);
  void wait(Does does) const;

  const KernelStream& stream_;
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<bool> stops_{false};
  std::thread thread_;
};

}  // namespace strata::bench
