// SPDX-License-Identifier: Apache-2.0
#include "driver/pipe/pipe_device.h"

#include <algorithm>
#include <utility>

#include "driver/frame.h"
#include "driver/own_mac.h"
#include "strata/devices.h"

namespace strata::driver::pipe {
namespace {

// room() speaks of packets, and few are long. What does not fit after all stays with the caller.
constexpr std::size_t kBytesPerPacket = 16U << 10U;

// An owner that never sleeps learns after so many looks in vain that the other end has gone.
constexpr unsigned kLooksPerTend = 64;

}  // namespace

bool PipeDevice::is_up() const {
  if (!rings_) tend();
  return rings_.has_value();
}

void PipeDevice::tend() const {
  connection_.tend();
  const Connection::Memory& memory = connection_.memory();
  if (memory != nullptr && !rings_) rings_.emplace(*memory, connection_.is_first());
}

void PipeDevice::drop_link() const {
  rings_.reset();
  wants_room_ = false;
  connection_.let_go();
}

void PipeDevice::receive(PacketPool& pool, PacketBatch& batch) {
  if (!is_up() || take_frames(pool, batch)) {
    finds_nothing_ = 0;
    return;
  }
  if (++finds_nothing_ % kLooksPerTend == 0) tend();
  // What the other end sent before it went comes first.
  if (connection_.is_other_gone() && !take_frames(pool, batch)) drop_link();
}

// True when there were any.
bool PipeDevice::take_frames(PacketPool& pool, PacketBatch& batch) {
  bool had_any = false;
  while (rings_ && batch.room() != 0) {
    const auto frame = rings_->reader.next();
    if (!frame) break;
    had_any = true;
    take_frame(*frame, pool, batch);
  }
  if (!rings_) return had_any;
  rings_->reader.release();
  if (had_any && must_wake(rings_->in.writer_waits)) connection_.ring();
  if (rings_->reader.is_corrupted()) {
    ++counters_.malformed;
    drop_link();
    return true;
  }
  return had_any;
}

void PipeDevice::take_frame(const FrameReader::Frame& frame, PacketPool& pool, PacketBatch& batch) {
  PacketPtr packet = make_frame(frame.bytes, pool);
  if (packet == nullptr) {
    ++counters_.pool_empty_drops;
    return;
  }
  if (!take_notes(frame.notes, capabilities_.medium, *packet)) {
    ++counters_.malformed;
    return;
  }
  ++counters_.received_packets;
  counters_.received_bytes += packet->size();
  batch.push(std::move(packet));
}

bool PipeDevice::prepare_to_sleep() {
  tend();  // bells that rang for what has been taken since
  if (!rings_) return true;
  say_waiting(rings_->in.reader_waits);
  if (connection_.is_other_gone() || rings_->reader.has_frames()) return false;
  if (!wants_room_) return true;
  say_waiting(rings_->out.writer_waits);
  return rings_->writer.room() < record_bytes(kFrameBytesMax);
}

std::size_t PipeDevice::room() const {
  // Without another end frames are discarded, as on a cable that is not plugged in.
  if (!rings_) return PacketBatch::kCapacity;
  const std::size_t bytes = rings_->writer.room();
  wants_room_ = bytes < record_bytes(kFrameBytesMax);
  if (wants_room_) return 0;
  return std::min(bytes / kBytesPerPacket, PacketBatch::kCapacity);
}

void PipeDevice::transmit(PacketBatch& batch) {
  std::size_t done = 0;
  for (; done < batch.size(); ++done) {
    const Packet* packet = batch.packets()[done];
    if (packet != nullptr && !send_one(*packet)) break;
  }
  if (rings_) {
    rings_->writer.publish();
    if (must_wake(rings_->out.reader_waits)) connection_.ring();
  }
  batch.drop_front(done);
}

// False when it must wait for room.
bool PipeDevice::send_one(const Packet& packet) {
  VirtioHeader notes;
  if (!is_up() || connection_.is_other_gone() || !is_sendable(capabilities_, packet) ||
      !describe(packet, capabilities_.medium, notes)) {
    ++counters_.failed_sends;
    return true;
  }
  if (!rings_->writer.write(notes, packet)) {
    if (!rings_->writer.is_corrupted()) {
      wants_room_ = true;
      return false;
    }
    ++counters_.malformed;
    drop_link();
    return true;
  }
  ++counters_.sent_packets;
  counters_.sent_bytes += packet.size();
  return true;
}

}  // namespace strata::driver::pipe

namespace strata {

std::expected<std::unique_ptr<Device>, DeviceError> open_pipe(const PipeOptions& options) {
  auto connection = driver::pipe::Connection::open(options.name);
  if (!connection) return std::unexpected(std::move(connection).error());
  const char* end = connection->is_first() ? "/first" : "/second";
  const bool has_mac = !options.mac.is_unspecified();
  return std::make_unique<driver::pipe::PipeDevice>(
      *std::move(connection),
      DeviceCapabilities{
          .mtu = options.mtu == 0 ? 1500 : options.mtu,
          .mac = has_mac ? options.mac : driver::own_mac("pipe:" + options.name + end),
          .tcp_segment_bytes_max = 65'535,
          .udp_segment_bytes_max = 65'535,
          .vouches_for_bytes = true});
}

}  // namespace strata
