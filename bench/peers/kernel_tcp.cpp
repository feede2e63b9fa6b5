// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/kernel_tcp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "bench/harness/timing.h"
#include "strata/check.h"

namespace strata::bench {
namespace {

constexpr std::size_t kChunk = 64U << 10U;

void stay_on_core(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  (void)sched_setaffinity(0, sizeof(cores), &cores);
}

class LoopbackBulk final : public Contestant {
 public:
  LoopbackBulk(int sender, int receiver)
      : sender_(sender), receiver_(receiver), core_(sched_getcpu()), writer_([this] { write(); }) {}
  ~LoopbackBulk() override {
    ::shutdown(receiver_, SHUT_RDWR);
    writer_.join();
    ::close(sender_);
    ::close(receiver_);
  }

  double measure(Seconds duration) override {
    cpu_set_t before;
    sched_getaffinity(0, sizeof(before), &before);
    stay_on_core(core_);
    std::vector<std::byte> chunk(kChunk);
    const auto begin = Wall::now();
    const auto end = begin + std::chrono::duration_cast<Wall::duration>(duration);
    std::uint64_t arrived = 0;
    do {
      const ssize_t count = ::read(receiver_, chunk.data(), chunk.size());
      CHECK(count > 0);
      arrived += static_cast<std::uint64_t>(count);
    } while (Wall::now() < end);
    const Seconds took = Wall::now() - begin;
    sched_setaffinity(0, sizeof(before), &before);
    return static_cast<double>(arrived) * 8 / took.count() / 1e9;
  }

 private:
  void write() const {
    stay_on_core(core_);
    const std::vector<std::byte> chunk(kChunk, std::byte{0x5a});
    while (::send(sender_, chunk.data(), chunk.size(), MSG_NOSIGNAL) > 0) {
    }
  }

  int sender_, receiver_;
  int core_;
  std::thread writer_;
};

}  // namespace

Entry kernel_tcp_loopback_bulk() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool listens = listener >= 0 && ::bind(listener, generic, size) == 0 &&
                       ::listen(listener, 1) == 0 && ::getsockname(listener, generic, &size) == 0;
  const int sender = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = listens && sender >= 0 && ::connect(sender, generic, size) == 0;
  const int receiver = connected ? ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC) : -1;
  ::close(listener);
  if (receiver < 0) return std::unexpected("no connection over the kernel's loopback device");
  return std::make_unique<LoopbackBulk>(sender, receiver);
}

}  // namespace strata::bench
