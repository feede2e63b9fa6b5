// SPDX-License-Identifier: Apache-2.0
// The flags that every verb with a stack of its own shares, and how they meet a --config file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "service/failure.h"
#include "service/stack_options.h"
#include "strata/cli/flags.h"

namespace strata::app {

class StackFlags {
 public:
  // Adds the flags to a verb; the object must live until the line is parsed and read.
  // `publish` is how that flag is called: -p means something else to some.
  void add_to(Flags& verb, const char* publish);
  // After parsing. What the line says stands above what the file says.
  [[nodiscard]] service::Outcome<service::StackOptions> read(const Flags& verb) const;
  // Empty: no file was named.
  [[nodiscard]] const std::string& config() const { return config_; }
  // For verbs other than up: a file may not ask for what that one alone does.
  [[nodiscard]] service::Outcome<service::StackOptions> read_without_servers(
      const Flags& verb) const;

 private:
  [[nodiscard]] service::Outcome<void> read_devices(const Flags& verb,
                                                    service::StackOptions& options) const;
  [[nodiscard]] service::Outcome<void> read_capture(const Flags& verb,
                                                    service::StackOptions& options) const;
  [[nodiscard]] service::Outcome<void> read_names(const Flags& verb,
                                                  service::StackOptions& options) const;
  [[nodiscard]] service::Outcome<void> read_values(const Flags& verb,
                                                   service::StackOptions& options) const;

  std::string config_;
  std::vector<std::string> devices_;
  std::vector<std::string> addresses_;
  std::vector<std::string> proxies_;
  std::vector<std::string> vlans_;
  std::vector<std::int64_t> mtus_;
  std::vector<std::string> gateways_;
  std::vector<std::string> dns_;
  std::vector<std::string> search_;
  std::vector<std::string> publish_;
  std::string hosts_;
  bool dhcp_ = false;
  std::vector<std::string> lease_files_;
  std::string host_name_;
  std::vector<std::string> tcp_;
  std::string capture_;
  std::string capture_filter_;
  bool forward_ = false;
  std::uint64_t seed_ = 0;
  std::uint16_t cores_ = 1;
  std::string control_;
  std::string log_;
  std::string log_format_;
  std::string policy_;
};

}  // namespace strata::app
