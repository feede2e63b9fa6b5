// SPDX-License-Identifier: Apache-2.0
#include "service/control/socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include "driver/runtime_directory.h"

namespace strata::service {
namespace {

constexpr int kBacklog = 64;

std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return std::nullopt;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

std::unexpected<Failure> fault(const std::string& path, int error) {
  return failed(fmt::format("control socket {}: {}", path, std::strerror(error)));
}

bool is_answered(const sockaddr_un& address) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  const int status = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  // Somebody who is stopped, and has many calls waiting, lives all the same.
  const bool is_alive = status == 0 || errno == EAGAIN;
  ::close(probe);
  return is_alive;
}

// What a process that was killed left behind.
bool is_dead(const std::string& path) {
  const auto address = address_of(path);
  return address && !is_answered(*address);
}

bool is_socket(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

Outcome<void> make_directory_for(const std::string& path) {
  const int error = driver::make_private_directory(std::filesystem::path(path).parent_path());
  if (error != 0) return fault(path, error);
  return {};
}

}  // namespace

std::string control_path_of(std::string_view name) {
  const std::string directory = driver::runtime_directory();
  return directory.empty() ? "" : fmt::format("{}/{}.sock", directory, name);
}

Outcome<std::string> find_control_path(const std::string& directory) {
  std::vector<std::string> found;
  std::error_code error;
  if (!directory.empty()) {
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
      if (entry.path().extension() == ".sock") found.push_back(entry.path().string());
    }
  }
  if (found.size() > 1) std::erase_if(found, is_dead);
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return failed("no running stack was found", "start one with: strata up");
  }
  std::string list;
  for (const std::string& path : found) list += " " + path;
  return failed("several stacks are running:" + list, "choose one with --control PATH");
}

Outcome<int> listen_on_unix_socket(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return failed(fmt::format("control socket {}: the path is too long", path));
  if (auto made = make_directory_for(path); !made) return std::unexpected(std::move(made).error());
  if (is_socket(path)) {
    if (is_answered(*address)) {
      return failed(fmt::format("control socket {}: another stack answers there", path),
                    "stop that one, or give another path with --control PATH");
    }
    ::unlink(path.c_str());
  }
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) return fault(path, errno);
  // Nobody can connect before listen(), so the mode is right from the first moment on.
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(listener, kBacklog) != 0) {
    const int error = errno;
    ::close(listener);
    return fault(path, error);
  }
  return listener;
}

Outcome<int> connect_to_unix_socket(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return failed(fmt::format("control socket {}: the path is too long", path));
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return fault(path, errno);
  // A stack that is stopped lets nobody in, for ever.
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  static_cast<void>(::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)));
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0) {
    const int error = errno;
    ::close(socket);
    if (error == EAGAIN) {
      return failed(fmt::format("control socket {}: the stack does not answer", path));
    }
    if (error == ENOENT || error == ECONNREFUSED) {
      return failed(fmt::format("control socket {}: no stack answers there", path),
                    "start one with: strata up");
    }
    return fault(path, error);
  }
  return socket;
}

}  // namespace strata::service
