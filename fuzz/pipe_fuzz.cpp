// SPDX-License-Identifier: Apache-2.0
// A pipe whose other end writes what it likes: into the ring, over the indices, at any time. The
// input is a program: opcode (1 byte), operands, opcode, ...
#include <algorithm>
#include <cstring>

#include "driver/frame.h"
#include "driver/pipe/frames.h"
#include "driver/pipe/shared_memory.h"
#include "fuzz/input.h"
#include "fuzz/law.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"

using namespace strata;
using namespace strata::driver;
using strata::fuzz::Input;
using strata::fuzz::require;

namespace {

constexpr std::size_t kRing = pipe::SharedMemory::kLaneBytes;

// What lies behind the second ring of the memory belongs to nobody: a step beyond it is seen.
struct World {
  HeapMemory memory;
  PacketPool pool{memory, {.small_buffers = 64, .large_buffers = 2}};
  pipe::SharedMemory shared = pipe::SharedMemory::make().value();
  SharedRingIndices& indices = shared.lane(1).indices;
  MutableBytes data = shared.data(1);
  pipe::FrameWriter writer{indices, data};
  pipe::FrameReader reader{indices, data};

  void scribble(std::size_t offset, Bytes text) {
    const MutableBytes place = data.subspan(offset % kRing);
    std::memcpy(place.data(), text.data(), std::min(text.size(), place.size()));
  }

  void write(std::size_t size, unsigned fill) {
    PacketPtr packet = pool.allocate_for(size);
    if (packet == nullptr) return;
    std::ranges::fill(packet->append(size), static_cast<std::byte>(fill));
    VirtioHeader notes;
    require(!describe(*packet, Medium::kEthernet, notes) || !writer.write(notes, *packet) ||
            writer.room() <= kRing);
    writer.publish();
  }

  void read(std::size_t count) {
    for (; count > 0; --count) {
      const auto frame = reader.next();
      if (!frame) break;
      const std::size_t size = frame->bytes.size();
      require(size > 0 && size <= pipe::kFrameBytesMax);
      const PacketPtr packet = make_frame(frame->bytes, pool);
      if (packet == nullptr) continue;
      require(packet->size() == size);
      if (!take_notes(frame->notes, Medium::kEthernet, *packet)) continue;
      VirtioHeader again;
      static_cast<void>(describe(*packet, Medium::kEthernet, again));
    }
    reader.release();
  }
};

void step(World& world, Input& input) {
  switch (input.number(1) % 5) {
    case 0: return world.write(1 + input.number(2) % pipe::kFrameBytesMax, input.number(1));
    case 1: return world.read(input.number(1));
    case 2: {
      const unsigned offset = input.number(3);
      return world.scribble(offset, input.bytes(input.number(1)));
    }
    case 3: world.indices.tail = input.number(4); return;
    default: world.indices.head = input.number(4); return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  World world;
  Input input{strata::fuzz::as_input(data, size)};
  while (!input.empty()) step(world, input);
  world.read(1000);
  return 0;
}
