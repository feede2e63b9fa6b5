// SPDX-License-Identifier: Apache-2.0
// Socket addresses in the memory of programs.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <expected>

#include "attach/process/program.h"

namespace strata::attach {

class ProgramAddress {
 public:
  // -EINVAL: a size that no address has; -EFAULT: it is not there.
  [[nodiscard]] static std::expected<ProgramAddress, Answer> read(const ProgramMemory& memory,
                                                                  std::uint64_t address,
                                                                  std::uint64_t size);

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t size() const { return size_; }
  // Of an address of the internet's families; 0 when it has none.
  [[nodiscard]] std::uint16_t port() const;

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

// As accept(), getsockname() and recvfrom() tell an address: cut to the room that the program's
// length says there is, and the length it would have needed.
[[nodiscard]] Answer write_address(const ProgramMemory& memory, const sockaddr_storage& name,
                                   socklen_t size, std::uint64_t to, std::uint64_t to_size);

}  // namespace strata::attach
