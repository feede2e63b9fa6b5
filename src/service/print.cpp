// SPDX-License-Identifier: Apache-2.0
#include "service/print.h"

namespace strata::service {

void put(std::FILE* file, std::string_view text) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), file));
}

}  // namespace strata::service
