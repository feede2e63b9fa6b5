// SPDX-License-Identifier: Apache-2.0
// What connections cost that do nothing, counted where the memory comes from.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tcp/support/programs.h"

namespace strata::tcp::transport_memory_test {
namespace {

using namespace std::chrono_literals;
using testing::Side;
using testing::Wire;

constexpr std::uint32_t kConnections = 2000;
constexpr std::size_t kTransferBytes = 64U << 10U;
constexpr Limits kWholeSegments{};

struct Ends {
  Handle client;
  Handle server;
};

TcpConfig config() {
  TcpConfig config;
  config.half_open_max = 2 * kConnections;
  return config;
}

double bytes_each(const Wire& wire, std::size_t before, std::size_t count) {
  const std::size_t used = wire.client.memory.bytes_used() + wire.server.memory.bytes_used();
  return static_cast<double>(used - before) / static_cast<double>(count);
}

// One at a time, so that the wire's log and the pools of both hosts stay small.
class Idle {
 public:
  Idle() {
    wire.filter = [this](Side, Segment& segment) {
      const bool is_lost = loses_next_ && segment.payload_bytes > 0 && ++passed_ == 20;
      if (is_lost) loses_next_ = false;
      return is_lost;
    };
    listener = testing::listen(wire, {}, kConnections);
    before = wire.client.memory.bytes_used() + wire.server.memory.bytes_used();
  }

  void open_all() {
    for (std::uint32_t i = 0; i < kConnections; ++i) {
      Ends ends;
      ends.client = testing::connect(wire);
      ASSERT_TRUE(wire.run_until([&] {
        if (const auto accepted = wire.server.transport.accept(listener, wire.now)) {
          ends.server = *accepted;
        }
        return static_cast<bool>(ends.server);
      }));
      all.push_back(ends);
      wire.log.clear();
    }
  }

  // 64 KB from `from`, of which one segment is lost.
  void transfer(Side from, const Ends& ends) {
    const Handle source = from == Side::kClient ? ends.client : ends.server;
    const Handle sink = from == Side::kClient ? ends.server : ends.client;
    loses_next_ = true;
    passed_ = 0;
    std::size_t written = 0;
    std::size_t read = 0;
    static std::vector<std::byte> bytes(kTransferBytes);
    ASSERT_TRUE(wire.run_until([&] {
      if (written < kTransferBytes) {
        written +=
            wire.transport(from).write(source, Bytes(bytes).subspan(written), wire.now).value_or(0);
      }
      read += wire.transport(other(from)).read(sink, bytes, wire.now).value_or(0);
      return read == kTransferBytes;
    }));
    EXPECT_FALSE(loses_next_);
    wire.log.clear();
  }

  Wire wire{1, {.delay = 1ms}, config(), config()};
  Handle listener;
  std::vector<Ends> all;
  std::size_t before = 0;

 private:
  bool loses_next_ = false;
  int passed_ = 0;
};

TEST(TransportMemory, AnEndpointThatMoved64KilobytesWithALossCosts512BytesAtRest) {
  Idle idle;
  ASSERT_NO_FATAL_FAILURE(idle.open_all());
  for (const Ends& ends : idle.all) {
    ASSERT_NO_FATAL_FAILURE(idle.transfer(Side::kClient, ends));
    ASSERT_NO_FATAL_FAILURE(idle.transfer(Side::kServer, ends));
  }
  idle.wire.run_for(10s);
  const auto info = idle.wire.client.transport.info(idle.all[7].client, idle.wire.now);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->bytes_acknowledged, kTransferBytes);
  EXPECT_EQ(info->bytes_received, kTransferBytes);
  EXPECT_GE(info->recoveries + info->timeouts, 1U);
  const double each = bytes_each(idle.wire, idle.before, 2 * kConnections);
  RecordProperty("bytes", std::to_string(each));
  EXPECT_LE(each, 512.0);
}

TEST(TransportMemory, AHalfOpenConnectionCosts96Bytes) {
  Wire wire(1, {.delay = 1ms}, config(), config());
  (void)testing::listen(wire, {}, kConnections);
  const std::size_t before = wire.client.memory.bytes_used() + wire.server.memory.bytes_used();
  for (std::uint32_t i = 0; i < kConnections; ++i) {
    Segment syn;
    syn.flow = {.local_address = testing::kServerAddress,
                .remote_address = IpAddress::v4(0x0b00'0000U + i),
                .local_port = testing::kServerPort,
                .remote_port = 5000};
    syn.seq = SequenceNumber(i);
    syn.flags = wire::kTcpSyn;
    syn.options.maximum_segment_size = 1460;
    EXPECT_EQ(wire.server.transport.on_segment(std::move(syn), wire.now), DropReason::kNone);
  }
  while (wire.server.transport.next_outgoing(wire.now, kWholeSegments)) {
  }
  ASSERT_EQ(wire.server.transport.half_opens(), kConnections);
  EXPECT_LE(bytes_each(wire, before, kConnections), 96.0);
}

// Beside what tables of a stack have once, however few use them: the first half pays for that.
TEST(TransportMemory, ATimeWaitCosts64Bytes) {
  Idle idle;
  ASSERT_NO_FATAL_FAILURE(idle.open_all());
  const auto end = [&](const Ends& ends) {
    idle.wire.server.transport.close(ends.server, idle.wire.now);
    idle.wire.run_for(4ms);
    idle.wire.client.transport.close(ends.client, idle.wire.now);
    idle.wire.run_for(4ms);
    idle.wire.log.clear();
  };
  for (const Ends& ends : idle.all) end(ends);
  const std::size_t half = idle.wire.server.memory.bytes_used();
  ASSERT_EQ(idle.wire.server.transport.time_waits(), kConnections);
  ASSERT_EQ(idle.wire.server.transport.connections(), 0U);
  idle.all.clear();
  ASSERT_NO_FATAL_FAILURE(idle.open_all());
  for (const Ends& ends : idle.all) end(ends);
  ASSERT_EQ(idle.wire.server.transport.time_waits(), 2 * kConnections);
  ASSERT_EQ(idle.wire.server.transport.connections(), 0U);
  EXPECT_LE(idle.wire.server.memory.bytes_used() - half, 64U * kConnections);
}

TEST(TransportMemory, AProgramThatWantsToBeCalledAddsItsCallbackOnly) {
  Idle idle;
  ASSERT_NO_FATAL_FAILURE(idle.open_all());
  const std::size_t before = idle.wire.client.memory.bytes_used();
  for (const Ends& ends : idle.all) {
    ASSERT_TRUE(idle.wire.client.transport.on_ready(ends.client, [&idle](Readiness) {
      idle.before = 0;  // as a program's would, it captures a pointer
    }));
  }
  const std::size_t callbacks = idle.wire.client.memory.bytes_used() - before;
  EXPECT_LE(callbacks, 42 * kConnections);
  for (const Ends& ends : idle.all) {
    ASSERT_TRUE(idle.wire.client.transport.on_ready(ends.client, nullptr));
  }
  EXPECT_EQ(idle.wire.client.memory.bytes_used(), before);
}

}  // namespace
}  // namespace strata::tcp::transport_memory_test
