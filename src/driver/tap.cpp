// SPDX-License-Identifier: Apache-2.0
#include "driver/tap.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "driver/frame.h"

namespace strata::driver {

Tap::Tap(int descriptor, HostLink link, const DeviceCapabilities& capabilities)
    : descriptor_(descriptor),
      link_(std::move(link)),
      capabilities_(capabilities),
      scratch_(kFrameBytesMax) {}

Tap::~Tap() { ::close(descriptor_); }

bool Tap::is_up() const {
  // Asked of the kernel only after it has refused a frame: the common case costs nothing.
  return !has_vanished_ && (!was_refused_ || link_.is_up());
}

void Tap::on_error(int error) {
  switch (error) {
    // The host's side is down. Frames are lost until somebody brings it up.
    case EIO: was_refused_ = true; break;
    // The device was deleted; this descriptor will never be of use again.
    case EBADFD:
    case ENODEV:
    case EBADF: has_vanished_ = true; break;
    default: break;
  }
}

std::size_t Tap::read_frame(VirtioHeader& header, Landing& landing) {
  const auto rooms = landing.slices();
  const std::array<iovec, 3> slices{iovec{&header, sizeof(header)}, rooms[0], rooms[1]};
  ssize_t count = 0;
  do {
    count = ::readv(descriptor_, slices.data(), slices.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    on_error(errno);
    return 0;
  }
  was_refused_ = false;
  const auto bytes = static_cast<std::size_t>(count);
  return bytes > sizeof(header) ? bytes - sizeof(header) : 0;
}

void Tap::receive(PacketPool& pool, PacketBatch& batch) {
  Landing landing(pool, scratch_);
  // Frames that are lost for want of packets count as well, so that a call is bounded.
  const std::size_t wanted = std::min(batch.room(), budget_.frames());
  std::size_t done = 0;
  while (done < wanted && !has_vanished_ && receive_one(landing, batch)) ++done;
  if (wanted == budget_.frames()) budget_.on_read(done);
}

bool Tap::receive_one(Landing& landing, PacketBatch& batch) {
  VirtioHeader header;
  const std::size_t size = read_frame(header, landing);
  if (size == 0) return false;
  if (PacketPtr packet = landing.take(size)) {
    deliver(header, std::move(packet), batch);
  } else {
    ++counters_.pool_empty_drops;
  }
  return true;
}

void Tap::deliver(const VirtioHeader& header, PacketPtr packet, PacketBatch& batch) {
  if (!take_notes(header, capabilities_.medium, *packet)) {
    ++counters_.malformed;
    return;
  }
  ++counters_.received_packets;
  counters_.received_bytes += packet->size();
  batch.push(std::move(packet));
}

void Tap::transmit(PacketBatch& batch) {
  std::size_t done = 0;
  for (; done < batch.size(); ++done) {
    const Packet* packet = batch.packets()[done];
    if (packet == nullptr) continue;
    const Sent sent = send_one(*packet);
    if (sent == Sent::kNoRoom) break;
    if (sent == Sent::kFailed) {
      ++counters_.failed_sends;
      continue;
    }
    ++counters_.sent_packets;
    counters_.sent_bytes += packet->size();
  }
  batch.drop_front(done);
}

Tap::Sent Tap::send_one(const Packet& packet) {
  VirtioHeader header;
  if (has_vanished_ || !is_sendable(capabilities_, packet) ||
      !describe(packet, capabilities_.medium, header)) {
    return Sent::kFailed;
  }
  std::array<iovec, kSlicesMax + 1> slices;
  slices[0] = {&header, sizeof(header)};
  const std::size_t count = 1 + gather(packet, std::span(slices).subspan(1), scratch_);
  ssize_t written = 0;
  do {
    written = ::writev(descriptor_, slices.data(), static_cast<int>(count));
  } while (written < 0 && errno == EINTR);
  if (written >= 0) {
    was_refused_ = false;
    return Sent::kDone;
  }
  if (errno == EAGAIN) return Sent::kNoRoom;
  on_error(errno);
  return Sent::kFailed;
}

}  // namespace strata::driver
