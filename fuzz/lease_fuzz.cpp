// SPDX-License-Identifier: Apache-2.0
// A lease whose program writes what it likes into the room: over indices, flags, bytes, at any
// time, between honest reads and writes. The input is a program: opcode (1 byte), operands, opcode,
// ...
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "attach/client/stream_end.h"
#include "attach/lease/lease.h"
#include "attach/pair.h"
#include "fuzz/input.h"
#include "fuzz/law.h"

namespace strata::attach {
namespace {

using fuzz::Input;
using fuzz::require;

// Made once: a room is a hundred megabytes of address space.
std::shared_ptr<SharedRoom> room() {
  static Descriptor file;
  static std::shared_ptr<SharedRoom> made = SharedRoom::make(::getpid(), file);
  return made;
}

struct World {
  Pair pair = *make_pair(SOCK_STREAM | SOCK_NONBLOCK);
  std::unique_ptr<Lease> lease = *Lease::begin(room(), pair.cookie, pair.theirs.get());
  client::StreamEnd end{room()->memory(), lease->slot(), pair.theirs.get()};
  client::Slot& slot = room()->memory().slots[lease->slot()];

  static void require_inside(const Lease::Pieces& pieces, MutableBytes data) {
    for (const MutableBytes piece : pieces) {
      if (piece.empty()) continue;
      require(&piece.front() >= &data.front() && &piece.back() <= &data.back());
    }
  }

  void launcher_writes(std::size_t size) {
    const Lease::Pieces pieces = lease->inward_room();
    require_inside(pieces, slot.inward_data);
    const std::size_t count = std::min(size, pieces[0].size() + pieces[1].size());
    lease->publish(count, pair.ours.get());
    require(lease->unread() <= client::kLaneBytes);
  }
  void launcher_reads(std::size_t size) {
    const Lease::Pieces pieces = lease->outward_bytes();
    require_inside(pieces, slot.outward_data);
    lease->consume(std::min(size, pieces[0].size() + pieces[1].size()));
    std::array<std::byte, 8192> thrown;
    if (lease->is_roomy()) {
      while (::recv(pair.ours.get(), thrown.data(), thrown.size(), 0) > 0) {
      }
    }
  }
  void program_moves(std::size_t size, bool inward) {
    std::vector<std::byte> bytes(size);
    const iovec part{bytes.data(), bytes.size()};
    require((inward ? end.read({&part, 1}, false) : end.write({&part, 1})) <= size);
  }
  void scribble(std::size_t offset, Bytes text) {
    const std::size_t at = offset % sizeof(slot);
    auto* const bytes = reinterpret_cast<std::byte*>(&slot);
    std::copy_n(text.begin(), std::min(text.size(), sizeof(slot) - at), bytes + at);
  }
};

void step(World& world, Input& input) {
  client::InwardLane& lane = world.slot.inward;
  // A token that was promised and does not come is waited for: who lies about it waits.
  lane.token = 0;
  switch (input.number(1) % 11) {
    case 0: return world.launcher_writes(input.number(3));
    case 1: return world.launcher_reads(input.number(3));
    case 2: return world.program_moves(input.number(2), true);
    case 3: return world.program_moves(input.number(2), false);
    case 4: {
      const unsigned offset = input.number(3);
      return world.scribble(offset, input.bytes(input.number(1)));
    }
    case 5: lane.indices.head = input.number(4); return;
    case 6: world.slot.outward.indices.tail = input.number(4); return;
    case 7: world.scribble(0, input.bytes(1024)); return;
    case 8: lane.every_arrival = input.number(1); return;
    case 9:
      lane.watch_set = input.number(4);
      room()->memory().sleepers[0] = input.number(1);
      return;
    default: return world.lease->remind(world.pair.ours.get());
  }
}

}  // namespace
}  // namespace strata::attach

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  strata::attach::World world;
  strata::attach::room()->memory().sleepers[0] = 0;
  strata::fuzz::Input input{strata::fuzz::as_input(data, size)};
  while (!input.empty()) step(world, input);
  const auto remains = world.lease->end(world.pair.ours.get(), world.pair.theirs.get());
  strata::fuzz::require(remains.to_program.size() <= strata::attach::client::kLaneBytes);
  strata::fuzz::require(remains.to_stack.size() <= strata::attach::client::kLaneBytes);
  return 0;
}
