// SPDX-License-Identifier: Apache-2.0
// Programs for both ends of a Wire: they open connections, write a known stream and compare it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "tcp/support/wire.h"

namespace strata::tcp::testing {

// The byte of a stream at a place: differs between streams, and between neighbours.
[[nodiscard]] constexpr std::byte stream_byte(std::uint64_t stream, std::uint64_t offset) {
  const std::uint64_t mixed = (offset + stream * 7919) * 0x9e37'79b9'7f4a'7c15U;
  return static_cast<std::byte>(mixed >> 56U);
}

struct Ends {
  Handle listener;
  Handle client;
  Handle server;
};

inline Handle listen(Wire& wire, const TcpSocketOptions& options = {}, std::uint32_t backlog = 128,
                     std::uint16_t port = kServerPort) {
  const auto listener = wire.server.transport.listen(
      {.local = {kServerAddress, port}, .binding = {}, .backlog = backlog, .options = options});
  EXPECT_TRUE(listener.has_value());
  return listener.value_or(Handle{});
}

inline Handle connect(Wire& wire, const TcpSocketOptions& options = {},
                      std::uint16_t port = kServerPort, Bytes first_data = {}) {
  const auto handle = wire.client.transport.connect({.flow = {.local_address = kClientAddress,
                                                              .remote_address = kServerAddress,
                                                              .local_port = 0,
                                                              .remote_port = port},
                                                     .binding = {},
                                                     .mtu = wire.config().mtu,
                                                     .options = options,
                                                     .first_data = first_data},
                                                    wire.now);
  EXPECT_TRUE(handle.has_value());
  // What did not go with the SYN is the program's to write.
  const auto info = wire.client.transport.info(*handle, wire.now);
  const Bytes rest = first_data.subspan(info ? info->not_sent : 0);
  if (!rest.empty()) {
    EXPECT_TRUE(wire.client.transport.write(*handle, rest, wire.now).has_value());
  }
  return handle.value_or(Handle{});
}

// Both ends of a new connection; the server side is false when it did not come about.
inline Ends establish(Wire& wire, const TcpSocketOptions& client_options = {},
                      const TcpSocketOptions& server_options = {}) {
  Ends ends;
  ends.listener = listen(wire, server_options);
  ends.client = connect(wire, client_options);
  (void)wire.run_until([&] {
    if (const auto accepted = wire.server.transport.accept(ends.listener, wire.now)) {
      ends.server = *accepted;
    }
    return static_cast<bool>(ends.server);
  });
  EXPECT_TRUE(ends.server);
  return ends;
}

// Writes `total` bytes of a stream as room comes, then ends its direction.
class Source {
 public:
  Source(Wire& wire, Side side, Handle handle, std::uint64_t stream, std::uint64_t total)
      : wire_(wire), side_(side), handle_(handle), stream_(stream), total_(total) {}

  // True when it got something done.
  bool run(std::size_t chunk = 16384) {
    bool did_something = false;
    while (written_ < total_) {
      std::vector<std::byte> bytes(
          static_cast<std::size_t>(std::min<std::uint64_t>(chunk, total_ - written_)));
      for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = stream_byte(stream_, written_ + i);
      const auto took = transport().write(handle_, bytes, wire_.now);
      if (!took) {
        if (took.error() != Error::kWouldBlock && took.error() != Error::kInProgress) {
          failure_ = took.error();
        }
        return did_something;
      }
      did_something = true;
      written_ += *took;
      if (*took < bytes.size()) return true;
    }
    if (!ended_) {
      ended_ = true;
      did_something = true;
      EXPECT_TRUE(transport().shut_down(handle_, Transport::Direction::kWrite, wire_.now));
    }
    return did_something;
  }
  [[nodiscard]] bool is_done() const { return ended_; }
  [[nodiscard]] std::uint64_t written() const { return written_; }
  [[nodiscard]] std::optional<Error> failure() const { return failure_; }

 private:
  [[nodiscard]] Transport& transport() { return wire_.host(side_).transport; }

  Wire& wire_;
  Side side_;
  Handle handle_;
  std::uint64_t stream_;
  std::uint64_t total_;
  std::uint64_t written_ = 0;
  bool ended_ = false;
  std::optional<Error> failure_;
};

// Reads a stream and compares every byte.
class Sink {
 public:
  Sink(Wire& wire, Side side, Handle handle, std::uint64_t stream)
      : wire_(wire), side_(side), handle_(handle), stream_(stream) {}

  bool run(std::size_t bytes_max = SIZE_MAX) {
    std::array<std::byte, 16384> buffer;
    bool did_something = false;
    while (bytes_max > 0 && !ended_ && !failure_) {
      const auto got = wire_.host(side_).transport.read(
          handle_, MutableBytes(buffer).first(std::min(buffer.size(), bytes_max)), wire_.now);
      if (!got) {
        if (got.error() == Error::kClosed) {
          ended_ = true;
          return true;
        }
        if (got.error() != Error::kWouldBlock) failure_ = got.error();
        return did_something;
      }
      did_something = true;
      bytes_max -= *got;
      for (std::size_t i = 0; i < *got; ++i) {
        if (buffer[i] == stream_byte(stream_, read_ + i)) continue;
        ADD_FAILURE() << "byte " << read_ + i << " of stream " << stream_ << " differs";
        failure_ = Error::kCorrupted;
        return true;
      }
      read_ += *got;
    }
    return did_something;
  }
  [[nodiscard]] bool is_done() const { return ended_; }
  [[nodiscard]] std::uint64_t read() const { return read_; }
  [[nodiscard]] std::optional<Error> failure() const { return failure_; }

 private:
  Wire& wire_;
  Side side_;
  Handle handle_;
  std::uint64_t stream_;
  std::uint64_t read_ = 0;
  bool ended_ = false;
  std::optional<Error> failure_;
};

}  // namespace strata::tcp::testing
