// SPDX-License-Identifier: Apache-2.0
#include "driver/tap.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "driver/frame.h"

namespace strata::driver {
namespace {

// The longest frame: an IP packet of 65,535 bytes behind Ethernet and two VLAN tags.
constexpr std::size_t kFrameBytesMax = 65'535 + 22;
// Up to three small buffers of overflow are cheaper to copy than to pay for with a large buffer.
constexpr std::size_t kCopiedOverflowBytesMax = 3 * kSmallBufferBytes;

iovec vector_over(MutableBytes bytes) { return {bytes.data(), bytes.size()}; }

// All the room of a packet, or `otherwise` when there is no packet.
MutableBytes all_of(Packet* packet, MutableBytes otherwise) {
  if (packet == nullptr) return otherwise;
  packet->truncate(0);
  return packet->append(packet->tailroom());
}

}  // namespace

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

std::size_t Tap::read_frame(VirtioHeader& header, MutableBytes head, MutableBytes overflow) {
  const std::array<iovec, 3> slices{iovec{&header, sizeof(header)}, vector_over(head),
                                    vector_over(overflow)};
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
  Landing landing;
  // Frames that are lost for want of packets count as well, so that a call is bounded.
  const std::size_t wanted = std::min(batch.room(), budget_.frames());
  std::size_t done = 0;
  while (done < wanted && !has_vanished_ && receive_one(pool, landing, batch)) ++done;
  if (wanted == budget_.frames()) budget_.on_read(done);
}

bool Tap::receive_one(PacketPool& pool, Landing& landing, PacketBatch& batch) {
  if (landing.head == nullptr) landing.head = pool.allocate();
  if (landing.overflow == nullptr) landing.overflow = pool.allocate(BufferClass::kLarge, 0);
  const MutableBytes head = all_of(landing.head.get(), {});
  const MutableBytes overflow = all_of(landing.overflow.get(), scratch_);
  VirtioHeader header;
  const std::size_t size = read_frame(header, head, overflow);
  if (size == 0) return false;
  if (landing.head == nullptr) {
    ++counters_.pool_empty_drops;
    return true;
  }
  const std::size_t in_head = std::min(size, head.size());
  landing.head->truncate(in_head);
  if (size > in_head && !attach_overflow(pool, landing, overflow.first(size - in_head))) {
    landing.head = nullptr;
    ++counters_.pool_empty_drops;
    return true;
  }
  deliver(header, std::move(landing.head), batch);
  return true;
}

bool Tap::attach_overflow(PacketPool& pool, Landing& landing, Bytes bytes) {
  const bool has_large = landing.overflow != nullptr;
  if (!has_large || bytes.size() <= kCopiedOverflowBytesMax) {
    while (!bytes.empty()) {
      PacketPtr part = pool.allocate(BufferClass::kSmall, 0);
      if (part == nullptr) return false;
      const std::size_t here = std::min(part->tailroom(), bytes.size());
      copy_bytes(bytes.first(here), part->append(here));
      bytes = bytes.subspan(here);
      landing.head->append_chain(std::move(part));
    }
    return true;
  }
  landing.overflow->truncate(bytes.size());
  landing.head->append_chain(std::move(landing.overflow));
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
  const std::size_t count = 1 + fill_slices(packet, std::span(slices).subspan(1));
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

std::size_t Tap::fill_slices(const Packet& packet, std::span<iovec> slices) {
  std::size_t count = 0;
  for (const Packet* slice = &packet; slice != nullptr; slice = slice->next_slice()) {
    if (slice->slice_size() == 0) continue;
    if (count == slices.size()) {
      // More slices than one system call is worth: one copy instead.
      const MutableBytes flat = MutableBytes(scratch_).first(packet.size());
      packet.copy_out(0, flat);
      slices[0] = vector_over(flat);
      return 1;
    }
    // writev() does not write through its vectors, though their type would let it.
    slices[count++] = {const_cast<std::byte*>(slice->bytes().data()), slice->slice_size()};
  }
  return count;
}

}  // namespace strata::driver
