// SPDX-License-Identifier: Apache-2.0
#include "driver/pipe/side.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "driver/runtime_directory.h"

namespace strata::driver::pipe {
namespace {

constexpr const char* kFirst = ".first";
constexpr const char* kSecond = ".second";
constexpr const char* kLink = ".link";

std::unexpected<DeviceError> failure(const std::string& name, const std::string& why,
                                     std::string hint) {
  return std::unexpected(DeviceError{"pipe:" + name + ": " + why, std::move(hint)});
}

std::expected<std::string, DeviceError> path_of(const std::string& name) {
  if (name.empty()) return failure(name, "a pipe needs a name", "as in pipe:link1");
  std::string path = name;
  if (name.find('/') == std::string::npos) {
    const std::string directory = runtime_directory();
    if (directory.empty()) {
      return failure(name, "XDG_RUNTIME_DIR is not set", "give a path, as in pipe:/tmp/link1");
    }
    path = directory + "/pipes/" + name;
    if (const int error = make_private_directory(directory + "/pipes")) {
      return failure(name, directory + "/pipes: " + std::strerror(error), "give a path instead");
    }
  }
  if (path.size() + std::strlen(kLink) >= sizeof(sockaddr_un::sun_path)) {
    return failure(name, "the path " + path + " is too long for a socket", "give a shorter one");
  }
  return path;
}

// The lock, held; -1 with errno EWOULDBLOCK when another process holds it.
int take_lock(const std::string& path) {
  const int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0) return -1;
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
  const int error = errno;
  ::close(lock);
  errno = error;
  return -1;
}

int make_socket() { return ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

int give_up(int socket) {
  const int error = errno;
  ::close(socket);
  errno = error;
  return -1;
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

}  // namespace

std::expected<Side, DeviceError> Side::claim(const std::string& name) {
  auto path = path_of(name);
  if (!path) return std::unexpected(std::move(path).error());
  for (const bool is_first : {true, false}) {
    const int lock = take_lock(*path + (is_first ? kFirst : kSecond));
    if (lock >= 0) return Side(*std::move(path), lock, is_first);
    if (errno != EWOULDBLOCK) {
      return failure(name, *path + ": " + std::strerror(errno),
                     "choose a path in a directory of yours");
    }
  }
  return failure(name, "both of its ends are in use", "use another name");
}

Side::~Side() {
  if (lock_ < 0) return;
  if (is_first_) ::unlink((path_ + kLink).c_str());
  ::close(lock_);
}

int Side::listen() const {
  const std::string path = path_ + kLink;
  const sockaddr_un address = address_of(path);
  const int listener = make_socket();
  if (listener < 0) return -1;
  // What a dead first end left behind: the lock says that there is no living one.
  ::unlink(path.c_str());
  // Nobody can connect before listen(), so the mode is right from the first moment on.
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::fchmodat(AT_FDCWD, path.c_str(), 0600, 0) != 0 || ::listen(listener, 1) != 0) {
    return give_up(listener);
  }
  return listener;
}

int Side::connect() const {
  const sockaddr_un address = address_of(path_ + kLink);
  const int socket = make_socket();
  if (socket < 0) return -1;
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return socket;
  }
  return give_up(socket);
}

}  // namespace strata::driver::pipe
