// SPDX-License-Identifier: Apache-2.0
#include "tcp/ports.h"

#include <memory>

#include "strata/check.h"

namespace strata::tcp {
namespace {

bool speaks_v4(const Binding& binding) {
  return binding.local.address.is_v4() ||
         (binding.local.address.is_unspecified() && !binding.v6_only);
}

bool overlap(const Binding& a, const Binding& b) {
  if (a.interface != kNoInterface && b.interface != kNoInterface && a.interface != b.interface) {
    return false;
  }
  const IpAddress& left = a.local.address;
  const IpAddress& right = b.local.address;
  if (!left.is_unspecified() && !right.is_unspecified()) {
    return left == right && (a.local.zone == b.local.zone || a.local.zone == kNoInterface ||
                             b.local.zone == kNoInterface);
  }
  // A wildcard overlaps with whatever has a family in common with it.
  const bool both_v4 = speaks_v4(a) && speaks_v4(b);
  const bool both_v6 = left.is_v6() && right.is_v6();
  return both_v4 || both_v6;
}

bool may_share(const Binding& a, const Binding& b) {
  if (a.reuse_port && b.reuse_port) return true;
  return a.reuse_address && b.reuse_address && !a.is_listening && !b.is_listening;
}

}  // namespace

Ports::~Ports() {
  for (Page* const page : pages_) {
    if (page != nullptr) memory_->release(page, sizeof(Page), alignof(Page));
  }
}

Result<Handle> Ports::bind(const Endpoint& local, const TcpSocketOptions& options) {
  Binding wanted{.local = local,
                 .interface = options.bound_interface,
                 .v6_only = options.v6_only,
                 .reuse_address = options.reuse_address,
                 .reuse_port = options.reuse_port};
  if (local.port == 0) {
    const auto port = walk(local.address, Endpoint{}, [this](std::uint16_t candidate) {
      return uses(candidate) == 0 && !is_bound(candidate);
    });
    if (!port) return std::unexpected(Error::kNoPortsLeft);
    wanted.local.port = *port;
  } else if (!is_free_for(wanted)) {
    return std::unexpected(Error::kAddressInUse);
  }
  const Handle handle = bindings_.try_create(wanted);
  if (!handle) return std::unexpected(Error::kOutOfMemory);
  if (!index_.insert(wanted.local.port, handle.index)) {
    bindings_.destroy(handle);
    return std::unexpected(Error::kOutOfMemory);
  }
  return handle;
}

bool Ports::is_free_for(const Binding& wanted) const {
  if (uses(wanted.local.port) != 0 && !wanted.reuse_address && !wanted.reuse_port) return false;
  bool is_free = true;
  for_each_on(wanted.local.port, [&](const Binding& other, Index) {
    if (overlap(wanted, other) && !may_share(wanted, other)) is_free = false;
  });
  return is_free;
}

Result<void> Ports::begin_listening(Handle handle) {
  Binding* const binding = bindings_.find(handle);
  if (binding == nullptr) return std::unexpected(Error::kInvalidHandle);
  bool is_free = true;
  for_each_on(binding->local.port, [&](const Binding& other, Index index) {
    if (index == handle.index || !other.is_listening) return;
    if (overlap(*binding, other) && !may_share(*binding, other)) is_free = false;
  });
  if (!is_free) return std::unexpected(Error::kAddressInUse);
  binding->is_listening = true;
  return {};
}

void Ports::release(Handle handle) {
  const Binding* const binding = bindings_.find(handle);
  if (binding == nullptr) return;
  index_.erase(binding->local.port, handle.index);
  bindings_.destroy(handle);
}

bool Ports::is_bound(std::uint16_t port) const {
  return index_.find(port, [&](Index index) { return bindings_[index].local.port == port; }) !=
         kNoIndex;
}

bool Ports::add_use(std::uint16_t port) {
  Page*& page = pages_[port / kPagePorts];
  if (page == nullptr) {
    void* const block = memory_->allocate(sizeof(Page), alignof(Page));
    if (block == nullptr) return false;
    page = std::construct_at(static_cast<Page*>(block));
  }
  if (page->uses[port % kPagePorts]++ == 0) ++page->ports;
  return true;
}

void Ports::drop_use(std::uint16_t port) {
  Page*& page = pages_[port / kPagePorts];
  STRATA_CHECK(page != nullptr && page->uses[port % kPagePorts] > 0);
  if (--page->uses[port % kPagePorts] > 0 || --page->ports > 0) return;
  memory_->release(page, sizeof(Page), alignof(Page));
  page = nullptr;
}

std::size_t Ports::bytes_used() const {
  std::size_t bytes = bindings_.bytes_used() + index_.bytes_used();
  for (const Page* const page : pages_) bytes += page == nullptr ? 0 : sizeof(Page);
  return bytes;
}

}  // namespace strata::tcp
