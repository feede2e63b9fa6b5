// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/kernel_stream.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "bench/harness/machine.h"

namespace strata::bench {
namespace {

constexpr std::size_t kChunk = 64U << 10U;
constexpr int kTries = 100'000;
constexpr int kPollMs = 20;  // how soon a pump that has nothing to do sees that it shall end

int make_socket() { return ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

sockaddr_in socket_address(const IpAddress& address) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(KernelStream::kPort);
  result.sin_addr.s_addr = htonl(address.v4_value());
  return result;
}

std::unexpected<std::string> failure(const char* what) {
  return std::unexpected(fmt::format("{}: {}", what, strerror(errno)));
}

void send_small_ones_at_once(int socket) {
  const int on = 1;
  (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

std::ptrdiff_t moved(ssize_t count) {
  if (count > 0) return count;
  return count < 0 && errno == EAGAIN ? 0 : -1;
}

}  // namespace

KernelStream::Made KernelStream::accept(const NetworkNamespace& in, const Meanwhile& meanwhile) {
  const NetworkNamespace::Visit inside(in);
  const KernelStream listener(make_socket());
  const sockaddr_in local = socket_address(IpAddress::any_v4());
  const int on = 1;
  (void)setsockopt(listener.socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (listener.socket_ < 0 ||
      bind(listener.socket_, reinterpret_cast<const sockaddr*>(&local), sizeof(local)) != 0 ||
      listen(listener.socket_, 1) != 0) {
    return failure("listen");
  }
  for (int i = 0; i < kTries; ++i) {
    meanwhile();
    const int accepted = accept4(listener.socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) continue;
    send_small_ones_at_once(accepted);
    return KernelStream(accepted);
  }
  return failure("accept");
}

KernelStream::Made KernelStream::connect(const NetworkNamespace& in, const IpAddress& to,
                                         const Meanwhile& meanwhile) {
  const NetworkNamespace::Visit inside(in);
  KernelStream stream(make_socket());
  if (stream.socket_ < 0) return failure("socket");
  const sockaddr_in remote = socket_address(to);
  for (int i = 0; i < kTries; ++i) {
    const int result =
        ::connect(stream.socket_, reinterpret_cast<const sockaddr*>(&remote), sizeof(remote));
    if (result == 0 || errno == EISCONN) {
      send_small_ones_at_once(stream.socket_);
      return stream;
    }
    if (errno != EINPROGRESS && errno != EALREADY) break;
    meanwhile();
  }
  return failure("connect");
}

KernelStream::KernelStream(KernelStream&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)) {}

KernelStream& KernelStream::operator=(KernelStream&& other) noexcept {
  std::swap(socket_, other.socket_);
  return *this;
}

KernelStream::~KernelStream() {
  if (socket_ >= 0) close(socket_);
}

std::ptrdiff_t KernelStream::write(std::span<const std::byte> bytes) const {
  return moved(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

std::ptrdiff_t KernelStream::read(std::span<std::byte> bytes) const {
  return moved(::recv(socket_, bytes.data(), bytes.size(), 0));
}

KernelPump::KernelPump(const KernelStream& stream, Does does, std::size_t core)
    : stream_(stream), thread_([this, does, core] { run(does, core); }) {}

KernelPump::~KernelPump() {
  stops_ = true;
  thread_.join();
}

void KernelPump::run(Does does, std::size_t core) {
  const Pinned here(core);
  std::vector<std::byte> chunk(kChunk);
  while (!stops_.load(std::memory_order_relaxed)) {
    const std::ptrdiff_t count = does == Does::kWrite ? stream_.write(chunk) : stream_.read(chunk);
    if (count < 0) return;
    if (count == 0) {
      wait(does);
      continue;
    }
    const auto size = static_cast<std::size_t>(count);
    if (does == Does::kEcho && stream_.write(std::span(chunk).first(size)) < 0) return;
    bytes_.fetch_add(size, std::memory_order_relaxed);
  }
}

void KernelPump::wait(Does does) const {
  if (does == Does::kEcho) return;
  pollfd one{.fd = stream_.descriptor(),
             .events = static_cast<short>(does == Does::kWrite ? POLLOUT : POLLIN),
             .revents = 0};
  (void)::poll(&one, 1, kPollMs);
}

}  // namespace strata::bench
