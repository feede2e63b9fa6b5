// SPDX-License-Identifier: Apache-2.0
#include "strata/tcp_binding.h"

#include <utility>

#include "socket/native/tcp.h"

namespace strata {

namespace native {

bool may_begin_at(const stack::Core& core, const Endpoint& local) {
  if (local.address.is_unspecified() || local.address.is_loopback()) return true;
  const ip::LocalAddress* ours = core.local.find(local.address, local.zone);
  return ours != nullptr && ours->kind == ip::LocalKind::kUnicast && !ours->is_tentative;
}

bool may_bind_to(const stack::Core& core, const Endpoint& local, const TcpSocketOptions& options) {
  const bool may_become_ours =
      !local.address.is_multicast() && !local.address.is_limited_broadcast();
  return may_begin_at(core, local) || (options.free_bind && may_become_ours);
}

}  // namespace native

Result<TcpBinding> TcpBinding::bind(Stack& stack, const Endpoint& local,
                                    const TcpSocketOptions& options) {
  stack::Core& core = stack.core();
  if (!native::may_bind_to(core, local, options))
    return std::unexpected(Error::kAddressNotAvailable);
  if (!native::is_interface_or_none(core, local.zone)) return std::unexpected(Error::kNoDevice);
  tcp::Transport* const tcp = core.ensure_tcp();
  if (tcp == nullptr) return std::unexpected(Error::kOutOfMemory);
  const auto bound = tcp->bind(local, options);
  if (!bound) return std::unexpected(bound.error());
  return TcpBinding(core, native::id_of(*bound));
}

TcpBinding::TcpBinding(TcpBinding&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)), id_(std::exchange(other.id_, {})) {}

TcpBinding& TcpBinding::operator=(TcpBinding&& other) noexcept {
  TcpBinding taken(std::move(other));
  std::swap(core_, taken.core_);
  std::swap(id_, taken.id_);
  return *this;
}

TcpBinding::~TcpBinding() { release(); }

Result<Endpoint> TcpBinding::local() const {
  return native::with_tcp(
      core_, id_, [](tcp::Transport& tcp, Handle handle) { return tcp.binding_of(handle); });
}

bool TcpBinding::is_of(Stack& stack) const { return core_ == &stack.core(); }

void TcpBinding::release() {
  stack::Core* const core = std::exchange(core_, nullptr);
  if (core != nullptr) core->tcp->unbind(native::handle_of(id_));
}

}  // namespace strata
