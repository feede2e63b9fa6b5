// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/kernel_tcp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "bench/harness/machine.h"
#include "bench/harness/round_trips.h"
#include "bench/harness/timing.h"
#include "strata/check.h"

namespace strata::bench {
namespace {

constexpr std::size_t kChunk = 64U << 10U;

// Two sockets that are connected to each other.
class LoopbackPair {
 public:
  [[nodiscard]] static std::optional<LoopbackPair> make();
  LoopbackPair(LoopbackPair&& other) noexcept
      : first(std::exchange(other.first, -1)), second(std::exchange(other.second, -1)) {}
  LoopbackPair& operator=(LoopbackPair&&) = delete;
  ~LoopbackPair() {
    if (first >= 0) ::close(first);
    if (second >= 0) ::close(second);
  }

  int first, second;

 private:
  LoopbackPair(int one, int other) : first(one), second(other) {}
};

std::optional<LoopbackPair> LoopbackPair::make() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool listens = listener >= 0 && ::bind(listener, generic, size) == 0 &&
                       ::listen(listener, 1) == 0 && ::getsockname(listener, generic, &size) == 0;
  LoopbackPair pair(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), -1);
  if (listens && pair.first >= 0 && ::connect(pair.first, generic, size) == 0) {
    pair.second = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  }
  ::close(listener);
  if (pair.second < 0) return std::nullopt;
  const int on = 1;
  for (const int socket : {pair.first, pair.second}) {
    (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  return pair;
}

class LoopbackBulk final : public Contestant {
 public:
  LoopbackBulk(LoopbackPair pair, LoopbackCores cores)
      : pair_(std::move(pair)),
        reader_core_(cores == LoopbackCores::kOneEach ? 1
                                                      : static_cast<std::size_t>(sched_getcpu())),
        writer_core_(cores == LoopbackCores::kOneEach ? 0 : reader_core_),
        writer_([this] { write(); }) {}
  ~LoopbackBulk() override {
    ::shutdown(pair_.second, SHUT_RDWR);
    writer_.join();
  }

  double measure(Seconds duration) override {
    const Pinned here(reader_core_);
    std::vector<std::byte> chunk(kChunk);
    const auto begin = Wall::now();
    const auto end = begin + std::chrono::duration_cast<Wall::duration>(duration);
    std::uint64_t arrived = 0;
    do {
      const ssize_t count = ::read(pair_.second, chunk.data(), chunk.size());
      STRATA_CHECK(count > 0);
      arrived += static_cast<std::uint64_t>(count);
    } while (Wall::now() < end);
    const Seconds took = Wall::now() - begin;
    return static_cast<double>(arrived) * 8 / took.count() / 1e9;
  }

 private:
  void write() const {
    const Pinned here(writer_core_);
    const std::vector<std::byte> chunk(kChunk, std::byte{0x5a});
    while (::send(pair_.first, chunk.data(), chunk.size(), MSG_NOSIGNAL) > 0) {
    }
  }

  LoopbackPair pair_;
  std::size_t reader_core_, writer_core_;
  std::thread writer_;
};

class LoopbackRoundTrip final : public Contestant {
 public:
  LoopbackRoundTrip(LoopbackPair pair, LoopbackWaits waits)
      : pair_(std::move(pair)), flags_(waits == LoopbackWaits::kAwake ? MSG_DONTWAIT : 0) {}

  double measure(Seconds duration) override {
    std::thread echo([this] { run_echo(); });
    double median = 0;
    {
      const Pinned here(1);
      median = trips_.measure(duration, [this] { return round_trip(); });
    }
    std::array<std::byte, 1> last{};
    STRATA_CHECK(::send(pair_.first, last.data(), 1, MSG_NOSIGNAL) == 1);
    echo.join();
    STRATA_CHECK(::recv(pair_.first, last.data(), 1, 0) == 1);
    return median;
  }
  std::vector<Detail> details() const override { return trips_.details(); }

 private:
  [[nodiscard]] std::optional<double> round_trip() const {
    std::array<std::byte, 64> message{};
    const auto begin = Wall::now();
    STRATA_CHECK(::send(pair_.first, message.data(), message.size(), MSG_NOSIGNAL) == 64);
    for (ssize_t got = 0; got < std::ssize(message);) {
      const ssize_t count = ::recv(pair_.first, message.data(), message.size(), flags_);
      if (count > 0) got += count;
      STRATA_CHECK(count != 0);
    }
    return std::chrono::duration<double, std::micro>(Wall::now() - begin).count();
  }
  // Until a message of one byte.
  void run_echo() const {
    const Pinned here(0);
    std::array<std::byte, 64> message{};
    ssize_t count = 0;
    while (count != 1) {
      count = ::recv(pair_.second, message.data(), message.size(), flags_);
      STRATA_CHECK(count != 0);
      if (count < 0) continue;
      const auto size = static_cast<std::size_t>(count);
      STRATA_CHECK(::send(pair_.second, message.data(), size, MSG_NOSIGNAL) == count);
    }
  }

  LoopbackPair pair_;
  int flags_;
  RoundTrips trips_;
};

template <typename What, typename How>
Entry on_loopback(How how) {
  auto pair = LoopbackPair::make();
  if (!pair) return std::unexpected("no connection over the kernel's loopback device");
  return std::make_unique<What>(std::move(*pair), how);
}

}  // namespace

Entry kernel_tcp_loopback_bulk(LoopbackCores cores) { return on_loopback<LoopbackBulk>(cores); }

Entry kernel_tcp_loopback_round_trip(LoopbackWaits waits) {
  return on_loopback<LoopbackRoundTrip>(waits);
}

}  // namespace strata::bench
