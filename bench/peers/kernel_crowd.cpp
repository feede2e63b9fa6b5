// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/kernel_crowd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>
#include <vector>

#include "bench/harness/timing.h"
#include "bench/peers/network_namespace.h"
#include "strata/check.h"
#include "strata/rng.h"

namespace strata::bench {
namespace {

struct Descriptors {
  int client = -1, server = -1;
};

class KernelCrowd final : public Contestant {
 public:
  KernelCrowd(NetworkNamespace home, std::vector<Descriptors> connections, std::size_t at_once)
      : home_(std::move(home)), connections_(std::move(connections)), chosen_(at_once) {}
  ~KernelCrowd() override {
    for (const Descriptors& each : connections_) {
      ::close(each.client);
      ::close(each.server);
    }
  }
  double measure(Seconds duration) override {
    return run_for(duration, [this] { return turn(); }).nanoseconds_each();
  }

 private:
  std::uint64_t turn() {
    for (const Descriptors*& chosen : chosen_) {
      chosen = &connections_[static_cast<std::size_t>(rng_.below(connections_.size()))];
      STRATA_CHECK(::send(chosen->client, message_.data(), message_.size(), MSG_NOSIGNAL) > 0);
    }
    std::uint64_t arrived = 0;
    for (const Descriptors* chosen : chosen_) {
      const ssize_t count = ::recv(chosen->server, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (count > 0) arrived += static_cast<std::uint64_t>(count);
    }
    return arrived / message_.size();
  }

  NetworkNamespace home_;
  std::vector<Descriptors> connections_;
  std::vector<const Descriptors*> chosen_;
  Rng rng_{7};
  std::array<std::byte, 1024> message_{};
  std::array<std::byte, 64U << 10U> buffer_{};
};

bool allows_descriptors(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  limit.rlim_cur = limit.rlim_max;
  return limit.rlim_max >= wanted && ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

int listening(sockaddr_in& address) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool listens = listener >= 0 && ::bind(listener, generic, size) == 0 &&
                       ::listen(listener, 16) == 0 && ::getsockname(listener, generic, &size) == 0;
  if (listens) return listener;
  ::close(listener);
  return -1;
}

// Fewer than asked for when something did not work.
std::vector<Descriptors> connect_all(std::size_t count) {
  std::vector<Descriptors> made;
  sockaddr_in address{};
  const int listener = listening(address);
  for (std::size_t i = 0; i < count && listener >= 0; ++i) {
    Descriptors each;
    each.client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool connected =
        each.client >= 0 &&
        ::connect(each.client, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    if (connected) each.server = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    made.push_back(each);
    if (each.server < 0) break;
  }
  ::close(listener);
  return made;
}

}  // namespace

Entry kernel_crowd(std::size_t connections, std::size_t at_once) {
  constexpr std::size_t kOthers = 64;  // descriptors of this process for other things
  if (!allows_descriptors(2 * connections + kOthers)) {
    return std::unexpected("RLIMIT_NOFILE does not allow for as many sockets");
  }
  auto home = NetworkNamespace::make();
  if (!home) return std::unexpected(home.error());
  const NetworkNamespace::Visit visit(*home);
  std::vector<Descriptors> made = connect_all(connections);
  const bool is_complete = made.size() == connections && made.back().server >= 0;
  auto crowd = std::make_unique<KernelCrowd>(std::move(*home), std::move(made), at_once);
  if (!is_complete) return std::unexpected("the kernel's loopback device refused a connection");
  return crowd;
}

}  // namespace strata::bench
