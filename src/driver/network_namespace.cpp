// SPDX-License-Identifier: Apache-2.0
#include "driver/network_namespace.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>
#include <thread>

#include "driver/descriptor.h"

namespace strata::driver {

int run_in_network_namespace(const std::string& name, const std::function<void()>& task) {
  const bool is_path = name.find('/') != std::string::npos;
  const std::string path = is_path ? name : "/run/netns/" + name;
  const Descriptor inside(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (inside.get() < 0) return errno;
  // A namespace belongs to a thread: one that ends here need not find its way back.
  int error = 0;
  std::thread([&] {
    if (::setns(inside.get(), CLONE_NEWNET) == 0) {
      task();
    } else {
      error = errno;
    }
  }).join();
  return error;
}

}  // namespace strata::driver
