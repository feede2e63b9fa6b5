// SPDX-License-Identifier: Apache-2.0
// ByteSession: echo, discard, chargen and daytime over one TCP stream (RFC 862, 863, 864, 867).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "service/serve/session.h"
#include "service/stack_options.h"

namespace strata::service {

class ByteSession final : public Session {
 public:
  ByteSession(SessionOwner& owner, TcpStream stream, Service service)
      : Session(owner, std::move(stream)), service_(service) {}

 private:
  bool work() override;
  bool echo();
  bool discard();
  bool chargen();
  bool daytime();
  // Writes what is pending; false when the stream is broken.
  bool write_pending();

  Service service_;
  std::vector<std::byte> pending_;
  std::size_t sent_ = 0;  // of pending_
  std::size_t lines_ = 0;
  bool is_told_ = false;
};

}  // namespace strata::service
