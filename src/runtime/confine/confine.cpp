// SPDX-License-Identifier: Apache-2.0
#include "runtime/confine/confine.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "runtime/confine/call_filter.h"
#include "runtime/confine/files.h"
#include "runtime/confine/user.h"

namespace strata::runtime {
namespace {

std::unexpected<ConfineFailure> cannot(const std::string& what, int error) {
  return std::unexpected(ConfineFailure{"cannot " + what + ": " + std::strerror(error),
                                        "--no-confine does without, for debugging"});
}

// The number behind "NAME:" at the beginning of a line.
std::optional<std::uint64_t> number_behind(std::string_view text, std::string_view name, int base) {
  std::size_t at = 0;
  while (!text.substr(at).starts_with(name)) {
    at = text.find('\n', at);
    if (at == std::string_view::npos) return std::nullopt;
    ++at;
  }
  text.remove_prefix(at + name.size());
  text.remove_prefix(std::min(text.find_first_not_of(": \t"), text.size()));
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  return number;
}

// What this user cannot reach of what is needed; empty: nothing.
std::string out_of_reach(const User& user, const Needs& needs) {
  for (const std::string& folder : needs.reads) {
    if (!can_reach(user, folder, Reach::kRead)) return folder;
  }
  for (const std::string& folder : needs.writes) {
    if (!can_reach(user, folder, Reach::kChange)) return folder;
  }
  return {};
}

// Whom to become, and why nobody else where root stays.
struct Choice {
  std::optional<User> user;
  std::string why_still_root;
};

std::expected<Choice, ConfineFailure> choose_user(const Needs& needs,
                                                  const ConfineOptions& options) {
  const bool is_root = ::geteuid() == 0;
  // Whoever opens devices needs its user for that.
  if (needs.taps || (options.user.empty() && !is_root)) return Choice{};
  const std::string name = options.user.empty() ? std::string(kDefaultUser) : options.user;
  const auto user = find_user(name);
  if (!user) {
    if (options.user.empty()) return Choice{{}, "there is no user " + name};
    return std::unexpected(ConfineFailure{"--user: there is no user '" + name + "'", ""});
  }
  if (!is_root) {
    if (user->user == ::geteuid()) return Choice{};
    return std::unexpected(ConfineFailure{"--user: only root can become somebody else", ""});
  }
  const std::string folder = out_of_reach(*user, needs);
  if (folder.empty()) return Choice{user, {}};
  const std::string why = folder + " is out of the reach of " + name;
  if (options.user.empty()) return Choice{{}, why};
  return std::unexpected(ConfineFailure{"--user: " + why, "ls -ld " + folder});
}

std::vector<FileRule> rules_of(const Needs& needs) {
  std::vector<FileRule> rules;
  rules.reserve(needs.reads.size() + needs.writes.size());
  for (const std::string& folder : needs.reads) rules.push_back({folder, FileRule::May::kRead});
  for (const std::string& folder : needs.writes) rules.push_back({folder, FileRule::May::kChange});
  for (const std::string& file : needs.rereads) {
    for (FileRule& rule : rules_to_read_again(file)) rules.push_back(std::move(rule));
  }
  if (!needs.taps) return rules;
  const FileRule of_taps[] = {{"/dev/net/tun", FileRule::May::kUse},
                              {"/sys", FileRule::May::kRead},
                              {"/proc", FileRule::May::kRead}};
  for (const FileRule& rule : of_taps) {
    if (::access(rule.path.c_str(), F_OK) == 0) rules.push_back(rule);
  }
  return rules;
}

constexpr std::uint64_t kNetAdmin = 1U << 12U;  // CAP_NET_ADMIN

// Where a mapping of users knows nobody but root, as in a container, root stays.
std::expected<void, ConfineFailure> give_up(Choice& choice, const Needs& needs,
                                            const ConfineOptions& options) {
  const std::uint64_t kept = needs.taps ? kNetAdmin : 0;
  // While there is a capability to do it with.
  bound_capabilities(kept);
  if (choice.user) {
    const int error = drop_to_user(*choice.user);
    if (error != 0 && !options.user.empty()) return cannot("become " + options.user, error);
    if (error != 0) {
      choice.why_still_root = std::string("it cannot become ") + std::string(kDefaultUser) + ": " +
                              std::strerror(error);
    }
  }
  if (const int error = drop_capabilities(kept); error != 0) {
    return cannot("give capabilities up", error);
  }
  return {};
}

// All layers in their order; the version of Landlock that is in force.
std::expected<int, ConfineFailure> put_on(Choice& choice, const Needs& needs,
                                          const ConfineOptions& options) {
  if (const int error = forbid_new_privileges(); error != 0) {
    return cannot("do without new privileges", error);
  }
  const FilesConfined files = confine_files(rules_of(needs), !needs.host_sockets);
  if (files.error != 0) {
    return cannot(files.path.empty() ? "close files off" : "keep " + files.path, files.error);
  }
  if (auto done = give_up(choice, needs, options); !done) {
    return std::unexpected(std::move(done).error());
  }
  if (const int error = confine_calls(needs); error != 0) {
    return cannot("filter system calls", error);
  }
  return files.version;
}

}  // namespace

std::optional<Privileges> parse_privileges(std::string_view status) {
  const auto user = number_behind(status, "Uid", 10);
  const auto capabilities = number_behind(status, "CapEff", 16);
  const auto privileges = number_behind(status, "NoNewPrivs", 10);
  const auto filter = number_behind(status, "Seccomp", 10);
  if (!user || !capabilities || !privileges || !filter) return std::nullopt;
  constexpr std::uint64_t kFilterMode = 2;
  return Privileges{.user = static_cast<std::uint32_t>(*user),
                    .capabilities = *capabilities,
                    .has_no_new_privileges = *privileges == 1,
                    .is_filtered = *filter == kFilterMode};
}

Confinement::Confinement(int status, int landlock, std::string why_still_root)
    : status_(status), landlock_(landlock), why_still_root_(std::move(why_still_root)) {}

Confinement::~Confinement() {
  if (status_ >= 0) ::close(status_);
}

Confinement::Confinement(Confinement&& other) noexcept
    : status_(std::exchange(other.status_, -1)),
      landlock_(other.landlock_),
      why_still_root_(std::move(other.why_still_root_)) {}

std::optional<Privileges> Confinement::privileges() const {
  std::array<char, 4096> text;
  const ssize_t count = status_ < 0 ? -1 : ::pread(status_, text.data(), text.size(), 0);
  if (count <= 0) return std::nullopt;
  return parse_privileges({text.data(), static_cast<std::size_t>(count)});
}

// They are opened, for no other question asks Landlock. Not waiting, should one be a pipe by now.
std::vector<std::string> closed_among(const std::vector<std::string>& files) {
  std::vector<std::string> closed;
  for (const std::string& file : files) {
    const int opened = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (opened >= 0) {
      ::close(opened);
    } else if (errno == EACCES || errno == EPERM) {
      closed.push_back(file);
    }
  }
  return closed;
}

std::expected<Confinement, ConfineFailure> confine(const Needs& needs,
                                                   const ConfineOptions& options) {
  auto choice = choose_user(needs, options);
  if (!choice) return std::unexpected(std::move(choice).error());
  // Read once, and known from then on.
  ::tzset();
  const int status = ::open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  const auto landlock = put_on(*choice, needs, options);
  Confinement made(status, landlock.value_or(0), std::move(choice->why_still_root));
  if (!landlock) return std::unexpected(landlock.error());
  return made;
}

}  // namespace strata::runtime
