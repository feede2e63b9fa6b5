// SPDX-License-Identifier: Apache-2.0
#include "packetdrill/descriptors.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace strata::packetdrill {

int Descriptors::add(int ours) {
  const int real = eventfd(0, EFD_CLOEXEC);
  if (real < 0) return -errno;
  ours_.insert_or_assign(real, ours);
  return real;
}

int Descriptors::ours(int real) const {
  const auto found = ours_.find(real);
  return found == ours_.end() ? -1 : found->second;
}

void Descriptors::remove(int real) {
  if (ours_.erase(real) != 0) ::close(real);
}

}  // namespace strata::packetdrill
