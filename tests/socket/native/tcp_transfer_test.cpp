// SPDX-License-Identifier: Apache-2.0
// Ways to write and read that are no plain write and read: parts, packets, peeking, urgent bytes.
#include "strata/tcp_stream.h"

#include <gtest/gtest.h>

#include <array>

#include "socket/native/tcp_pair.h"

namespace strata::tcp_transfer_test {
namespace {

using namespace support;

class TcpTransfer : public testing::Test {
 protected:
  Time now() const { return pair.ours.now; }
  TcpPair pair;
};

TEST_F(TcpTransfer, GathersParts) {
  auto [client, server] = pair.open();
  const Frame first = text("one");
  const Frame last = text("two");
  const std::array<Bytes, 4> parts{first.all(), Bytes{}, last.all(), Bytes{}};
  EXPECT_EQ(client.write(parts, now()), 6U);
  pair.settle();
  EXPECT_EQ(pair.read(server), text("onetwo"));
  EXPECT_EQ(client.write(std::span<const Bytes>{}, now()), 0U);
}

TEST_F(TcpTransfer, HoldsBackWhatMoreWillFollow) {
  auto [client, server] = pair.open();
  EXPECT_TRUE(client.write(text("first ").all(), now(), true));
  pair.settle();
  EXPECT_EQ(pair.end_of(server), Error::kWouldBlock);
  EXPECT_TRUE(client.write(text("second").all(), now()));
  pair.settle();
  EXPECT_EQ(pair.read(server), text("first second"));
}

TEST_F(TcpTransfer, TakesAndGivesPacketsWithoutACopy) {
  auto [client, server] = pair.open();
  const Frame payload = pattern(1000);
  PacketPtr packet = pair.ours.pool.allocate_for(payload.size());
  copy_bytes(payload.all(), packet->append(payload.size()));
  ASSERT_TRUE(client.write_packet(packet, now()));
  EXPECT_EQ(packet, nullptr) << "it is the stream's now";
  EXPECT_EQ(client.write_packet(packet, now()).error(), Error::kInvalidArgument);
  pair.settle();
  Frame got;
  for (auto slices = server.read_packet(300, now()); slices;
       slices = server.read_packet(300, now())) {
    EXPECT_LE((*slices)->size(), 300U);
    Frame part((*slices)->size());
    (*slices)->copy_out(0, part.writable());
    got = got + part;
  }
  EXPECT_EQ(got, payload);
  EXPECT_EQ(server.read_packet(300, now()).error(), Error::kWouldBlock);
}

// All or nothing: what does not fit is still the caller's.
TEST_F(TcpTransfer, LeavesAPacketItHasNoRoomFor) {
  auto [client, server] = pair.open({.options = {.send_buffer = 8192}});
  bool was_refused = false;
  for (int i = 0; i < 1000 && !was_refused; ++i) {
    PacketPtr packet = pair.ours.pool.allocate_for(1000);
    ASSERT_NE(packet, nullptr);
    (void)packet->append(1000);
    const auto took = client.write_packet(packet, now());
    was_refused = !took;
    if (took) continue;
    EXPECT_EQ(took.error(), Error::kWouldBlock);
    ASSERT_NE(packet, nullptr);
    EXPECT_EQ(packet->size(), 1000U);
  }
  EXPECT_TRUE(was_refused);
  EXPECT_FALSE(client.readiness()->writable);
}

TEST_F(TcpTransfer, PeeksWithoutTaking) {
  auto [client, server] = pair.open();
  std::array<std::byte, 3> buffer{};
  EXPECT_EQ(server.peek(0, buffer).error(), Error::kWouldBlock);
  ASSERT_TRUE(pair.write(client, text("abcdef")));
  pair.settle();
  EXPECT_EQ(server.peek(0, buffer), 3U);
  EXPECT_EQ(Frame(Bytes(buffer)), text("abc"));
  EXPECT_EQ(server.peek(4, buffer), 2U);
  EXPECT_EQ(Frame(Bytes(buffer).first(2)), text("ef"));
  EXPECT_EQ(server.peek(6, buffer).error(), Error::kWouldBlock);
  EXPECT_EQ(pair.read(server), text("abcdef"));
}

TEST_F(TcpTransfer, PeekingTakesNoErrorFromWhoReads) {
  auto [client, server] = pair.open();
  std::array<std::byte, 3> buffer{};
  client.abort(now());
  pair.settle();
  EXPECT_EQ(server.peek(0, buffer).error(), Error::kConnectionReset);
  EXPECT_EQ(server.peek(0, buffer).error(), Error::kConnectionReset);
  EXPECT_EQ(server.read(buffer, now()).error(), Error::kConnectionReset);
  EXPECT_EQ(server.peek(0, buffer).error(), Error::kClosed);
}

TEST_F(TcpTransfer, PeekingFindsTheEndThatReadingFinds) {
  auto [client, server] = pair.open();
  std::array<std::byte, 3> buffer{};
  ASSERT_TRUE(server.shut_down(TcpShutdown::kRead, now()));
  EXPECT_EQ(server.peek(0, buffer).error(), Error::kClosed);
  EXPECT_EQ(server.read(buffer, now()).error(), Error::kClosed);
}

// RFC 6093: the one urgent byte stands beside the stream, and the mark shows where it was.
TEST_F(TcpTransfer, TakesTheUrgentByteAside) {
  auto [client, server] = pair.open();
  EXPECT_EQ(server.read_urgent().error(), Error::kInvalidArgument);
  ASSERT_TRUE(pair.write(client, text("ab")));
  EXPECT_EQ(client.write_urgent(text("c!").all(), now()), 2U);
  ASSERT_TRUE(pair.write(client, text("de")));
  pair.settle();
  EXPECT_EQ(server.read_urgent(), std::byte{'!'});
  EXPECT_EQ(server.at_urgent_mark(), false);
  EXPECT_EQ(pair.read(server), text("abc")) << "reading stops at the mark";
  EXPECT_EQ(server.at_urgent_mark(), true);
  EXPECT_EQ(pair.read(server), text("de"));
  EXPECT_EQ(server.at_urgent_mark(), false);
}

TEST_F(TcpTransfer, KeepsTheUrgentByteInlineWhenAsked) {
  auto [client, server] = pair.open();
  ASSERT_TRUE(server.set_options({.urgent_inline = true}, now()));
  EXPECT_EQ(client.write_urgent(text("a!").all(), now()), 2U);
  pair.settle();
  EXPECT_EQ(server.read_urgent().error(), Error::kInvalidArgument);
  Frame all;
  for (Frame part = pair.read(server); !part.empty(); part = pair.read(server)) all = all + part;
  EXPECT_EQ(all, text("a!"));
}

}  // namespace
}  // namespace strata::tcp_transfer_test
