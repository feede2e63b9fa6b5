// SPDX-License-Identifier: Apache-2.0
#include "strata/check.h"

namespace strata {
namespace {

CheckHandler handler_ = nullptr;

}  // namespace

void set_check_handler(CheckHandler handler) { handler_ = handler; }

void check_failed(const char* condition, const char* file, int line) {
  if (handler_ != nullptr) handler_(condition, file, line);
  __builtin_trap();
}

}  // namespace strata
