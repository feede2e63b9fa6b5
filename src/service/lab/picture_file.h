// SPDX-License-Identifier: Apache-2.0
// Pictures as files: SVG as it is drawn, PNG by way of librsvg.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "service/failure.h"

namespace strata::service {

enum class PictureFormat : std::uint8_t { kSvg, kPng };

// By the ending of a file's name. A failure as well where this machine cannot make such pictures:
// librsvg is looked for when it is wanted, so that nobody needs it to build or to run the rest.
[[nodiscard]] Outcome<PictureFormat> picture_format(std::string_view path);

// What belongs into the file. Only of SVG that came from diagram().
[[nodiscard]] Outcome<std::string> picture_bytes(const std::string& svg, PictureFormat format);

}  // namespace strata::service
