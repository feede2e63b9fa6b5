// SPDX-License-Identifier: Apache-2.0
// Which keys of a configuration have another value, and what a running stack takes over of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "service/config/config_key.h"
#include "service/reload/reload_report.h"
#include "service/stack_options.h"

namespace strata::service {

struct KeyChange {
  std::string_view path;  // of the key; or of a table of which there are more or fewer, or others
  ReloadReport::Change told;
  bool needs_restart = false;
};

// What this run of a stack cannot do, whatever its keys say of reloading.
struct ReloadLimits {
  bool has_gateway = false;      // the rootless device
  bool ignores_routers = false;  // it is there in the place of another one
};

[[nodiscard]] std::vector<KeyChange> changes_between(const StackOptions& from,
                                                     const StackOptions& to,
                                                     const ReloadLimits& limits);

// `from` with all of `to` that can change while a stack runs.
[[nodiscard]] StackOptions adopted(const StackOptions& from, const StackOptions& to,
                                   const ReloadLimits& limits);

// Whether the addresses of one may become those of the other.
[[nodiscard]] bool is_same_device(const DeviceOptions& a, const DeviceOptions& b);

}  // namespace strata::service
