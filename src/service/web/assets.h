// SPDX-License-Identifier: Apache-2.0
// dashboard_assets: the files of the page that a stack serves of itself, ready to be handed out.
#pragma once

#include <span>
#include <string_view>

namespace strata::service {

struct Asset {
  std::string_view path;          // "index.html", "js/main.js": no slash before it
  std::string_view content_type;  // with charset where it is text
  std::string_view entity_tag;    // quoted; the same bytes have the same tag in every build
  std::string_view bytes;
};

// In the order of their paths. They live as long as the program.
[[nodiscard]] std::span<const Asset> dashboard_assets();

}  // namespace strata::service
