// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "socket/native/datagram.h"
#include "stack/out/send_frame.h"
#include "strata/raw_socket.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/vlan.h"

namespace strata {
namespace {

using native::handle_of;
using native::with;

stack::PacketSocket* find(stack::Core* core, SocketId id) {
  return core == nullptr ? nullptr : core->raw.packet.find(handle_of(id));
}

// A frame of a VLAN gets its tags behind the addresses, outermost first.
void append_tagged(Packet& packet, const VlanTags& vlan, Bytes frame) {
  constexpr std::size_t kAddresses = wire::EthernetLayout::Type::kBegin;
  copy_bytes(frame.first(kAddresses), packet.append(kAddresses));
  for (std::size_t i = 0; i < vlan.count; ++i) {
    const VlanTags::Tag& tag = vlan.tags[i];
    store_big_endian(packet.append(2).data(), tag.tpid);
    const unsigned control = (unsigned{tag.priority} << 13U) | tag.id;
    store_big_endian(packet.append(2).data(), static_cast<std::uint16_t>(control));
  }
  copy_bytes(frame.subspan(kAddresses), packet.append(frame.size() - kAddresses));
}

}  // namespace

Result<PacketSocket> PacketSocket::open(Stack& stack, InterfaceId interface,
                                        std::uint16_t ethertype) {
  if (!native::is_interface_or_none(stack.core(), interface)) {
    return std::unexpected(Error::kNoDevice);
  }
  const Handle handle = stack.core().raw.packet.try_create(interface, ethertype);
  if (!handle) return std::unexpected(Error::kOutOfMemory);
  return PacketSocket(stack, native::id_of(handle));
}

PacketSocket::PacketSocket(PacketSocket&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)), id_(other.id_) {}

PacketSocket& PacketSocket::operator=(PacketSocket&& other) noexcept {
  if (this != &other) {
    close();
    core_ = std::exchange(other.core_, nullptr);
    id_ = other.id_;
  }
  return *this;
}

PacketSocket::~PacketSocket() { close(); }

void PacketSocket::close() {
  stack::PacketSocket* socket = find(core_, id_);
  if (socket == nullptr) return;
  core_->ready.remove(socket->ready);
  core_->raw.packet.destroy(handle_of(id_));
  core_ = nullptr;
}

Result<std::size_t> PacketSocket::send(Bytes frame, InterfaceId interface, Time /*now*/) {
  return with(find(core_, id_), [&](stack::PacketSocket&) -> Result<std::size_t> {
    stack::Interface* found = core_->interface(interface);
    if (found == nullptr) return std::unexpected(Error::kNoDevice);
    if (found->medium != Medium::kEthernet) return std::unexpected(Error::kNotSupported);
    if (frame.size() < wire::EthernetLayout::kSize) return std::unexpected(Error::kInvalidArgument);
    if (frame.size() > wire::EthernetLayout::kSize + found->mtu) {
      return std::unexpected(Error::kMessageTooLong);
    }
    const std::size_t tags = found->vlan.count * wire::VlanLayout::kSize;
    PacketPtr packet = core_->pool.allocate_for(frame.size() + tags);
    if (packet == nullptr) return std::unexpected(Error::kOutOfMemory);
    append_tagged(*packet, found->vlan, frame);
    packet->notes().checksum = ChecksumState::kVerified;
    stack::enqueue(*core_, *found, std::move(packet));
    return frame.size();
  });
}

Result<FrameInfo> PacketSocket::receive(MutableBytes buffer) {
  return with(find(core_, id_), [&](stack::PacketSocket& socket) -> Result<FrameInfo> {
    const PacketPtr packet = socket.queue.pop();
    if (packet == nullptr) return std::unexpected(Error::kWouldBlock);
    const std::size_t count = std::min(buffer.size(), packet->size());
    packet->copy_out(0, buffer.first(count));
    return FrameInfo{.interface = packet->notes().interface,
                     .size = packet->size(),
                     .is_truncated = count < packet->size(),
                     .arrival = packet->notes().arrival};
  });
}

Result<Readiness> PacketSocket::readiness() const {
  return with(find(core_, id_), [](const stack::PacketSocket& socket) -> Result<Readiness> {
    return Readiness{.readable = !socket.queue.empty(), .writable = true};
  });
}

Result<void> PacketSocket::on_ready(ReadyCallback callback) {
  return with(find(core_, id_), [&](stack::PacketSocket& socket) -> Result<void> {
    if (!socket.ready.set(std::move(callback), core_->memory)) {
      return std::unexpected(Error::kOutOfMemory);
    }
    if (!socket.queue.empty()) core_->ready.add(socket.ready, {.readable = true});
    return {};
  });
}

Result<void> PacketSocket::set_hears_others(bool on) {
  return with(find(core_, id_), [on](stack::PacketSocket& socket) -> Result<void> {
    socket.hears_others = on;
    return {};
  });
}

Result<void> PacketSocket::set_receive_buffer(std::size_t bytes_max) {
  if (bytes_max < kSmallBufferBytes) {
    return std::unexpected(Error::kInvalidArgument);
  }
  return with(find(core_, id_), [=](stack::PacketSocket& socket) -> Result<void> {
    socket.queue.set_buffer_bytes_max(bytes_max);
    return {};
  });
}

}  // namespace strata
