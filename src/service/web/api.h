// SPDX-License-Identifier: Apache-2.0
// api_question: what a request below <dashboard>/api/ asks for, or why it cannot be asked.
#pragma once

#include <expected>
#include <string_view>

#include "service/web/face.h"
#include "service/web/http/http_answer.h"

namespace strata::service {

// `path` begins behind "api/". docs/design/020-the-face.md has the table.
[[nodiscard]] std::expected<FaceQuery, HttpAnswer> api_question(std::string_view path,
                                                                std::string_view target);
// What a POST asks to be changed; whether it may is not asked here.
[[nodiscard]] std::expected<FaceQuery, HttpAnswer> api_change(std::string_view path,
                                                              std::string_view body);

}  // namespace strata::service
