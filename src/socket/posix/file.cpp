// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/file.h"

#include <cerrno>

namespace strata::posix {

Answer File::receive(msghdr& /*message*/, int /*flags*/, Time /*now*/) { return -EINVAL; }
Answer File::send(const msghdr& /*message*/, int /*flags*/, Time /*now*/) { return -EINVAL; }
Answer File::bind(const sockaddr* /*address*/, socklen_t /*size*/, Time /*now*/) {
  return is_socket() ? -EOPNOTSUPP : -ENOTSOCK;
}
Answer File::listen(int /*backlog*/, Time /*now*/) { return is_socket() ? -EOPNOTSUPP : -ENOTSOCK; }
Answer File::connect(const sockaddr* /*address*/, socklen_t /*size*/, Time /*now*/) {
  return is_socket() ? -EOPNOTSUPP : -ENOTSOCK;
}
Answer File::connect_result() { return 0; }
File::Accepted File::accept(Time /*now*/) {
  return {nullptr, is_socket() ? -EOPNOTSUPP : -ENOTSOCK};
}
Answer File::shut_down(int /*how*/, Time /*now*/) { return is_socket() ? -EOPNOTSUPP : -ENOTSOCK; }
Answer File::local_name(sockaddr* /*address*/, socklen_t* /*size*/) {
  return is_socket() ? -EOPNOTSUPP : -ENOTSOCK;
}
Answer File::remote_name(sockaddr* /*address*/, socklen_t* /*size*/) {
  return is_socket() ? -EOPNOTSUPP : -ENOTSOCK;
}
Answer File::option(int /*level*/, int /*name*/, void* /*value*/, socklen_t* /*size*/,
                    Time /*now*/) {
  return is_socket() ? -ENOPROTOOPT : -ENOTSOCK;
}
Answer File::set_option(int /*level*/, int /*name*/, const void* /*value*/, socklen_t /*size*/,
                        Time /*now*/) {
  return is_socket() ? -ENOPROTOOPT : -ENOTSOCK;
}
Answer File::control(unsigned long /*request*/, int& /*value*/) { return -ENOTTY; }
bool File::close(Time /*now*/, bool /*is_last*/) { return true; }

}  // namespace strata::posix
