// SPDX-License-Identifier: Apache-2.0
// ReloadReport: what has become of a configuration that was read again.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace strata::service {

inline constexpr std::string_view kNotTakenBack = "not taken back: ";

struct ReloadReport {
  // Values as a file says them; empty: the key is left out.
  struct Change {
    std::string key{};  // "log", "device 1 address"
    std::string from{};
    std::string to{};
    friend bool operator==(const Change&, const Change&) = default;
  };
  // With one of them nothing has changed, but for what a line says that begins with kNotTakenBack.
  std::vector<std::string> errors{};
  std::vector<Change> changed{};
  std::vector<Change> needs_restart{};  // the running stack has `from` still
  std::vector<std::string> files{};     // that were read again because a key names them
};

// What is to be said in front of the errors.
[[nodiscard]] std::string_view refusal_of(const ReloadReport& report);
// Lines for people, without a newline behind the last.
[[nodiscard]] std::string to_text(const ReloadReport& report);

using ReloadTask = std::function<ReloadReport()>;

}  // namespace strata::service
