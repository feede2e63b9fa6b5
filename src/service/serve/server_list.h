// SPDX-License-Identifier: Apache-2.0
// From the servers that run to those that are wanted. A server is pointed to and has `options`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

#include "service/failure.h"
#include "service/stack_options.h"

namespace strata::service {

template <typename Servers>
void erase_all_but(Servers& servers, const std::vector<ServeOptions>& wanted) {
  std::erase_if(servers, [&](const auto& server) {
    return std::ranges::find(wanted, server->options) == wanted.end();
  });
}

// `add` appends to the servers. What is wanted twice is added twice, for it to refuse.
template <typename Servers, typename Add>
[[nodiscard]] Outcome<void> add_missing(const Servers& servers,
                                        const std::vector<ServeOptions>& wanted, Add add) {
  const auto former = static_cast<std::ptrdiff_t>(servers.size());
  for (const ServeOptions& options : wanted) {
    const auto end = servers.begin() + former;
    const auto is_it = [&](const auto& server) { return server->options == options; };
    if (std::find_if(servers.begin(), end, is_it) != end) continue;
    if (auto added = add(options); !added) return added;
  }
  return {};
}

}  // namespace strata::service
