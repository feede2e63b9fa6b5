// SPDX-License-Identifier: Apache-2.0
// Attachment: our program on an interface, for as long as this exists.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "driver/descriptor.h"
#include "driver/xdp/bpf.h"
#include "driver/xdp/steering.h"

namespace strata::driver::xdp {

// What the interface lets in while we are there; the counts are the kernel's, and end with us.
enum class Hearing : std::uint8_t { kGroups, kAll };

class Attachment {
 public:
  struct Failure {
    std::string what;  // "load the program"
    BpfError error;
  };

  // Loads the program and lets the interface in on it; it is not attached yet.
  [[nodiscard]] static std::expected<Attachment, Failure> make(const Steering& steering,
                                                               std::uint32_t queues,
                                                               bool knows_fragments);
  // From here on what the program finds on this queue goes to the socket. An errno, or 0.
  [[nodiscard]] int add(std::uint32_t queue, int socket) const;
  // In the driver where it can, else in the kernel's generic path. An errno, or 0; EBUSY when
  // another program is there.
  [[nodiscard]] int attach(unsigned interface);
  [[nodiscard]] int hear(unsigned interface, Hearing hearing);
  [[nodiscard]] bool is_native() const { return is_native_; }

 private:
  Attachment(Descriptor sockets, Descriptor program)
      : sockets_(std::move(sockets)), program_(std::move(program)) {}

  Descriptor sockets_;
  Descriptor program_;
  Descriptor link_;
  Descriptor hearing_;
  bool is_native_ = false;
};

}  // namespace strata::driver::xdp
