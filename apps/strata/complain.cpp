// SPDX-License-Identifier: Apache-2.0
#include "strata/complain.h"

#include <fmt/format.h>

#include <cstdio>

namespace strata::app {

ExitStatus complain(std::string_view verb, const service::Failure& failure) {
  fmt::print(stderr, "strata {}: {}\n", verb, failure.text);
  if (!failure.hint.empty()) fmt::print(stderr, "  {}\n", failure.hint);
  return kFailed;
}

}  // namespace strata::app
