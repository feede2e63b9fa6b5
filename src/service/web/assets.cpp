// SPDX-License-Identifier: Apache-2.0
#include "service/web/assets.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/siphash.h"
#include "service/web/embedded_files.h"

namespace strata::service {
namespace {

struct Kind {
  std::string_view ending;
  std::string_view content_type;
};
constexpr Kind kKinds[] = {{".html", "text/html; charset=utf-8"},
                           {".css", "text/css; charset=utf-8"},
                           {".js", "text/javascript; charset=utf-8"},
                           {".svg", "image/svg+xml"}};

std::string_view content_type_of(std::string_view path) {
  const auto kind =
      std::ranges::find_if(kKinds, [&](const Kind& one) { return path.ends_with(one.ending); });
  return kind == std::end(kKinds) ? "application/octet-stream" : kind->content_type;
}

// No secret: two builds of the same file must agree on it.
std::string entity_tag_of(std::string_view bytes) {
  return fmt::format("\"{:016x}\"", siphash24({}, std::as_bytes(std::span(bytes))));
}

struct Assets {
  Assets() {
    const std::span<const EmbeddedFile> files = embedded_files();
    tags.reserve(files.size());  // the assets point into it
    for (const EmbeddedFile& file : files) {
      const std::string_view bytes(file.begin, static_cast<std::size_t>(file.end - file.begin));
      tags.push_back(entity_tag_of(bytes));
      all.push_back({file.path, content_type_of(file.path), tags.back(), bytes});
    }
    std::ranges::sort(all, {}, &Asset::path);
  }

  std::vector<std::string> tags;
  std::vector<Asset> all;
};

}  // namespace

std::span<const Asset> dashboard_assets() {
  static const Assets kAssets;
  return kAssets.all;
}

}  // namespace strata::service
