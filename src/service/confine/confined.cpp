// SPDX-License-Identifier: Apache-2.0
#include "service/confine/confined.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "driver/runtime_directory.h"
#include "strata/devices.h"

namespace strata::service {
namespace {

constexpr const char* kHostResolver = "/etc/resolv.conf";

Failure failure_of(runtime::ConfineFailure failure) {
  return {std::move(failure.text), std::move(failure.hint)};
}

}  // namespace

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// The second end of a pipe calls the first, again when it has gone; who was first takes its own
// name away.
void add_needs_of_device(const std::string& text, runtime::Needs& needs) {
  const auto spec = DeviceSpec::parse(text);
  if (!spec || spec->kind != "pipe") return;
  needs.local_sockets = true;
  needs.writes.push_back(spec->name.find('/') == std::string::npos
                             ? driver::runtime_directory() + "/pipes"
                             : folder_of(spec->name));
}

runtime::Needs needs_of(const StackOptions& options, bool is_rootless) {
  runtime::Needs needs;
  needs.host_sockets = is_rootless;
  // The gateway's names are asked where the host asks, as it goes from network to network.
  if (is_rootless) needs.rereads.emplace_back(kHostResolver);
  for (const ServeOptions& serve : options.serve) {
    if (serve.service == Service::kHttp) needs.reads.push_back(serve.folder);
  }
  const auto keep_lease = [&needs](const auto& link) {
    if (!link.lease_file.empty()) needs.writes.push_back(folder_of(link.lease_file));
  };
  for (const DeviceOptions& device : options.devices) {
    keep_lease(device);
    for (const VlanOptions& vlan : device.vlans) keep_lease(vlan);
    add_needs_of_device(device.spec, needs);
  }
  return needs;
}

void add_needs_of_reload(const StackOptions& options, const std::string& config,
                         runtime::Needs& needs) {
  for (const std::string& file :
       {config, options.hosts, options.dashboard_token, options.tls.certificate, options.tls.key}) {
    if (!file.empty()) needs.rereads.push_back(file);
  }
}

std::optional<Failure> trouble_of_reload(const Confined* confined) {
  if (confined == nullptr) return std::nullopt;
  std::vector<std::string> closed = runtime::closed_among(confined->rereads());
  std::erase(closed, kHostResolver);  // no reload reads it
  if (closed.empty()) return std::nullopt;
  return Failure{
      fmt::format("strata reload cannot read {}: this stack is confined, as user {}",
                  fmt::join(closed, ", "), ::geteuid()),
      "let that user read it (chgrp, chmod), name another with --user, or say --no-confine; a file "
      "that took another's place in /etc or in a home is read after a restart"};
}

Outcome<std::optional<runtime::Confinement>> confine(const runtime::Needs& needs,
                                                     const runtime::ConfineOptions& options) {
  if (!options.is_wanted) return std::nullopt;
  auto done = runtime::confine(needs, options);
  if (!done) return std::unexpected(failure_of(std::move(done).error()));
  return std::optional(*std::move(done));
}

Outcome<std::unique_ptr<Confined>> Confined::begin(const runtime::Needs& needs,
                                                   const runtime::ConfineOptions& options,
                                                   const std::string& control_path) {
  std::unique_ptr<Steward> steward;
  if (!control_path.empty()) {
    auto started = Steward::start(control_path);
    if (!started) return std::unexpected(std::move(started).error());
    steward = *std::move(started);
  }
  auto done = runtime::confine(needs, options);
  if (!done) return std::unexpected(failure_of(std::move(done).error()));
  return std::unique_ptr<Confined>(
      new Confined(std::move(steward), *std::move(done), needs.rereads));
}

void Confined::remove_control() {
  if (steward_ != nullptr) steward_->remove_file();
}

Outcome<std::unique_ptr<Device>> Confined::open(const std::string& text) {
  const auto spec = DeviceSpec::parse(text);
  if (!spec) return failed(spec.error().text, spec.error().hint);
  const bool is_tap = spec->kind == "tap" || spec->kind == "tun";
  if (is_tap && steward_ != nullptr) return steward_->open(text);
  if (spec->kind == "null") {
    auto device = open_device(text);
    if (!device) return failed(device.error().text, device.error().hint);
    return *std::move(device);
  }
  return failed(
      fmt::format("{}: this stack is confined, and can open tap, tun and null devices only", text),
      "name the device when the stack starts, or start it with --no-confine");
}

}  // namespace strata::service
