// SPDX-License-Identifier: Apache-2.0
#include "strata/tcp_listener.h"

#include <utility>

#include "socket/native/tcp.h"

namespace strata {

using native::with_tcp;
using tcp::Transport;

Result<TcpListener> TcpListener::listen(Stack& stack, const Endpoint& local,
                                        const TcpListenOptions& options) {
  stack::Core& core = stack.core();
  // Its handle would name another's port, or none at all.
  if (options.binding != nullptr && !options.binding->is_of(stack)) {
    return std::unexpected(Error::kInvalidHandle);
  }
  if (options.binding == nullptr && !native::may_bind_to(core, local, options.options)) {
    return std::unexpected(Error::kAddressNotAvailable);
  }
  tcp::Transport* const tcp = core.ensure_tcp();
  if (tcp == nullptr) return std::unexpected(Error::kOutOfMemory);
  const auto handle = tcp->listen({.local = local,
                                   .binding = native::handle_of(options.binding),
                                   .backlog = options.backlog,
                                   .options = options.options});
  if (!handle) return std::unexpected(handle.error());
  return TcpListener(core, native::id_of(*handle));
}

TcpListener::TcpListener(TcpListener&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)), id_(std::exchange(other.id_, {})) {}

TcpListener& TcpListener::operator=(TcpListener&& other) noexcept {
  TcpListener taken(std::move(other));
  std::swap(core_, taken.core_);
  std::swap(id_, taken.id_);
  return *this;
}

TcpListener::~TcpListener() {
  if (core_ != nullptr) close(core_->last_turn);
}

Result<TcpStream> TcpListener::accept(Time now) {
  return with_tcp(core_, id_, [&](Transport& tcp, Handle handle) -> Result<TcpStream> {
    const auto accepted = tcp.accept(handle, now);
    if (!accepted) return std::unexpected(accepted.error());
    return TcpStream(*core_, native::id_of(*accepted));
  });
}

Result<void> TcpListener::set_backlog(std::uint32_t backlog) {
  return with_tcp(core_, id_,
                  [&](Transport& tcp, Handle handle) { return tcp.set_backlog(handle, backlog); });
}

void TcpListener::close(Time now) {
  // Ours no more before the engine destroys a callback that may own this.
  stack::Core* const core = std::exchange(core_, nullptr);
  if (core != nullptr) core->tcp->close_listener(native::handle_of(id_), now);
}

Result<Readiness> TcpListener::readiness() const {
  return with_tcp(core_, id_, [](Transport& tcp, Handle handle) -> Result<Readiness> {
    return tcp.listener_readiness(handle);
  });
}

Result<void> TcpListener::on_ready(ReadyCallback callback) {
  return with_tcp(core_, id_, [&](Transport& tcp, Handle handle) -> Result<void> {
    return tcp.on_listener_ready(handle, std::move(callback));
  });
}

Result<Endpoint> TcpListener::local() const {
  return with_tcp(core_, id_,
                  [](Transport& tcp, Handle handle) { return tcp.listener_local(handle); });
}

Result<TcpSocketOptions> TcpListener::options() const {
  return with_tcp(core_, id_,
                  [](Transport& tcp, Handle handle) { return tcp.listener_options(handle); });
}

Result<void> TcpListener::set_options(const TcpSocketOptions& options) {
  return with_tcp(core_, id_, [&](Transport& tcp, Handle handle) {
    return tcp.set_listener_options(handle, options);
  });
}

}  // namespace strata
