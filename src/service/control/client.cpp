// SPDX-License-Identifier: Apache-2.0
#include "service/control/client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "driver/runtime_directory.h"
#include "service/control/socket.h"

namespace strata::service {
namespace {

constexpr timeval kPatience{.tv_sec = 10, .tv_usec = 0};
// Longer than the longest status; what has no end is not from a stack.
constexpr std::size_t kLineBytesMax = std::size_t{16} << 20U;

void set_patience(int descriptor, const timeval& patience) {
  // On a socket that is open this cannot fail.
  static_cast<void>(::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
}

}  // namespace

Outcome<std::unique_ptr<ControlClient>> ControlClient::connect(const std::string& path) {
  const auto descriptor = connect_to_unix_socket(path);
  if (!descriptor) return std::unexpected(descriptor.error());
  return std::unique_ptr<ControlClient>(new ControlClient(*descriptor));
}

Outcome<std::unique_ptr<ControlClient>> ControlClient::connect_to_running(const std::string& path) {
  if (!path.empty()) return connect(path);
  auto found = find_control_path(driver::runtime_directory());
  if (!found) return std::unexpected(std::move(found).error());
  return connect(*found);
}

void ControlClient::end_reading() const {
  const int before = errno;
  ::shutdown(descriptor_, SHUT_RD);
  errno = before;
}

ControlClient::~ControlClient() { ::close(descriptor_); }

Outcome<std::string> ControlClient::ask(const ControlRequest& wanted) {
  const std::string request = control_request(wanted);
  const ssize_t sent = ::send(descriptor_, request.data(), request.size(), MSG_NOSIGNAL);
  // A stack that has closed already said why before.
  const bool is_closed = sent < 0 && errno == EPIPE;
  if (!is_closed && sent != static_cast<ssize_t>(request.size())) {
    return failed(fmt::format("the stack does not take requests: {}", std::strerror(errno)));
  }
  set_patience(descriptor_, kPatience);
  auto line = next_line();
  set_patience(descriptor_, timeval{});
  if (!line) return std::unexpected(std::move(line).error());
  if (!*line) return failed("the stack closed the connection without an answer");
  return **std::move(line);
}

Outcome<std::optional<std::string>> ControlClient::next_line() {
  std::size_t searched = 0;
  for (;;) {
    const std::size_t end = in_.find('\n', searched);
    if (end != std::string::npos) {
      std::string line = in_.substr(0, end);
      in_.erase(0, end + 1);
      return line;
    }
    searched = in_.size();
    if (in_.size() > kLineBytesMax) return failed("the answer has no end");
    std::array<char, 65'536> buffer;
    const ssize_t count = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    // What came just before the signal is still there, and after end_reading() its end.
    if (count < 0 && errno == EINTR) continue;
    // A stack that ends resets what it has not read yet.
    if (count == 0 || (count < 0 && errno == ECONNRESET)) return std::nullopt;
    if (count < 0 && errno == EAGAIN) return failed("the stack did not answer in time");
    if (count < 0) return failed(std::strerror(errno));
    in_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace strata::service
