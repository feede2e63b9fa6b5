// SPDX-License-Identifier: Apache-2.0
#include "driver/packet/packet_device.h"

#include <linux/if_packet.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "driver/frame.h"

namespace strata::driver::packet {
namespace {

constexpr std::size_t kAddressesBytes = 12;  // in front of a tag
constexpr std::size_t kTagBytes = 4;
// An error of the socket, as that of a link that went down, is told once and in front of a frame,
// which is still there.
constexpr int kReadsMax = 4;

using TagBytes = std::array<std::byte, kTagBytes>;

TagBytes bytes_of(const VlanTag& tag) {
  TagBytes bytes;
  store_big_endian<std::uint16_t>(bytes.data(), tag.ethertype);
  store_big_endian<std::uint16_t>(bytes.data() + 2, tag.control);
  return bytes;
}

// What recvmsg() tells beside a frame.
struct Told {
  std::uint8_t direction = 0;
  std::optional<VlanTag> tag;
};

std::optional<VlanTag> tag_in(msghdr& message) {
  for (const cmsghdr* note = CMSG_FIRSTHDR(&message); note != nullptr;
       note = CMSG_NXTHDR(&message, const_cast<cmsghdr*>(note))) {
    if (note->cmsg_level != SOL_PACKET || note->cmsg_type != PACKET_AUXDATA ||
        note->cmsg_len < CMSG_LEN(sizeof(tpacket_auxdata))) {
      continue;
    }
    tpacket_auxdata data;
    std::memcpy(&data, CMSG_DATA(note), sizeof(data));
    if ((data.tp_status & TP_STATUS_VLAN_VALID) == 0) return std::nullopt;
    const bool has_type = (data.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
    return VlanTag{has_type ? data.tp_vlan_tpid : std::uint16_t{0x8100}, data.tp_vlan_tci};
  }
  return std::nullopt;
}

// Bytes read, negative when there is nothing.
ssize_t read_message(int socket, std::span<iovec> slices, Told& told) {
  for (int tries = 0; tries < kReadsMax; ++tries) {
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(tpacket_auxdata))> notes;
    sockaddr_ll address{};
    msghdr message{};
    message.msg_name = &address;
    message.msg_namelen = sizeof(address);
    message.msg_iov = slices.data();
    message.msg_iovlen = slices.size();
    message.msg_control = notes.data();
    message.msg_controllen = notes.size();
    const ssize_t count = ::recvmsg(socket, &message, MSG_DONTWAIT);
    if (count >= 0) {
      told.direction = address.sll_pkttype;
      told.tag = tag_in(message);
      return count;
    }
    if (errno == EAGAIN) break;
  }
  return -1;
}

}  // namespace

PacketDevice::PacketDevice(Descriptor socket, Mapping ring, LinkWatch watch,
                           const DeviceCapabilities& capabilities, std::size_t mtu_max)
    : socket_(std::move(socket)),
      mapping_(ring),
      ring_(ring.bytes, ring.slot_bytes, ring.size / ring.slot_bytes),
      watch_(std::move(watch)),
      capabilities_(capabilities),
      mtu_max_(mtu_max),
      scratch_(kFrameBytesMax) {
  follow_link();
}

PacketDevice::~PacketDevice() { ::munmap(mapping_.bytes, mapping_.size); }

bool PacketDevice::is_up() const { return watch_.is_up(); }

void PacketDevice::follow_link() {
  if (watch_.mtu() != 0) capabilities_.mtu = std::min(mtu_max_, watch_.mtu());
}

void PacketDevice::receive(PacketPool& pool, PacketBatch& batch) {
  // Frames that are lost for want of packets, and those that are not for us, count as well, so that
  // a call is bounded.
  const std::size_t wanted = batch.room();
  std::size_t done = 0;
  for (; done < wanted; ++done) {
    const std::optional<SlotFrame> frame = ring_.next();
    if (!frame) break;
    take(*frame, pool, batch);
    ring_.release();
  }
  if (done != 0) {
    watch_.on_frames();
  } else if (watch_.on_nothing()) {
    follow_link();
  }
}

void PacketDevice::take(const SlotFrame& frame, PacketPool& pool, PacketBatch& batch) {
  if (frame.is_losing) count_lost();
  if (frame.is_queued) return take_queued(pool, batch);
  if (frame.direction == PACKET_OUTGOING) return;
  if (frame.bytes.empty()) {
    ++counters_.malformed;
  } else if (frame.is_cut) {
    ++counters_.pool_empty_drops;  // the socket's queue was full
  } else {
    take_short(frame, pool, batch);
  }
}

void PacketDevice::take_short(const SlotFrame& frame, PacketPool& pool, PacketBatch& batch) {
  PacketPtr packet = make_frame(frame.bytes, pool);
  if (packet == nullptr) {
    ++counters_.pool_empty_drops;
    return;
  }
  deliver(frame.notes, frame.tag, std::move(packet), batch);
}

void PacketDevice::take_queued(PacketPool& pool, PacketBatch& batch) {
  Landing landing(pool, scratch_);
  VirtioHeader notes;
  const auto rooms = landing.slices();
  std::array<iovec, 3> slices{iovec{&notes, kVirtioHeaderBytes}, rooms[0], rooms[1]};
  Told told;
  const ssize_t count = read_message(socket_.get(), slices, told);
  if (count <= static_cast<ssize_t>(kVirtioHeaderBytes)) {
    ++counters_.malformed;
    return;
  }
  if (told.direction == PACKET_OUTGOING) return;
  PacketPtr packet = landing.take(static_cast<std::size_t>(count) - kVirtioHeaderBytes);
  if (packet == nullptr) {
    ++counters_.pool_empty_drops;
    return;
  }
  deliver(notes, told.tag, std::move(packet), batch);
}

void PacketDevice::deliver(const VirtioHeader& notes, const std::optional<VlanTag>& tag,
                           PacketPtr packet, PacketBatch& batch) {
  if (!take_notes(notes, capabilities_.medium, *packet)) {
    ++counters_.malformed;
    return;
  }
  if (tag) {
    // The kernel's notes are about the frame without the tag that it had taken out.
    if (packet->notes().checksum == ChecksumState::kPartial) {
      packet->notes().transport_offset =
          static_cast<std::uint16_t>(packet->notes().transport_offset + kTagBytes);
    }
    const MutableBytes room = packet->prepend(kTagBytes);
    const MutableBytes front{room.data(), kAddressesBytes + kTagBytes};
    std::memmove(front.data(), front.data() + kTagBytes, kAddressesBytes);
    copy_bytes(bytes_of(*tag), front.subspan(kAddressesBytes));
  }
  ++counters_.received_packets;
  counters_.received_bytes += packet->size();
  batch.push(std::move(packet));
}

// Frames for which there was no slot. Asking takes them off the kernel's count.
void PacketDevice::count_lost() {
  tpacket_stats statistics{};
  socklen_t length = sizeof(statistics);
  if (::getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &statistics, &length) == 0) {
    counters_.pool_empty_drops += statistics.tp_drops;
  }
}

