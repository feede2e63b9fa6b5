// SPDX-License-Identifier: Apache-2.0
// PipeDevice: one end of a link in shared memory between two stacks in two processes.
//
// 1. The link vouches for bytes: checksums travel as notes, super-segments as they are.
// 2. Nothing the other end writes is trusted (frames.h); one that breaks the rules is let go, and
//    the link is down until there is a new one.
// 3. When the other end dies, what it had sent still arrives. Then the link goes down, and comes up
//    again with the next process that opens the pipe.
// 4. A side that is about to sleep says that it waits before it looks a last time, and the other
//    looks for that word after it has changed the ring: one of the two always sees the other
//    (Lane). While nobody sleeps no bell is rung, and neither side calls the kernel.
#pragma once

#include <optional>

#include "driver/pipe/connection.h"
#include "driver/pipe/frames.h"
#include "strata/device.h"

namespace strata::driver::pipe {

class PipeDevice final : public Device {
 public:
  PipeDevice(Connection connection, const DeviceCapabilities& capabilities)
      : connection_(std::move(connection)), capabilities_(capabilities) {}

  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return capabilities_; }
  void receive(PacketPool& pool, PacketBatch& batch) override;
  [[nodiscard]] std::size_t room() const override;
  void transmit(PacketBatch& batch) override;
  [[nodiscard]] int descriptor() const override { return connection_.descriptor(); }
  [[nodiscard]] bool prepare_to_sleep() override;
  [[nodiscard]] bool is_up() const override;

 private:
  struct Rings {
    explicit Rings(const SharedMemory& memory, bool is_first)
        : out(memory.lane(is_first ? 0 : 1)),
          in(memory.lane(is_first ? 1 : 0)),
          writer(out.indices, memory.data(is_first ? 0 : 1)),
          reader(in.indices, memory.data(is_first ? 1 : 0)) {}
    Lane& out;
    Lane& in;
    FrameWriter writer;
    FrameReader reader;
  };

  // Follows the connection: rings for memory that has come, none for memory that has gone.
  void tend() const;
  void drop_link() const;
  [[nodiscard]] bool take_frames(PacketPool& pool, PacketBatch& batch);
  void take_frame(const FrameReader::Frame& frame, PacketPool& pool, PacketBatch& batch);
  [[nodiscard]] bool send_one(const Packet& packet);

  // Asking whether the link is up is what brings it up: owners ask, and do nothing else meanwhile.
  mutable Connection connection_;
  mutable std::optional<Rings> rings_;
  mutable bool wants_room_ = false;  // the owner was told that there is none
  unsigned finds_nothing_ = 0;       // in a row
  DeviceCapabilities capabilities_;
};

}  // namespace strata::driver::pipe
