// SPDX-License-Identifier: Apache-2.0
// HostEnd: a socket of the kernel on its loopback, for tests of what meets the host's sockets.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace strata::service {

// A socket of the host on its loopback; calls on it do not block.
class HostEnd {
 public:
  explicit HostEnd(int type) : descriptor_(::socket(AF_INET, type | SOCK_NONBLOCK, 0)) {
    const sockaddr_in address = loopback(0);
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    if (type == SOCK_STREAM) ::listen(descriptor_, 4);
  }
  explicit HostEnd(std::nullptr_t) {}
  ~HostEnd() { close(); }
  HostEnd(const HostEnd&) = delete;
  HostEnd& operator=(const HostEnd&) = delete;

  [[nodiscard]] int get() const { return descriptor_; }
  void take(int descriptor) {
    close();
    descriptor_ = descriptor;
  }
  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }
  [[nodiscard]] std::uint16_t port() const {
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }
  bool accept_from(const HostEnd& listener) {
    const int accepted = ::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK);
    if (accepted >= 0) take(accepted);
    return accepted >= 0;
  }
  // "": nothing is there; nothing at all: the end.
  [[nodiscard]] std::optional<std::string> read() const {
    std::string text(4096, '\0');
    const ssize_t count = ::recv(descriptor_, text.data(), text.size(), 0);
    if (count == 0) return std::nullopt;
    text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return text;
  }
  // A datagram, and the port of loopback that it came from.
  struct Letter {
    std::string text;
    std::uint16_t port = 0;
  };
  [[nodiscard]] std::optional<Letter> receive() const {
    std::string text(65'536, '\0');
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    const ssize_t count = ::recvfrom(descriptor_, text.data(), text.size(), 0,
                                     reinterpret_cast<sockaddr*>(&from), &size);
    if (count < 0) return std::nullopt;
    text.resize(static_cast<std::size_t>(count));
    return Letter{std::move(text), ntohs(from.sin_port)};
  }
  void send_to(std::uint16_t port, const std::string& text) const {
    const sockaddr_in to = loopback(port);
    EXPECT_EQ(::sendto(descriptor_, text.data(), text.size(), 0,
                       reinterpret_cast<const sockaddr*>(&to), sizeof(to)),
              std::ssize(text));
  }
  void write(const std::string& text) const {
    EXPECT_EQ(::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL), std::ssize(text));
  }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  int descriptor_ = -1;
};

// Leaves this process so many descriptors and no more, until it goes.
class FewDescriptors {
 public:
  explicit FewDescriptors(std::size_t spare) {
    ::getrlimit(RLIMIT_NOFILE, &former_);
    rlimit few = former_;
    few.rlim_cur = std::min<rlim_t>(few.rlim_cur, 1024);
    ::setrlimit(RLIMIT_NOFILE, &few);
    for (int taken = ::dup(STDERR_FILENO); taken >= 0; taken = ::dup(STDERR_FILENO)) {
      taken_.push_back(taken);
    }
    for (; spare > 0 && !taken_.empty(); --spare) {
      ::close(taken_.back());
      taken_.pop_back();
    }
  }
  ~FewDescriptors() {
    for (const int taken : taken_) ::close(taken);
    ::setrlimit(RLIMIT_NOFILE, &former_);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit former_{};
  std::vector<int> taken_;
};

}  // namespace strata::service
