// SPDX-License-Identifier: Apache-2.0
// HostSocket: an ordinary socket of the host, watched by the loop. Never blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <utility>

#include "strata/address.h"
#include "strata/bytes.h"
#include "strata/loop.h"

namespace strata::service {

class HostSocket {
 public:
  enum class Kind : std::uint8_t { kStream, kDatagram, kEcho };
  // What a call did: bytes, or an errno.
  using Moved = std::expected<std::size_t, int>;
  // Of a datagram: whose it is, and which address of the host it came to or leaves from.
  struct Addresses {
    Endpoint remote;
    IpAddress local;
  };
  struct Received {
    std::size_t size = 0;
    Addresses addresses{};
  };
  // What the network told of a datagram that was sent to `remote`.
  struct Undelivered {
    Endpoint remote;
    std::size_t size = 0;  // of the datagram, as far as it was told
    int error = 0;         // an errno; 0: this host told it, and has said so to the sender
  };

  HostSocket() = default;
  explicit HostSocket(int descriptor) : descriptor_(descriptor) {}
  // Connected; a stream may be on the way there still: finish_connecting() tells.
  [[nodiscard]] static std::expected<HostSocket, int> connect(Kind kind, const Endpoint& remote);
  [[nodiscard]] static std::expected<HostSocket, int> listen(const Endpoint& local);
  // For datagrams of anybody.
  [[nodiscard]] static std::expected<HostSocket, int> bind(const Endpoint& local);
  // For datagrams to anybody, from a port that the host draws with the first of them, and of
  // anybody to that port. Errors tell which of them they are about: undelivered().
  [[nodiscard]] static std::expected<HostSocket, int> roam(bool is_v4);
  // Good for nothing but to be closed when a descriptor is needed.
  [[nodiscard]] static HostSocket spare();
  HostSocket(HostSocket&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)),
        loop_(std::exchange(other.loop_, nullptr)) {}
  HostSocket& operator=(HostSocket&& other) noexcept {
    if (this == &other) return *this;
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
    loop_ = std::exchange(other.loop_, nullptr);
    return *this;
  }
  ~HostSocket() { close(); }

  // Tells every change to readable or writable once, until close() or unwatch(): read and write
  // until they have nothing more. False when the loop could not take it.
  [[nodiscard]] bool watch(Loop& loop, Loop::OnReady on_ready);
  void unwatch();

  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  // 0, or the errno of the connection that failed; EINPROGRESS while it is under way.
  [[nodiscard]] int finish_connecting() const;
  [[nodiscard]] std::expected<std::pair<HostSocket, Endpoint>, int> accept() const;

  // kStream: 0 bytes read is the end.
  [[nodiscard]] Moved read(MutableBytes bytes) const;
  [[nodiscard]] Moved write(std::span<const Bytes> parts) const;
  [[nodiscard]] std::expected<Received, int> receive(MutableBytes bytes) const;
  [[nodiscard]] Moved send(Bytes bytes, const Addresses& addresses) const;
  [[nodiscard]] Moved send_to(Bytes bytes, const Endpoint& remote) const;
  // The next error that waits, with as much of its datagram as there is room for; EAGAIN: none.
  [[nodiscard]] std::expected<Undelivered, int> undelivered(MutableBytes bytes) const;
  void finish_writing() const;
  // The other end is told by a reset.
  void abort();
  void close();

 private:
  int descriptor_ = -1;
  Loop* loop_ = nullptr;
};

}  // namespace strata::service
