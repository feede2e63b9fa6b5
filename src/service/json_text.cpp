// SPDX-License-Identifier: Apache-2.0
#include "service/json_text.h"

#include <nlohmann/json.hpp>

namespace strata::service {

std::string json_string(std::string_view text) {
  return nlohmann::json(std::string(text))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace strata::service
