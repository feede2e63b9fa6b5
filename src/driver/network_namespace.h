// SPDX-License-Identifier: Apache-2.0
// Network namespaces of this host, by name: what is opened inside one belongs to it.
#pragma once

#include <functional>
#include <string>

namespace strata::driver {

// Calls `task` inside the namespace that `ip netns` knows by this name, or that lies at this path
// when it has a slash; the caller stays where it is. 0, or an errno that says why it could not:
// ENOENT that there is none, EINVAL that this is none, EPERM that CAP_SYS_ADMIN is missing. The
// task runs on a thread of its own, and has ended when this comes back.
[[nodiscard]] int run_in_network_namespace(const std::string& name,
                                           const std::function<void()>& task);

}  // namespace strata::driver
