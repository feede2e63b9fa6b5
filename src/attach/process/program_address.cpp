// SPDX-License-Identifier: Apache-2.0
#include "attach/process/program_address.h"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace strata::attach {

std::expected<ProgramAddress, Answer> ProgramAddress::read(const ProgramMemory& memory,
                                                           std::uint64_t address,
                                                           std::uint64_t size) {
  // The kernel takes an int and refuses what is negative or too large.
  const auto given = static_cast<std::uint32_t>(size);
  ProgramAddress read;
  if (given > sizeof(read.storage_)) return std::unexpected(-EINVAL);
  read.size_ = given;
  const Answer done =
      memory.read(address, std::as_writable_bytes(std::span(&read.storage_, 1)).first(given));
  if (done < 0) return std::unexpected(done);
  return read;
}

std::uint16_t ProgramAddress::port() const {
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  const bool has_port = storage_.ss_family == AF_INET || storage_.ss_family == AF_INET6;
  if (!has_port || size_ < offsetof(sockaddr_in, sin_port) + sizeof(in_port_t)) return 0;
  sockaddr_in plain{};
  std::memcpy(&plain, &storage_, sizeof(plain));
  return ntohs(plain.sin_port);
}

Answer write_address(const ProgramMemory& memory, const sockaddr_storage& name, socklen_t size,
                     std::uint64_t to, std::uint64_t to_size) {
  const auto room = memory.read<int>(to_size);
  if (!room) return room.error();
  if (*room < 0) return -EINVAL;
  const auto count = std::min(static_cast<socklen_t>(*room), size);
  const Answer done = memory.write(to, std::as_bytes(std::span(&name, 1)).first(count));
  return done < 0 ? done : memory.write(to_size, size);
}

}  // namespace strata::attach
