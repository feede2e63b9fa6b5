// SPDX-License-Identifier: Apache-2.0
// Resolver: turns a name into addresses. The stack's applications ask one; DNS implements one.
#pragma once

#include <span>
#include <string_view>

#include "strata/address.h"
#include "strata/error.h"
#include "strata/inline_function.h"

namespace strata {

class Resolver {
 public:
  // Addresses in the order in which to try them, valid during the call only.
  using Answer = InlineFunction<void(Result<std::span<const IpAddress>>)>;

  virtual ~Resolver() = default;
  // `answer` is called exactly once, never from inside resolve().
  virtual void resolve(std::string_view name, Answer answer) = 0;
};

}  // namespace strata
