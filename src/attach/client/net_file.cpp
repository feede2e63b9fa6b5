// SPDX-License-Identifier: Apache-2.0
#include "attach/client/net_file.h"

#include <algorithm>

namespace strata::attach::client {
namespace {

// What stands between two slashes; empty at the end.
std::string_view take_part(std::string_view& path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  const std::string_view part(path.data(), std::min(path.find('/'), path.size()));
  path.remove_prefix(part.size());
  return part;
}

bool is_number(std::string_view part) {
  return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::optional<NetFile> net_file_of(std::string_view path) {
  if (!path.starts_with("/proc/") || path.size() > kNetPathMax) return std::nullopt;
  static_cast<void>(take_part(path));
  std::string_view part = take_part(path);
  if (part == "thread-self") {
    part = take_part(path);
  } else if (part == "self" || is_number(part)) {
    part = take_part(path);
    if (part == "task") part = is_number(take_part(path)) ? take_part(path) : "";
  }
  if (part != "net") return std::nullopt;
  const std::string_view name = take_part(path);
  const auto* const found = std::ranges::find(kNetFileNames, name);
  if (found == kNetFileNames.end() || !path.empty()) return std::nullopt;
  return static_cast<NetFile>(found - kNetFileNames.begin());
}

}  // namespace strata::attach::client
