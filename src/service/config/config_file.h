// SPDX-License-Identifier: Apache-2.0
// Configuration files: TOML with the keys of config_key.h, which docs/configuration.md lists.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "service/failure.h"
#include "service/stack_options.h"

namespace strata::service {

// Unknown keys are faults, too.
struct ConfigFault {
  std::size_t line = 0;    // from 1; 0: the file as a whole
  std::size_t column = 0;  // from 1; 0: the whole line
  std::string key;         // "device.vlan.id"; empty: it is about no key
  std::string what;
};
// "FILE:LINE:COLUMN: KEY: what was expected", without the parts that are not known.
[[nodiscard]] std::string to_text(const ConfigFault& fault, const std::string& path);

struct ConfigReading {
  static constexpr std::size_t kFaultsMax = 100;

  StackOptions options;             // without faults: what the file says
  std::vector<ConfigFault> faults;  // in the order of the file; at most kFaultsMax
};

// Finds all faults of a file, where its syntax can be read at all.
[[nodiscard]] ConfigReading check_config_file(const std::string& path);
[[nodiscard]] ConfigReading check_config_text(std::string_view text);

// The first fault; `path` is what failures call the file.
[[nodiscard]] Outcome<StackOptions> read_config_file(const std::string& path);
[[nodiscard]] Outcome<StackOptions> read_config_text(std::string_view text,
                                                     const std::string& path);

}  // namespace strata::service
