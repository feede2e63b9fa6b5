// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/network_namespace.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "strata/check.h"

namespace strata::bench {
namespace {

constexpr const char* kOwnNamespace = "/proc/thread-self/ns/net";

int open_own() { return open(kOwnNamespace, O_RDONLY | O_CLOEXEC); }

}  // namespace

std::expected<NetworkNamespace, std::string> NetworkNamespace::make() {
  const int home = open_own();
  if (home < 0) return std::unexpected(fmt::format("{}: {}", kOwnNamespace, strerror(errno)));
  if (unshare(CLONE_NEWNET) != 0) {
    const int why = errno;
    close(home);
    return std::unexpected(fmt::format("a network namespace needs root ({})", strerror(why)));
  }
  const int made = open_own();
  STRATA_CHECK(setns(home, CLONE_NEWNET) == 0);
  close(home);
  if (made < 0) return std::unexpected(fmt::format("{}: {}", kOwnNamespace, strerror(errno)));
  NetworkNamespace result(made);
  if (!result.run("ip link set lo up")) return std::unexpected("ip(8) is missing or failed");
  return result;
}

NetworkNamespace::NetworkNamespace(NetworkNamespace&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

NetworkNamespace& NetworkNamespace::operator=(NetworkNamespace&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

NetworkNamespace::~NetworkNamespace() {
  if (descriptor_ >= 0) close(descriptor_);
}

NetworkNamespace::Visit::Visit(const NetworkNamespace& visited) : home_(open_own()) {
  STRATA_CHECK(home_ >= 0 && setns(visited.descriptor_, CLONE_NEWNET) == 0);
}

NetworkNamespace::Visit::~Visit() {
  STRATA_CHECK(setns(home_, CLONE_NEWNET) == 0);
  close(home_);
}

bool NetworkNamespace::run(const std::string& command) const {
  const Visit inside(*this);
  return std::system(("{ " + command + "; } >/dev/null 2>&1").c_str()) == 0;
}

std::string NetworkNamespace::path() const {
  return fmt::format("/proc/{}/fd/{}", getpid(), descriptor_);
}

std::expected<VethPair, std::string> VethPair::make() {
  auto first = NetworkNamespace::make();
  if (!first) return std::unexpected(first.error());
  auto second = NetworkNamespace::make();
  if (!second) return std::unexpected(second.error());
  const bool joined =
      first->run("ip link add veth0 type veth peer name veth1 && ip link set veth1 netns " +
                 second->path()) &&
      first->run("ip address add 10.79.0.1/24 dev veth0 && ip link set veth0 up") &&
      second->run("ip address add 10.79.0.2/24 dev veth1 && ip link set veth1 up");
  if (!joined) return std::unexpected("the kernel made no veth pair");
  return VethPair{std::move(*first), std::move(*second)};
}

}  // namespace strata::bench
