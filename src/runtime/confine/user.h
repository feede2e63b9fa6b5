// SPDX-License-Identifier: Apache-2.0
// Users and capabilities: given up, never taken.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace strata::runtime {

struct User {
  uid_t user = 0;
  gid_t group = 0;
};

[[nodiscard]] std::optional<User> find_user(const std::string& name);

// Whether the user may read, or change, what is in a folder. To be asked by root.
enum class Reach : std::uint8_t { kRead, kChange };
[[nodiscard]] bool can_reach(const User& user, const std::string& folder, Reach reach);

// For ever, supplementary groups included. An errno, or 0.
[[nodiscard]] int drop_to_user(const User& user);

// Capabilities but these bits can never be had again, as far as this process may decide that.
void bound_capabilities(std::uint64_t kept = 0);
// All capabilities but these bits, now. An errno, or 0.
[[nodiscard]] int drop_capabilities(std::uint64_t kept = 0);

[[nodiscard]] int forbid_new_privileges();

}  // namespace strata::runtime
