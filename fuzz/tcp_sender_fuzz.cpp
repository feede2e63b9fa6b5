// SPDX-License-Identifier: Apache-2.0
// A sender told anything at all, at any time: writes, acknowledgements with SACK blocks, ECN
// echoes, window games, timers and changes of the MSS. What is pulled lies in flight, the sums
// hold, nothing waits for ever, and everything is given back.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "fuzz/input.h"
#include "fuzz/law.h"
#include "strata/packet_pool.h"
#include "strata/rng.h"
#include "tcp/congestion/registry.h"
#include "tcp/send/sender_asks.h"

using namespace strata;
using namespace strata::fuzz;
using namespace strata::tcp;

namespace {

constexpr std::uint32_t kFirst = 0xffff'c000;

struct World {
  HeapMemory memory;
  TcpConfig config;
  PacketPool pool{
      memory,
      {.small_buffers = 64, .large_buffers = 8, .external_buffers = 0, .extra_descriptors = 256}};
  Rng rng{1};
  BufferAccount account{600'000, 700'000};
  SenderShared shared{memory, pool, config, rng, account};
  Sender sender{SequenceNumber(kFirst)};
  Time now{std::chrono::hours(1)};

  [[nodiscard]] std::uint32_t clock() const {
    return static_cast<std::uint32_t>(now.time_since_epoch() / kTimestampTick);
  }
  // Places around what is in flight, exact ones often.
  SequenceNumber place(Input& input) {
    const std::uint8_t kind = input.byte();
    const std::uint32_t offset = input.word();
    if (kind < 40) return sender.una();
    if (kind < 80) return sender.nxt();
    if (kind < 160) return sender.una() + offset / 8U * sender.mss();
    if (kind < 250) return sender.una() + offset;
    return sender.una() - offset;
  }
};

void acknowledge(World& world, Input& input) {
  const std::uint8_t bits = input.byte();
  AckEvent ack{.seq = SequenceNumber(1), .ack = world.place(input), .window = 65'535};
  if ((bits & 1U) != 0) ack.window = input.word();
  ack.has_echo = (bits & 2U) != 0;
  ack.clock = world.clock();
  ack.echo = ack.clock - input.byte() * 8U;
  ack.ece = (bits & 4U) != 0;
  ack.length = (bits & 8U) != 0 ? 100 : 0;
  std::array<wire::TcpSackBlock, wire::kTcpSackBlocksMax> blocks{};
  const std::size_t count = bits >> 6U;
  for (std::size_t i = 0; i < count; ++i) {
    blocks[i].left = world.place(input).value();
    blocks[i].right = world.place(input).value();
  }
  ack.sack = std::span<const wire::TcpSackBlock>(blocks).first(count);
  (void)world.sender.on_ack(world.shared, ack, world.now);
}

void pull(World& world, std::uint32_t bytes_max) {
  for (int i = 0; i < 64; ++i) {
    const auto sent = world.sender.next_transmission(
        world.shared, {.bytes_max = bytes_max, .clock = world.clock()}, world.now);
    if (!sent) return;
    require(sent->text.begin >= world.sender.una() && sent->text.end <= world.sender.nxt());
    require((sent->payload == nullptr) == sent->text.empty());
    if (sent->payload != nullptr) require(sent->payload->size() == sent->text.length());
  }
}

void pass_time(World& world, std::uint32_t milliseconds) {
  world.now += std::chrono::milliseconds(milliseconds);
  for (int i = 0; i < 8; ++i) {
    const auto deadline = world.sender.next_deadline(world.shared);
    if (!deadline || *deadline > world.now) return;
    (void)world.sender.on_deadline(world.shared, {.retries = 255}, world.now);
    pull(world, 65'535);
  }
}

void step(World& world, Input& input) {
  static const std::array<std::byte, 8192> kText{};
  switch (input.byte() % 8) {
    case 0:
      (void)world.sender.write(world.shared, Bytes(kText).first(input.word() % kText.size()),
                               world.now, input.byte() < 64);
      break;
    case 1:
    case 2:
    case 3: acknowledge(world, input); break;
    case 4: pull(world, input.byte() < 128 ? 0 : 65'535); break;
    case 5: pass_time(world, input.word() / 16); break;
    case 6:
      world.sender.on_mss(world.shared, static_cast<std::uint16_t>(1 + input.word() % 9000),
                          world.now);
      break;
    default:
      if (input.byte() < 200) {
        world.sender.set_options(world.shared,
                                 {.no_delay = input.byte() < 128,
                                  .cork = input.byte() < 64,
                                  .pacing = input.byte() < 64},
                                 world.now);
      } else {
        world.sender.mark_urgent(world.shared);
        if (input.byte() < 32) (void)world.sender.queue_fin(world.shared, world.now);
      }
  }
  TcpInfo info;
  world.sender.fill(world.shared, info, world.now);
  require(info.in_flight <= info.unacknowledged && info.congestion_window > 0);
  require(!world.sender.has_outstanding() || world.sender.next_deadline(world.shared).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(as_input(data, size));
  const auto world = std::make_unique<World>();
  const std::uint8_t bits = input.byte();
  constexpr std::array kControls{&congestion::kReno, &congestion::kCubic, &congestion::kBbr,
                                 &congestion::kDctcp};
  if ((bits & 32U) != 0) world->config.path_probing = TcpPathProbing::kAlways;
  world->sender.on_established(world->shared,
                               {.una = SequenceNumber(kFirst),
                                .seq = SequenceNumber(1),
                                .window = 65'535,
                                .mss = static_cast<std::uint16_t>(1 + input.word() % 3000),
                                .sack_ok = (bits & 1U) != 0,
                                .timestamps_ok = (bits & 2U) != 0,
                                .ecn_ok = (bits & 4U) != 0,
                                .control = kControls[(bits >> 3U) % kControls.size()]},
                               world->now);
  for (int i = 0; i < 3000 && !input.empty(); ++i) step(*world, input);
  world->sender.release(world->shared);
  require(world->account.used() == 0 && world->shared.records.size() <= 1);
  return 0;
}
