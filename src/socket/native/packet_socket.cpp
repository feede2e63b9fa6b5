// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "socket/native/datagram.h"
#include "stack/out/send_frame.h"
#include "strata/raw_socket.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/vlan.h"

namespace strata {
namespace {

using native::handle_of;
using native::with;

stack::PacketSocket* find(stack::Core* core, SocketId id) {
  return core == nullptr ? nullptr : core->raw.packet.find(handle_of(id));
}

// What nobody could read is not sent: a link header, or a packet without one, is the least.
bool is_long_enough(const stack::Interface& interface, std::size_t size) {
  return size >= (interface.medium == Medium::kEthernet ? wire::EthernetLayout::kSize
                                                        : wire::Ipv4Layout::kSize);
}

std::size_t size_max(const stack::Interface& interface) {
  return interface.mtu +
         (interface.medium == Medium::kEthernet ? wire::EthernetLayout::kSize : std::size_t{0});
}

// A frame of a VLAN gets its tags behind the addresses, outermost first.
void append_tagged(Packet& packet, const VlanTags& vlan, stack::Gather& frame) {
  constexpr std::size_t kAddresses = wire::EthernetLayout::Type::kBegin;
  frame.copy_to(packet.append(kAddresses));
  for (std::size_t i = 0; i < vlan.count; ++i) {
    const VlanTags::Tag& tag = vlan.tags[i];
    store_big_endian(packet.append(2).data(), tag.tpid);
    const unsigned control = (unsigned{tag.priority} << 13U) | tag.id;
    store_big_endian(packet.append(2).data(), static_cast<std::uint16_t>(control));
  }
  frame.copy_to(packet.append(frame.left()));
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
  stack::PacketSocket* const socket = find(core_, id_);
  stack::Core* const core = std::exchange(core_, nullptr);
  if (socket == nullptr) return;
  // Ends last: it may own this.
  const ReadyHook::Callback former = core->ready.take(socket->ready);
  core->raw.packet.destroy(handle_of(id_));
}

Result<std::size_t> PacketSocket::send(Bytes frame, InterfaceId interface, Time now) {
  return send(std::span<const Bytes>(&frame, 1), interface, now);
}

Result<std::size_t> PacketSocket::send(std::span<const Bytes> parts, InterfaceId interface,
                                       Time /*now*/) {
  return with(find(core_, id_), [&](stack::PacketSocket&) -> Result<std::size_t> {
    stack::Interface* found = core_->interface(interface);
    if (found == nullptr) return std::unexpected(Error::kNoDevice);
    if (found->is_loopback()) return std::unexpected(Error::kNotSupported);
    stack::Gather frame(parts);
    const std::size_t size = frame.left();
    if (!is_long_enough(*found, size)) return std::unexpected(Error::kInvalidArgument);
    if (size > size_max(*found)) return std::unexpected(Error::kMessageTooLong);
    const std::size_t tags = found->vlan.count * wire::VlanLayout::kSize;
    PacketPtr packet = core_->pool.allocate_for(size + tags);
    if (packet == nullptr) return std::unexpected(Error::kOutOfMemory);
    append_tagged(*packet, found->vlan, frame);
    packet->notes().checksum = ChecksumState::kVerified;
    stack::enqueue(*core_, *found, std::move(packet));
    return size;
  });
}

Result<std::size_t> PacketSocket::send_batch(std::span<const OutgoingFrame> frames, Time now) {
  return native::for_each_in_batch(
      frames, [&](const OutgoingFrame& next) { return send(next.parts, next.interface, now); });
}

Result<FrameInfo> PacketSocket::receive(MutableBytes buffer) {
  return receive(std::span<const MutableBytes>(&buffer, 1));
}

Result<FrameInfo> PacketSocket::receive(std::span<const MutableBytes> parts) {
  return with(find(core_, id_), [&](stack::PacketSocket& socket) -> Result<FrameInfo> {
    const PacketPtr packet = socket.queue.pop();
    if (packet == nullptr) return std::unexpected(Error::kWouldBlock);
    FrameInfo info{.interface = packet->notes().interface, .arrival = packet->notes().arrival};
    native::copy_payload(*packet, 0, parts, info);
    return info;
  });
}

Result<std::size_t> PacketSocket::receive_batch(std::span<IncomingFrame> frames) {
  return native::for_each_in_batch(frames, [&](IncomingFrame& next) {
    const auto one = receive(next.buffer);
    if (one) next.info = *one;
    return one;
  });
}

Result<Readiness> PacketSocket::readiness() const {
  return with(find(core_, id_), [](const stack::PacketSocket& socket) -> Result<Readiness> {
    return Readiness{.readable = !socket.queue.empty(), .writable = true};
  });
}

Result<void> PacketSocket::on_ready(ReadyCallback callback) {
  return with(find(core_, id_), [&](stack::PacketSocket& socket) -> Result<void> {
    const Readiness so_far{.readable = !socket.queue.empty()};
    if (!core_->ready.watch(socket.ready, std::move(callback), so_far, core_->memory)) {
      return std::unexpected(Error::kOutOfMemory);
    }
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
