// SPDX-License-Identifier: Apache-2.0
#include "runtime/confine/user.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

namespace strata::runtime {
namespace {

constexpr int kCapabilitiesMax = 64;

int set_capabilities(std::uint64_t wanted) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return errno;
  for (const unsigned half : {0U, 1U}) {
    const auto bits = static_cast<std::uint32_t>(wanted >> (32U * half));
    data[half].permitted &= bits;
    data[half].effective = data[half].permitted;
    data[half].inheritable = 0;
  }
  return ::syscall(SYS_capset, &header, data.data()) == 0 ? 0 : errno;
}

}  // namespace

std::optional<User> find_user(const std::string& name) {
  std::vector<char> text(16384);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(name.c_str(), &entry, text.data(), text.size(), &found) != 0 ||
      found == nullptr) {
    return std::nullopt;
  }
  return User{found->pw_uid, found->pw_gid};
}

// A child asks, as that user: permissions, access lists and mounts are the kernel's to judge.
bool can_reach(const User& user, const std::string& folder, Reach reach) {
  const int wanted = reach == Reach::kChange ? R_OK | W_OK | X_OK : R_OK | X_OK;
  const pid_t child = ::fork();
  if (child == 0) {
    const bool is_there = drop_to_user(user) == 0 && ::access(folder.c_str(), wanted) == 0;
    ::_exit(is_there ? 0 : 1);
  }
  int status = 1;
  pid_t ended = -1;
  do {
    ended = child < 0 ? -1 : ::waitpid(child, &status, 0);
  } while (ended < 0 && child > 0 && errno == EINTR);
  return ended == child && status == 0;
}

int drop_to_user(const User& user) {
  if (::setgroups(0, nullptr) != 0) return errno;
  if (::setresgid(user.group, user.group, user.group) != 0) return errno;
  if (::setresuid(user.user, user.user, user.user) != 0) return errno;
  // Who can go back has not gone.
  if (user.user != 0 && ::setresuid(0, 0, 0) == 0) return EPERM;
  return 0;
}

// Only who has CAP_SETPCAP may; without new privileges nobody else gains anything by the rest.
void bound_capabilities(std::uint64_t kept) {
  for (int one = 0; one < kCapabilitiesMax; ++one) {
    if ((kept >> one & 1U) == 0) ::prctl(PR_CAPBSET_DROP, one, 0, 0, 0);
  }
}

int drop_capabilities(std::uint64_t kept) {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  return set_capabilities(kept);
}

int forbid_new_privileges() { return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno; }

}  // namespace strata::runtime
