// SPDX-License-Identifier: Apache-2.0
#include "attach/client/net_file.h"

#include <algorithm>

namespace strata::attach::client {
namespace {

// What stands between two slashes; empty at the end.
std::string_view take_part(std::string_view& path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  const std::string_view part = path.substr(0, path.find('/'));  // from 0 it throws nothing
  path.remove_prefix(part.size());
  return part;
}

bool is_number(std::string_view part) {
  return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<NetFile> file_named(std::string_view name) {
  const auto* const found = std::ranges::find(kNetFileNames, name);
  if (found == kNetFileNames.end()) return std::nullopt;
  return static_cast<NetFile>(found - kNetFileNames.begin());
}

// Where a path leads, a part at a time. The links on the ways that matter, /proc/self and
// /proc/net, have what is behind them also beside it: `..` may be taken by its letters.
class Place {
 public:
  void walk(std::string_view path) {
    for (std::string_view part = take_part(path); !part.empty(); part = take_part(path)) {
      if (part == ".") continue;
      if (part == "..") {
        count_ -= count_ == 0 ? 0 : 1;
      } else if (count_ == parts_.size()) {
        is_too_deep_ = true;
      } else {
        parts_[count_++] = part;
      }
    }
  }
  // The next part, and empty behind the last.
  std::string_view take() { return next_ < count_ ? parts_[next_++] : std::string_view(); }
  [[nodiscard]] bool is_at_end() const { return next_ == count_ && !is_too_deep_; }

 private:
  std::array<std::string_view, 16> parts_;
  std::size_t count_ = 0;
  std::size_t next_ = 0;
  bool is_too_deep_ = false;
};

}  // namespace

bool may_be_net_file(std::string_view path) {
  if (path.size() > kNetPathMax) return false;
  path.remove_prefix(path.rfind('/') + 1);  // npos + 1 is 0; substr() would need libstdc++
  return file_named(path).has_value();
}

std::optional<NetFile> net_file_of(std::string_view path, std::string_view folder) {
  if (!may_be_net_file(path) || folder.size() > kNetPathMax) return std::nullopt;
  Place place;
  if (!path.starts_with('/')) {
    if (!folder.starts_with('/')) return std::nullopt;
    place.walk(folder);
  }
  place.walk(path);
  if (place.take() != "proc") return std::nullopt;
  std::string_view part = place.take();
  if (part == "thread-self") {
    part = place.take();
  } else if (part == "self" || is_number(part)) {
    part = place.take();
    if (part == "task") part = is_number(place.take()) ? place.take() : "";
  }
  if (part != "net") return std::nullopt;
  const auto file = file_named(place.take());
  return place.is_at_end() ? file : std::nullopt;
}

}  // namespace strata::attach::client
