// SPDX-License-Identifier: Apache-2.0
// The rings of a pipe whose other end writes what it likes into the memory they share: over frames,
// heads, indices and words of waiting, at any time. The input is a program: opcode (1 byte),
// operands, opcode, ...
#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <utility>

#include "driver/pipe/connection.h"
#include "driver/pipe/shared_memory.h"
#include "fuzz/input.h"
#include "fuzz/law.h"
#include "ring/pipe_cable.h"
#include "ring/pipe_ring.h"
#include "strata/ring.h"

using namespace strata;
using namespace strata::ring;
using strata::driver::pipe::Connection;
using strata::driver::pipe::Lane;
using strata::driver::pipe::SharedMemory;
using strata::fuzz::Input;
using strata::fuzz::require;

namespace {

constexpr std::size_t kFrames = 64;
constexpr std::size_t kFrameBytes = 1522;

struct World {
  explicit World(std::pair<Connection, Connection> ends)
      : hostile(std::move(ends.second)),
        shared(hostile.memory()),
        cable(std::make_shared<PipeCable>(std::move(ends.first))) {}

  Connection hostile;
  Connection::Memory shared;
  std::shared_ptr<PipeCable> cable;
  RxRing rx{std::make_unique<PipeReceiver>(cable, kFrames), kFrames};
  TxRing tx{std::make_unique<PipeTransmitter>(cable), kFrames, kFrameBytes};
  std::deque<Frame> kept;
  unsigned seen = 0;

  // Every byte of a frame can be read, and written.
  void look_at(Frame& frame) {
    require(frame.size() != 0 && frame.size() <= driver::pipe::kFrameBytesMax);
    require(frame.offload().reserved == 0);
    for (std::byte& byte : frame.bytes()) {
      seen += std::to_integer<unsigned>(byte);
      byte ^= std::byte{1};
    }
  }

  void receive(std::size_t count, bool keeps) {
    const std::span<Frame> frames = rx.batch(count);
    require(frames.size() <= count);
    for (Frame& frame : frames) look_at(frame);
    if (keeps && !frames.empty()) kept.push_back(std::move(frames[frames.size() / 2]));
    if (kept.size() > 4) kept.pop_front();
  }

  void send(std::size_t count, std::size_t bytes, std::size_t used) {
    const std::span<Frame> frames = tx.reserve(count, 1 + bytes % kFrameBytes);
    for (Frame& frame : frames) {
      std::ranges::fill(frame.bytes(), std::byte{0x55});
      frame.resize(1 + used % frame.capacity());
    }
    tx.commit(std::min(used, frames.size()));
  }

  void forward() {
    const std::span<Frame> frames = rx.batch(kFrames);
    require(tx.copy(frames) <= frames.size());
  }

  void scribble(std::size_t which, std::size_t offset, Bytes text) {
    const MutableBytes data = shared->data(which % 2).first(SharedMemory::kLaneBytes);
    const MutableBytes place = data.subspan(offset % data.size());
    std::memcpy(place.data(), text.data(), std::min(text.size(), place.size()));
  }

  [[nodiscard]] Lane& lane(unsigned which) const { return shared->lane(which % 2); }
};

void step(World& world, Input& input) {
  switch (input.number(1) % 9) {
    case 0: return world.receive(input.number(1) % kFrames, (input.number(1) & 1U) != 0);
    case 1: {
      const std::size_t count = input.number(1) % kFrames;
      const std::size_t bytes = input.number(2);
      return world.send(count, bytes, input.number(1));
    }
    case 2: return world.forward();
    case 3: {
      const unsigned which = input.number(1);
      const unsigned offset = input.number(3);
      return world.scribble(which, offset, input.bytes(input.number(1)));
    }
    case 4: {
      Lane& lane = world.lane(input.number(1));
      lane.indices.tail = input.number(4);
      return;
    }
    case 5: {
      Lane& lane = world.lane(input.number(1));
      lane.indices.head = input.number(4);
      return;
    }
    case 6: {
      Lane& lane = world.lane(input.number(1));
      lane.reader_waits = input.number(1);
      lane.writer_waits = input.number(1);
      return world.hostile.ring();
    }
    case 7:
      static_cast<void>(world.rx.prepare_to_sleep());
      static_cast<void>(world.tx.prepare_to_sleep());
      return;
    default: world.kept.clear(); return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto ends = Connection::make_pair();
  require(ends.has_value());
  World world(*std::move(ends));
  Input input{strata::fuzz::as_input(data, size)};
  while (!input.empty()) step(world, input);
  for (int i = 0; i < 100; ++i) world.receive(kFrames, false);
  world.kept.clear();
  static_cast<void>(world.rx.is_up());
  static_cast<void>(world.tx.is_up());
  return 0;
}
