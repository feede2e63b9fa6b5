// SPDX-License-Identifier: Apache-2.0
// Connections that move from one transport to another, in the middle of a transfer.
#include <gtest/gtest.h>

#include <vector>

#include "tcp/support/programs.h"

namespace strata::tcp::transport_snapshot_test {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Moved {
  ConnectionSnapshot snapshot;
  std::vector<std::byte> unread;
  std::vector<std::byte> queued;
};

Moved take(const Transport& transport, Handle handle, Time now) {
  Moved moved;
  const auto snapshot = transport.snapshot(handle, now);
  EXPECT_TRUE(snapshot.has_value());
  if (!snapshot) return moved;
  moved.snapshot = *snapshot;
  moved.unread.resize(snapshot->receiver.unread);
  moved.queued.resize(snapshot->sender.queued);
  transport.copy_text(handle, moved.unread, moved.queued);
  return moved;
}

// The server moves while bytes go both ways and some are lost: the client does not notice.
TEST(TransportSnapshot, AConnectionMovesInTheMiddleOfATransfer) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Wire wire(seed,
              {.delay = milliseconds(10), .loss = {seed % 4, 100}, .bytes_per_second = 2'000'000});
    Ends ends = establish(wire);
    Source up(wire, Side::kClient, ends.client, 1, 400'000);
    Sink down_sink(wire, Side::kClient, ends.client, 2);
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    constexpr std::uint64_t kDown = 300'000;
    Host next(kServerAddress, {}, 77, 1500);
    Transport* server = &wire.server.transport;
    bool has_ended = false;
    std::array<std::byte, 4096> buffer;
    const auto serve = [&] {
      while (auto got = server->read(ends.server, buffer, wire.now)) {
        for (std::size_t i = 0; i < *got; ++i) {
          ASSERT_EQ(buffer[i], stream_byte(1, received + i));
        }
        received += *got;
      }
      while (sent < kDown) {
        for (std::size_t i = 0; i < buffer.size(); ++i) buffer[i] = stream_byte(2, sent + i);
        const auto took = server->write(ends.server,
                                        Bytes(buffer).first(static_cast<std::size_t>(
                                            std::min<std::uint64_t>(buffer.size(), kDown - sent))),
                                        wire.now);
        if (!took) break;
        sent += *took;
      }
      if (sent == kDown && !has_ended) {
        has_ended = true;
        ASSERT_TRUE(server->shut_down(ends.server, Transport::Direction::kWrite, wire.now));
      }
    };
    // Until about a third has passed, all of it at one place; then the other one takes over.
    const auto run = [&](auto done) {
      EXPECT_TRUE(wire.run_until([&] {
        up.run();
        down_sink.run();
        serve();
        wire.pump();
        return done();
      }));
    };
    run([&] { return received > 100'000 && down_sink.read() > 80'000; });
    const Moved moved = take(*server, ends.server, wire.now);
    const auto arrived =
        next.transport.restore(moved.snapshot, moved.unread, moved.queued, wire.now);
    ASSERT_TRUE(arrived.has_value());
    EXPECT_EQ(next.transport.restore(moved.snapshot, moved.unread, moved.queued, wire.now).error(),
              Error::kAddressInUse);
    ends.server = *arrived;
    server = &next.transport;
    wire.replace_server(next.transport);
    run([&] { return received == up.written() && up.is_done() && down_sink.is_done(); });
    EXPECT_EQ(down_sink.read(), kDown);
    EXPECT_EQ(received, 400'000U);
  }
}

TEST(TransportSnapshot, OnlyOpenConnectionsMove) {
  Wire wire;
  const Handle client = connect(wire);
  EXPECT_EQ(wire.client.transport.snapshot(client, wire.now).error(), Error::kNotConnected);
  wire.client.transport.abort(client, wire.now);
  wire.pump();
  EXPECT_EQ(wire.client.transport.snapshot(client, wire.now).error(), Error::kInvalidHandle);
}

TEST(TransportSnapshot, AnotherVersionIsRefused) {
  Wire wire;
  const Ends ends = establish(wire);
  Moved moved = take(wire.client.transport, ends.client, wire.now);
  ++moved.snapshot.version;
  Host next(kClientAddress, {}, 77, 1500);
  EXPECT_EQ(next.transport.restore(moved.snapshot, {}, {}, wire.now).error(), Error::kNotSupported);
  --moved.snapshot.version;
  ++moved.snapshot.sender.version;
  EXPECT_FALSE(next.transport.restore(moved.snapshot, {}, {}, wire.now).has_value());
  EXPECT_EQ(next.transport.connections(), 0U);
  EXPECT_EQ(wire.client.transport.handle_at(0), ends.client);
  EXPECT_FALSE(wire.client.transport.handle_at(ends.client.index + 1));
}

}  // namespace
}  // namespace strata::tcp::transport_snapshot_test
