// SPDX-License-Identifier: Apache-2.0
#include "packetdrill/host_settings.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace strata::packetdrill {
namespace {

constexpr std::string_view kOfTcp = "net.ipv4.tcp_";

}  // namespace

script::Settings host_settings() {
  script::Settings settings = script::usual_settings();
  for (const std::string_view name : script::setting_names()) {
    if (!name.starts_with(kOfTcp)) continue;
    std::string path = "/proc/sys/" + std::string(name);
    std::replace(path.begin() + 10, path.end(), '.', '/');
    std::ifstream file(path);
    std::string value;
    if (!std::getline(file, value)) continue;
    // What cannot be had stays as it is: a script that depends on it says so by failing.
    static_cast<void>(script::apply_setting(settings, name, value));
  }
  // The kernel's buffer for sending grows with the window from the start; its first size says
  // little.
  const script::Settings usual = script::usual_settings();
  settings.tcp.send_buffer_first =
      std::max(settings.tcp.send_buffer_first, usual.tcp.send_buffer_first);
  return settings;
}

}  // namespace strata::packetdrill
