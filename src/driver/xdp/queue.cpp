// SPDX-License-Identifier: Apache-2.0
#include "driver/xdp/queue.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "driver/frame.h"
#include "driver/partial_checksum.h"

namespace strata::driver::xdp {
namespace {

constexpr std::uint32_t kContinues = 1;  // XDP_PKT_CONTD, Linux 6.6
// Chunks that are not given for arrivals, so that answers can be sent.
constexpr std::size_t kKeptToSendPart = 8;
// What the kernel sends in one call of a socket that copies.
constexpr std::size_t kSentPerCall = 32;
constexpr std::size_t kChunksPerFrameMax = 17;

}  // namespace

Mapping::~Mapping() {
  if (bytes_ != nullptr) ::munmap(bytes_, size_);
}

Queue::Queue(Descriptor socket, std::array<Mapping, 4> mappings, const QueueRings& rings,
             Frames::Owner frames, const QueueTraits& traits)
    : socket_(std::move(socket)),
      mappings_(std::move(mappings)),
      fill_(rings.fill),
      completion_(rings.completion),
      receive_(rings.receive),
      transmit_(rings.transmit),
      frames_(std::move(frames)),
      traits_(traits),
      ring_entries_(rings.transmit.size) {
  fill();
}

bool Queue::is_corrupt() const {
  return fill_.is_corrupt() || completion_.is_corrupt() || receive_.is_corrupt() ||
         transmit_.is_corrupt();
}

void Queue::fill() {
  const std::size_t kept = frames_->count() / kKeptToSendPart;
  if (frames_->free_count() <= kept) return;
  std::uint32_t room = fill_.room();
  bool has_filled = false;
  for (; room != 0 && frames_->free_count() > kept; --room) {
    fill_.push(*frames_->take_to_fill());
    has_filled = true;
  }
  if (!has_filled) return;
  fill_.publish();
  if (traits_.needs_wakeup && fill_.needs_wakeup()) {
    ::recvfrom(socket_.get(), nullptr, 0, MSG_DONTWAIT, nullptr, nullptr);
  }
}

void Queue::take_back_sent(Device::Counters& counters) {
  const std::uint32_t count = completion_.count();
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!frames_->give_back_sent(completion_.take())) ++counters.malformed;
  }
  if (count != 0) completion_.release();
}

std::size_t Queue::receive(PacketPool& pool, PacketBatch& batch, Device::Counters& counters) {
  take_back_sent(counters);
  // What the kernel could not take the last time would wait for the next frame to be sent.
  if (transmit_.waiting() != 0) call_kernel();
  // Frames that are lost count as well, so that a call is bounded.
  const std::size_t wanted = batch.room();
  std::size_t done = 0;
  for (; done < wanted && receive_.count() != 0; ++done) {
    PacketPtr packet = take_frame(pool, counters);
    if (packet == nullptr) continue;
    if (traits_.finds_partials) note_partial_checksum(*packet);
    ++counters.received_packets;
    counters.received_bytes += packet->size();
    batch.push(std::move(packet));
  }
  if (done != 0) receive_.release();
  // Chunks come back from packets and from the kernel, too: if they were not given now, a ring that
  // ran empty would never bring another frame.
  fill();
  return done;
}

PacketPtr Queue::take_frame(PacketPool& pool, Device::Counters& counters) {
  PacketPtr frame;
  Packet* last = nullptr;
  bool is_whole = true;
  bool has_packets = true;
  for (;;) {
    const xdp_desc part = receive_.take();
    const auto arrival = frames_->arrive(part.addr, part.len);
    if (!arrival) {
      is_whole = false;
    } else if (PacketPtr packet = is_whole ? packet_of(*arrival, pool) : nullptr) {
      if (frame == nullptr) {
        frame = std::move(packet);
        last = frame.get();
      } else {
        last = &frame->append_chain(std::move(packet), *last);
      }
    } else {
      frames_->give_back(*arrival);
      has_packets = has_packets && !is_whole;
      is_whole = false;
    }
    if ((part.options & kContinues) == 0) break;
    // The kernel hands over all of a frame at once.
    if (receive_.count() == 0) {
      is_whole = false;
      break;
    }
  }
  if (is_whole) return frame;
  ++(has_packets ? counters.malformed : counters.pool_empty_drops);
  return nullptr;
}

