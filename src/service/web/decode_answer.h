// SPDX-License-Identifier: Apache-2.0
// decode_answer: a packet that a page has, as layers and fields.
#pragma once

#include <string_view>

#include "service/web/http/http_answer.h"

namespace strata::service {

// Of decode?medium=ethernet&bytes=HEX: {"line":"IP ...","layers":[LAYER]}.
[[nodiscard]] HttpAnswer decode_answer(std::string_view target);

}  // namespace strata::service
