// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/troubles.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <cerrno>
#include <utility>

namespace strata::service {

bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

void Troubles::tell(bool& is_told, const Failure& trouble) {
  if (std::exchange(is_told, true) || !tell_) return;
  tell_(trouble);
}

void Troubles::on_no_socket(int error) {
  if (!is_shortage(error)) return;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (error == EMFILE) {
    return tell(is_limit_told_,
                {fmt::format("rootless: this host lets us open {} descriptors, and all are in use: "
                             "further flows are refused until others end",
                             limit.rlim_cur),
                 "ulimit -n 65536  (as root, or in /etc/security/limits.conf)"});
  }
  tell(is_limit_told_,
       {"rootless: this host has no room for further sockets: further flows are refused", ""});
}

void Troubles::on_no_echo() {
  tell(is_echo_told_,
       {fmt::format("rootless: this host does not let us send echo requests, so pings are answered "
                    "as prohibited: {}",
                    echo_.detail),
        "To permit them: " + echo_.remedy});
}

}  // namespace strata::service
