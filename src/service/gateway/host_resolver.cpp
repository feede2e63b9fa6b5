// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/host_resolver.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <utility>

namespace strata::service {
namespace {

constexpr Duration kResolverLookEvery = std::chrono::seconds(1);

std::int64_t nanoseconds(const timespec& time) {
  constexpr std::int64_t kInASecond = 1'000'000'000;
  return std::int64_t{time.tv_sec} * kInASecond + time.tv_nsec;
}

// To Linux the unspecified address is this host.
IpAddress reached_as(const IpAddress& server) {
  if (!server.is_unspecified()) return server;
  return server.is_v4() ? IpAddress::v4(127, 0, 0, 1) : IpAddress::v6(0, 1);
}

std::optional<IpAddress> first_server(std::istream& file) {
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string key, value;
    if (!(words >> key >> value) || key != "nameserver") continue;
    // A zone names a link of the host's that we could not say.
    if (const auto address = IpAddress::parse(value)) return reached_as(*address);
  }
  return std::nullopt;
}

}  // namespace

HostResolver::HostResolver(std::string path) : path_(std::move(path)), seen_(mark()) { read(); }

void HostResolver::look(Time now) {
  if (now < next_look_) return;
  next_look_ = now + kResolverLookEvery;
  const auto found = mark();
  if (!found || found == seen_) return;
  // Marked as it was before it is read: what is written meanwhile is seen the next time.
  seen_ = found;
  read();
}

std::optional<HostResolver::Mark> HostResolver::mark() const {
  struct stat state{};
  if (::stat(path_.c_str(), &state) != 0) return std::nullopt;
  return Mark{state.st_dev, state.st_ino, state.st_size, nanoseconds(state.st_mtim),
              nanoseconds(state.st_ctim)};
}

void HostResolver::read() {
  std::ifstream file(path_);
  if (file) address_ = first_server(file);
}

}  // namespace strata::service
