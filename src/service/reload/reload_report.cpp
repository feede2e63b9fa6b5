// SPDX-License-Identifier: Apache-2.0
#include "service/reload/reload_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace strata::service {
namespace {

std::string_view shown(std::string_view value) { return value.empty() ? "none" : value; }

}  // namespace

std::string_view refusal_of(const ReloadReport& report) {
  const bool has_lost = std::ranges::any_of(
      report.errors, [](const std::string& error) { return error.starts_with(kNotTakenBack); });
  return has_lost ? "refused, and not all is as it was" : "nothing has changed";
}

std::string to_text(const ReloadReport& report) {
  std::string text;
  const auto add = [&](const std::string& line) { text += (text.empty() ? "" : "\n") + line; };
  if (!report.errors.empty()) add(std::string(refusal_of(report)) + ":");
  for (const std::string& error : report.errors) add("  " + error);
  if (!report.errors.empty()) return text;
  for (const ReloadReport::Change& change : report.changed) {
    add(fmt::format("changed: {}: {} -> {}", change.key, shown(change.from), shown(change.to)));
  }
  for (const ReloadReport::Change& change : report.needs_restart) {
    add(fmt::format("needs a restart: {}: {} -> {}", change.key, shown(change.from),
                    shown(change.to)));
  }
  for (const std::string& file : report.files) add("read again: " + file);
  if (report.changed.empty() && report.needs_restart.empty()) add("nothing else is asked for");
  return text;
}

}  // namespace strata::service
