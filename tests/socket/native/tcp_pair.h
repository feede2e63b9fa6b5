// SPDX-License-Identifier: Apache-2.0
// TcpPair: two stacks on one link, a listener at the far one, and streams between them.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include "strata/tcp_listener.h"
#include "strata/tcp_stream.h"
#include "support/bench.h"

namespace strata::support {

inline constexpr std::uint16_t kServerPort = 80;

// What take_error() tells, once.
[[nodiscard]] inline std::optional<Error> failure_of(TcpStream& stream) {
  const auto told = stream.take_error();
  EXPECT_TRUE(told);
  return told ? *told : std::nullopt;
}

class TcpPair {
 public:
  struct Streams {
    TcpStream client;
    TcpStream server;
  };

  explicit TcpPair(const TcpListenOptions& listening = {}, const BenchOptions& options = {})
      : ours(options),
        theirs(options),
        their_device({.mac = kPeerMac}),
        listener(prepare(listening)) {}

  // Until neither stack has anything more to say now.
  void settle() { carry(ours, ours.device, theirs, their_device); }
  // Both clocks run, stopping at every deadline.
  void run_for(Duration duration) {
    const Time end = ours.now + duration;
    for (settle(); ours.now < end; settle()) {
      Time next = end;
      for (const Bench* bench : {static_cast<Bench*>(&ours), &theirs}) {
        if (const auto deadline = bench->stack.next_deadline()) next = std::min(next, *deadline);
      }
      ours.now = theirs.now = std::max(next, ours.now);
      if (testing::Test::HasFatalFailure()) return;
    }
  }

  TcpStream connect(const TcpConnectOptions& options = {}) {
    auto made = TcpStream::connect(ours.stack, {ours.peer4, kServerPort}, options, ours.now);
    EXPECT_TRUE(made) << to_text(made.error());
    return std::move(*made);
  }
  Streams open(const TcpConnectOptions& options = {}) {
    TcpStream client = connect(options);
    settle();
    auto server = listener.accept(theirs.now);
    EXPECT_TRUE(server) << to_text(server.error());
    return {std::move(client), std::move(*server)};
  }
  // As much as there is, up to so many bytes.
  Frame read(TcpStream& stream, std::size_t bytes_max = 1U << 20U) {
    Frame buffer(bytes_max);
    const auto count = stream.read(buffer.writable(), ours.now);
    return Frame(buffer.all().first(count.value_or(0)));
  }
  // Why there is nothing to read.
  Error end_of(TcpStream& stream) {
    std::byte one{};
    const auto count = stream.read({&one, 1}, ours.now);
    EXPECT_FALSE(count) << "there was something to read";
    return count ? Error::kIo : count.error();
  }
  bool write(TcpStream& stream, const Frame& text) {
    const auto count = stream.write(text.all(), ours.now);
    return count && *count == text.size();
  }

  Host ours;
  Bench theirs;
  TestDevice their_device;
  TcpListener listener;

 private:
  TcpListener prepare(const TcpListenOptions& listening) {
    theirs.now = ours.now - Duration(10s);
    const InterfaceId eth0 = theirs.add(their_device);
    for (const char* own : {"10.0.0.2/24", "fd00::2/64"}) {
      EXPECT_TRUE(theirs.stack.add_address(eth0, prefix(own), theirs.now));
    }
    for (const IpAddress& peer : {ours.own4, ours.own6}) {
      EXPECT_TRUE(theirs.stack.add_neighbor(eth0, peer, kOurMac, theirs.now));
    }
    theirs.run_for(10s);
    (void)their_device.take_sent();
    auto made = TcpListener::listen(theirs.stack, {IpAddress::any_v6(), kServerPort}, listening);
    EXPECT_TRUE(made);
    return std::move(*made);
  }
};

}  // namespace strata::support