PacketPtr Queue::packet_of(const Frames::Arrival& arrival, PacketPool& pool) {
  if (!frames_->is_short()) {
    if (PacketPtr packet = frames_->adopt(arrival, pool)) return packet;
  }
  PacketPtr packet = make_frame(frames_->bytes_of(arrival), pool);
  if (packet != nullptr) frames_->give_back(arrival);
  return packet;
}

std::size_t Queue::transmit(std::span<Packet* const> packets,
                            const DeviceCapabilities& capabilities, Device::Counters& counters) {
  take_back_sent(counters);
  std::size_t done = 0;
  for (; done < packets.size(); ++done) {
    const Packet* packet = packets[done];
    if (packet == nullptr) continue;
    const bool is_sound =
        packet->notes().checksum != ChecksumState::kPartial || has_sound_partial_checksum(*packet);
    const Written written =
        is_sound && is_sendable(capabilities, *packet) ? write(*packet) : Written::kNever;
    if (written == Written::kNo) break;
    if (written == Written::kNever) {
      ++counters.failed_sends;
      continue;
    }
    ++counters.sent_packets;
    counters.sent_bytes += packet->size();
  }
  transmit_.publish();
  call_kernel();
  return done;
}

Queue::Written Queue::write(const Packet& packet) {
  const std::size_t chunk_bytes = frames_->chunk_bytes();
  const std::size_t size = packet.size();
  const std::size_t chunks = (size + chunk_bytes - 1) / chunk_bytes;
  if (chunks > (traits_.has_fragments ? kChunksPerFrameMax : 1)) return Written::kNever;
  if (transmit_.room() < chunks || frames_->free_count() < chunks) return Written::kNo;
  for (std::size_t offset = 0; offset < size; offset += chunk_bytes) {
    const std::uint64_t address = *frames_->take_to_send();
    const std::size_t here = std::min(chunk_bytes, size - offset);
    const MutableBytes to = frames_->chunk_at(address).first(here);
    packet.copy_out(offset, to);
    // The field lies among the headers, and those in the first chunk.
    if (offset == 0) complete_checksum_in_copy(packet, to);
    transmit_.push({.addr = address,
                    .len = static_cast<std::uint32_t>(here),
                    .options = offset + here < size ? kContinues : 0});
  }
  return Written::kYes;
}

void Queue::call_kernel() {
  // Each call takes some frames only, and says EAGAIN when there are more.
  for (std::size_t calls = ring_entries_ / kSentPerCall + 1; calls > 0; --calls) {
    const std::uint32_t waiting = transmit_.waiting();
    if (waiting == 0 || (traits_.needs_wakeup && !transmit_.needs_wakeup())) return;
    const ssize_t result = ::sendto(socket_.get(), nullptr, 0, MSG_DONTWAIT, nullptr, 0);
    const int error = result < 0 ? errno : 0;
    if (error == ENETDOWN || error == ENXIO || error == ENODEV) was_refused_ = true;
    const bool may_go_on = error == 0 || error == EAGAIN || error == EINTR || error == EBUSY;
    if (!may_go_on || transmit_.waiting() == waiting) return;
  }
}

void Queue::count_losses(Device::Counters& counters) {
  xdp_statistics now{};
  socklen_t length = sizeof(now);
  if (::getsockopt(socket_.get(), SOL_XDP, XDP_STATISTICS, &now, &length) != 0) return;
  counters.pool_empty_drops +=
      now.rx_dropped - losses_.rx_dropped + now.rx_ring_full - losses_.rx_ring_full;
  counters.failed_sends += now.tx_invalid_descs - losses_.tx_invalid_descs;
  losses_ = now;
}

}  // namespace strata::driver::xdp
