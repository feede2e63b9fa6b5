// SPDX-License-Identifier: Apache-2.0
// Guard: whom the dashboard, its API and the metrics talk to.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "service/web/http/http_request.h"
#include "service/web/http/http_site.h"
#include "strata/stack.h"

// 1. Host must be an address of the stack or a name that it was given: a page elsewhere whose name
//    suddenly leads here (DNS rebinding) sends its own name.
// 2. Origin, where a browser sends one, must be what Host says: another page may not read, and a
//    websocket, which no same-origin rule protects, is not opened for it.
// 3. A change needs the token. It is compared in the same time, wherever it differs.

namespace strata::service {

struct GuardOptions {
  std::vector<std::string> names{};  // beside addresses, without a port
  std::string token{};               // empty: nothing can be changed
  // Ports of this host lead here: then any address may be meant, for addresses cannot be rebound,
  // and "localhost".
  bool is_published = false;
};

class Guard {
 public:
  explicit Guard(GuardOptions options) : options_(std::move(options)) {}

  [[nodiscard]] bool knows_host(std::string_view host, const Stack& stack) const;
  [[nodiscard]] bool is_same_origin(const HttpRequest& request, bool is_encrypted) const;
  [[nodiscard]] bool has_token() const { return !options_.token.empty(); }
  // RFC 6750 2.1.
  [[nodiscard]] bool may_change(const HttpRequest& request) const;

 private:
  GuardOptions options_;
};

[[nodiscard]] bool is_equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace strata::service
