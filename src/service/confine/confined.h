// SPDX-License-Identifier: Apache-2.0
// What a verb gives up once it has opened what it needs, and what it can still have afterwards.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/confine/confine.h"
#include "service/confine/steward.h"
#include "service/failure.h"
#include "service/stack_options.h"

namespace strata::service {

// Of a stack with these options that is up.
[[nodiscard]] runtime::Needs needs_of(const StackOptions& options, bool is_rootless);
// What is read again with the configuration.
void add_needs_of_reload(const StackOptions& options, const std::string& config,
                         runtime::Needs& needs);
// Of the devices alone: KIND:NAME[,key=value...].
void add_needs_of_device(const std::string& spec, runtime::Needs& needs);
// The folder that a file lies in, or will.
[[nodiscard]] std::string folder_of(const std::string& path);

// A verb that opens nothing any more. Nothing: it was not wanted.
[[nodiscard]] Outcome<std::optional<runtime::Confinement>> confine(
    const runtime::Needs& needs, const runtime::ConfineOptions& options);

// A stack that may be asked for other devices, and has a control socket to take away.
class Confined {
 public:
  // `control_path`: where clients ask, and what is taken away at the end; empty: nobody can.
  [[nodiscard]] static Outcome<std::unique_ptr<Confined>> begin(
      const runtime::Needs& needs, const runtime::ConfineOptions& options,
      const std::string& control_path);

  // TAP and TUN devices by the steward; null devices need nobody; others are refused.
  [[nodiscard]] Outcome<std::unique_ptr<Device>> open(const std::string& spec);
  void remove_control();
  [[nodiscard]] const runtime::Confinement& state() const { return state_; }
  // What was to be read again, whether or not it can be.
  [[nodiscard]] const std::vector<std::string>& rereads() const { return rereads_; }

 private:
  Confined(std::unique_ptr<Steward> steward, runtime::Confinement state,
           std::vector<std::string> rereads)
      : steward_(std::move(steward)), state_(std::move(state)), rereads_(std::move(rereads)) {}

  std::unique_ptr<Steward> steward_;  // null: nobody can ask for a device
  runtime::Confinement state_;
  std::vector<std::string> rereads_;
};

// Why a reload would fail as things stand, though the files are there. Null: nothing was given up.
[[nodiscard]] std::optional<Failure> trouble_of_reload(const Confined* confined);

}  // namespace strata::service
