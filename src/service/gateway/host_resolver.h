// SPDX-License-Identifier: Apache-2.0
// HostResolver: which server the host's programs ask for names, as the host goes from one network
// to another.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "strata/address.h"
#include "strata/time.h"

namespace strata::service {

// The first server of a resolv.conf(5). Who writes such a file writes it in place, or puts another
// there; or it is a link that is turned.
class HostResolver {
 public:
  explicit HostResolver(std::string path);

  // Before somebody is asked. Once a second the file is looked at, and read when it is another one.
  // While it cannot be read, the server is who it was.
  void look(Time now);
  [[nodiscard]] const std::optional<IpAddress>& address() const { return address_; }

 private:
  // By which a file is known from one that was there before.
  struct Mark {
    ::dev_t device = 0;
    ::ino_t file = 0;
    ::off_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;

    friend bool operator==(const Mark&, const Mark&) = default;
  };
  [[nodiscard]] std::optional<Mark> mark() const;
  void read();

  std::string path_;
  std::optional<Mark> seen_;
  std::optional<IpAddress> address_;
  Time next_look_{};
};

}  // namespace strata::service
