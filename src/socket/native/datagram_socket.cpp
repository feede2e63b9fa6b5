// SPDX-License-Identifier: Apache-2.0
#include "strata/datagram_socket.h"

#include <utility>

#include "socket/native/datagram.h"

namespace strata {
namespace {

constexpr std::size_t kReceiveBufferMin = 2048;
constexpr std::size_t kReceiveBufferMax = std::size_t{1} << 30U;

void close_udp(stack::Core& core, Handle handle, const udp::Socket& socket) {
  if (socket.is_in_groups) {
    const multicast::SocketKey key = stack::udp_socket_key(handle);
    core.for_each_interface([&](stack::Interface& interface) {
      interface.groups.tell().leave_all(key, core.last_turn);
    });
  }
  core.udp.close(handle);
}

}  // namespace

// The same members of three kinds of socket.
struct DatagramSocket::Parts {
  SocketOptions& options;
  ReceiveQueue& queue;
  SocketErrors& errors;
  ReadyHook& ready;

  template <typename Socket>
  [[nodiscard]] static std::optional<Parts> of(Socket* socket) {
    if (socket == nullptr) return std::nullopt;
    return Parts{socket->options, socket->queue, socket->errors, socket->ready};
  }
  [[nodiscard]] Readiness readiness() const {
    return {.readable = !queue.empty(), .writable = true, .error = !errors.empty()};
  }
};

std::optional<DatagramSocket::Parts> DatagramSocket::parts() const {
  if (core_ == nullptr) return std::nullopt;
  const Handle handle = native::handle_of(id_);
  switch (kind_) {
    case Kind::kUdp: return Parts::of(core_->udp.find(handle));
    case Kind::kEcho: return Parts::of(core_->echo.find(handle));
    case Kind::kRaw: return Parts::of(core_->raw.raw.find(handle));
  }
  return std::nullopt;
}

template <typename Act>
Result<void> DatagramSocket::change(Act act) {
  const std::optional<Parts> found = parts();
  if (!found) return std::unexpected(Error::kInvalidHandle);
  act(found->options);
  return {};
}

DatagramSocket::DatagramSocket(DatagramSocket&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)), id_(other.id_), kind_(other.kind_) {}

DatagramSocket& DatagramSocket::operator=(DatagramSocket&& other) noexcept {
  if (this != &other) {
    close();
    core_ = std::exchange(other.core_, nullptr);
    id_ = other.id_;
    kind_ = other.kind_;
  }
  return *this;
}

DatagramSocket::~DatagramSocket() { close(); }

void DatagramSocket::close() {
  const std::optional<Parts> found = parts();
  stack::Core* const core = std::exchange(core_, nullptr);
  if (!found) return;
  // Ends last: it may own this.
  const ReadyHook::Callback former = core->ready.take(found->ready);
  const Handle handle = native::handle_of(id_);
  switch (kind_) {
    case Kind::kUdp: close_udp(*core, handle, *core->udp.find(handle)); break;
    case Kind::kEcho: core->echo.close(handle); break;
    case Kind::kRaw: core->raw.raw.destroy(handle); break;
  }
}

Result<SocketError> DatagramSocket::receive_error() {
  const std::optional<Parts> found = parts();
  if (!found) return std::unexpected(Error::kInvalidHandle);
  const auto kept = found->errors.take_kept();
  if (!kept) return std::unexpected(Error::kWouldBlock);
  return *kept;
}

Result<std::optional<Error>> DatagramSocket::take_error() {
  const std::optional<Parts> found = parts();
  if (!found) return std::unexpected(Error::kInvalidHandle);
  return found->errors.take_pending();
}

Result<Readiness> DatagramSocket::readiness() const {
  const std::optional<Parts> found = parts();
  if (!found) return std::unexpected(Error::kInvalidHandle);
  return found->readiness();
}

Result<void> DatagramSocket::on_ready(ReadyCallback callback) {
  const std::optional<Parts> found = parts();
  if (!found) return std::unexpected(Error::kInvalidHandle);
  // What was there before the callback must be told as well.
  const Readiness now = found->readiness();
  const Readiness so_far = now.readable || now.error ? now : Readiness{};
  if (!core_->ready.watch(found->ready, std::move(callback), so_far, core_->memory)) {
    return std::unexpected(Error::kOutOfMemory);
  }
  return {};
}

Result<SocketOptions> DatagramSocket::options() const {
  const std::optional<Parts> found = parts();
  if (!found) return std::unexpected(Error::kInvalidHandle);
  return found->options;
}

Result<void> DatagramSocket::set_bound_interface(InterfaceId interface) {
  if (core_ != nullptr && !native::is_interface_or_none(*core_, interface)) {
    return std::unexpected(Error::kNoDevice);
  }
  // Which datagrams are whose may be another matter now.
  if (core_ != nullptr) core_->udp.forget_answers();
  return change([=](SocketOptions& options) { options.bound_interface = interface; });
}

Result<void> DatagramSocket::set_hop_limit(std::optional<std::uint8_t> hops) {
  // With 0 nothing would ever leave this host.
  if (hops && *hops == 0) return std::unexpected(Error::kInvalidArgument);
  return change([=](SocketOptions& options) { options.hop_limit = hops; });
}

Result<void> DatagramSocket::set_traffic_class(std::uint8_t traffic_class) {
  return change([=](SocketOptions& options) { options.traffic_class = traffic_class; });
}

Result<void> DatagramSocket::set_fragment_policy(FragmentPolicy policy) {
  return change([=](SocketOptions& options) { options.fragment_policy = policy; });
}

Result<void> DatagramSocket::set_multicast_interface(InterfaceId interface) {
  if (core_ != nullptr && !native::is_interface_or_none(*core_, interface)) {
    return std::unexpected(Error::kNoDevice);
  }
  return change([=](SocketOptions& options) { options.multicast_interface = interface; });
}

Result<void> DatagramSocket::set_multicast_hop_limit(std::uint8_t hops) {
  return change([=](SocketOptions& options) { options.multicast_hop_limit = hops; });
}

Result<void> DatagramSocket::set_multicast_loop(bool on) {
  return change([=](SocketOptions& options) { options.multicast_loop = on; });
}

Result<void> DatagramSocket::set_receive_errors(bool on) {
  return change([=](SocketOptions& options) { options.receive_errors = on; });
}

Result<void> DatagramSocket::set_receive_buffer(std::size_t bytes_max) {
  if (bytes_max < kReceiveBufferMin || bytes_max > kReceiveBufferMax) {
    return std::unexpected(Error::kInvalidArgument);
  }
  const std::optional<Parts> found = parts();
  if (!found) return std::unexpected(Error::kInvalidHandle);
  found->queue.set_buffer_bytes_max(bytes_max);
  return {};
}

Result<std::size_t> DatagramSocket::receive_buffer() const {
  const std::optional<Parts> found = parts();
  if (!found) return std::unexpected(Error::kInvalidHandle);
  return found->queue.buffer_bytes_max();
}

}  // namespace strata