void PacketDevice::transmit(PacketBatch& batch) {
  std::size_t done = 0;
  while (done < batch.size()) {
    Outbox outbox;
    std::size_t next = done;
    bool is_broken = false;
    for (; next < batch.size(); ++next) {
      const Packet* packet = batch.packets()[next];
      const Added added = packet == nullptr ? Added::kNever : add(*packet, outbox);
      if (added == Added::kNo) break;
      if (added == Added::kYes) continue;
      // Nothing to send here: what is before it goes first, so that the order stays countable.
      if (packet != nullptr) ++counters_.failed_sends;
      is_broken = true;
      break;
    }
    const std::size_t sent = send(outbox);
    done += sent;
    if (sent < outbox.count) break;
    if (is_broken) ++done;
  }
  batch.drop_front(done);
}

PacketDevice::Added PacketDevice::add(const Packet& packet, Outbox& outbox) {
  VirtioHeader& header = outbox.headers[outbox.count];
  if (!watch_.is_there() || !is_sendable(capabilities_, packet) ||
      !describe(packet, capabilities_.medium, header)) {
    return Added::kNever;
  }
  if (outbox.has_scratch) return Added::kNo;
  const std::span<iovec> left = std::span(outbox.slices).subspan(outbox.slices_used);
  if (left.size() < kSlicesMax + 1) return Added::kNo;
  left[0] = {&header, kVirtioHeaderBytes};
  const std::size_t slices = gather(packet, left.subspan(1, kSlicesMax), scratch_);
  outbox.has_scratch = left[1].iov_base == scratch_.data();
  msghdr& message = outbox.messages[outbox.count].msg_hdr;
  message = {};
  message.msg_iov = left.data();
  message.msg_iovlen = slices + 1;
  outbox.slices_used += slices + 1;
  ++outbox.count;
  return Added::kYes;
}

std::size_t PacketDevice::send(Outbox& outbox) {
  std::size_t done = 0;
  while (done < outbox.count) {
    const int sent = ::sendmmsg(socket_.get(), outbox.messages.data() + done,
                                static_cast<unsigned>(outbox.count - done), MSG_DONTWAIT);
    if (sent >= 0) {
      for (const std::size_t end = done + static_cast<std::size_t>(sent); done < end; ++done) {
        ++counters_.sent_packets;
        counters_.sent_bytes += outbox.messages[done].msg_len - kVirtioHeaderBytes;
      }
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) break;
    // It is about the first of those that are left, which is lost.
    on_send_error(errno);
    ++counters_.failed_sends;
    ++done;
  }
  return done;
}

void PacketDevice::on_send_error(int error) {
  switch (error) {
    // The link is down, or gone.
    case ENETDOWN:
    case ENXIO:
    case ENODEV:
    // It carries less than it did.
    case EMSGSIZE:
      watch_.on_refusal();
      follow_link();
      break;
    // ENOBUFS: the queue of the interface is full, as happens to senders. Others: the packet.
    default: break;
  }
}

}  // namespace strata::driver::packet
