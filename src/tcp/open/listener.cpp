// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/listener.h"

#include <algorithm>

namespace strata::tcp {
namespace {

// Wildcards of both families share one place.
constexpr IpAddress kAnywhere = IpAddress::any_v6();

}  // namespace

std::optional<Handle> AcceptQueue::pop() {
  if (empty()) return std::nullopt;
  const Handle connection = waiting_[first_++];
  if (first_ == waiting_.size()) {
    waiting_.release();
    first_ = 0;
  } else if (first_ >= 64 && first_ * 2 > waiting_.size()) {
    waiting_.erase_range(0, first_);
    first_ = 0;
  }
  return connection;
}

bool AcceptQueue::remove(Handle connection) {
  Handle* const found = std::find(waiting_.begin() + first_, waiting_.end(), connection);
  if (found == waiting_.end()) return false;
  waiting_.erase_at(static_cast<std::size_t>(found - waiting_.begin()));
  return true;
}

Result<Handle> Listeners::open(const Endpoint& local, std::uint32_t backlog,
                               const TcpSocketOptions& options) {
  if (local.port == 0 || local.address.is_multicast()) {
    return std::unexpected(Error::kInvalidArgument);
  }
  const Handle handle = listeners_.try_create(*memory_, local, backlog, options);
  if (!handle) return std::unexpected(Error::kOutOfMemory);
  Listener& listener = listeners_[handle.index];
  listener.index = handle.index;
  if (!places_.insert(hash_of_place(listener), handle.index)) {
    listeners_.destroy(handle);
    return std::unexpected(Error::kOutOfMemory);
  }
  return handle;
}

void Listeners::close(Handle handle) {
  const Listener* const listener = listeners_.find(handle);
  if (listener == nullptr) return;
  places_.erase(hash_of_place(*listener), handle.index);
  listeners_.destroy(handle);
}

Result<Handle> Listeners::restore(const ListenerSnapshot& snapshot) {
  if (snapshot.version != ListenerSnapshot::kVersion) return std::unexpected(Error::kNotSupported);
  return open(snapshot.local, snapshot.backlog, snapshot.options);
}

Listener* Listeners::match(const Flow& flow, InterfaceId interface) {
  Listener* const exact = best_of(flow.local_address, flow, interface);
  return exact != nullptr ? exact : best_of(kAnywhere, flow, interface);
}

Listener* Listeners::best_of(const IpAddress& place, const Flow& flow, InterfaceId interface) {
  Listener* best = nullptr;
  std::optional<std::uint32_t> spread;
  const auto weight_of = [&](Index index) {
    if (!spread) spread = hash_of(key_, flow);
    return (*spread ^ (index * 0x9e37'79b1U)) * 0x85eb'ca6bU;
  };
  // One that is bound to the interface is more exact than one that is not.
  const auto is_better = [&](const Listener& listener) {
    if (best == nullptr) return true;
    const bool is_bound = listener.options.bound_interface != kNoInterface;
    const bool best_is_bound = best->options.bound_interface != kNoInterface;
    if (is_bound != best_is_bound) return is_bound;
    return weight_of(listener.index) > weight_of(best->index);
  };
  places_.for_each(hash_of_place(place, flow.local_port), [&](Index index) {
    Listener& listener = listeners_[index];
    if (hears(listener, flow, interface) && is_better(listener)) best = &listener;
  });
  return best;
}

bool Listeners::hears(const Listener& listener, const Flow& flow, InterfaceId interface) {
  const Endpoint& local = listener.local;
  if (local.port != flow.local_port) return false;
  if (local.address.is_unspecified()) {
    const bool is_v4 = local.address.is_v4();
    if (flow.is_v4() ? !is_v4 && listener.options.v6_only : is_v4) return false;
  } else if (local.address != flow.local_address) {
    return false;
  }
  const InterfaceId bound = listener.options.bound_interface;
  if (bound != kNoInterface && bound != interface) return false;
  return local.zone == kNoInterface || local.zone == interface;
}

std::uint32_t Listeners::hash_of_place(const IpAddress& address, std::uint16_t port) const {
  return static_cast<std::uint32_t>(hash_words(key_, {address.high(), address.low(), port}));
}

std::uint32_t Listeners::hash_of_place(const Listener& listener) const {
  const IpAddress& address = listener.local.address;
  return hash_of_place(address.is_unspecified() ? kAnywhere : address, listener.local.port);
}

}  // namespace strata::tcp
