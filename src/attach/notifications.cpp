// SPDX-License-Identifier: Apache-2.0
#include "attach/notifications.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>

namespace strata::attach {

std::optional<Call> Notifications::receive() {
  seccomp_notif told{};  // the kernel insists on zeroes
  while (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &told) != 0) {
    if (errno != EINTR) return std::nullopt;
    told = {};
  }
  Call call{
      .id = told.id, .thread = static_cast<pid_t>(told.pid), .number = told.data.nr, .arguments{}};
  std::ranges::copy(told.data.args, call.arguments.begin());
  return call;
}

bool Notifications::is_waiting(std::uint64_t call_id) const {
  return ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &call_id) == 0;
}

bool Notifications::answer(const Call& call, Answer answer) {
  seccomp_notif_resp response{};
  response.id = call.id;
  if (answer < 0) {
    response.error = static_cast<std::int32_t>(answer);
  } else {
    response.val = answer;
  }
  return ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response) == 0;
}

bool Notifications::pass_on(const Call& call) {
  seccomp_notif_resp response{};
  response.id = call.id;
  response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  return ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response) == 0;
}

Answer Notifications::install(const Call& call, int descriptor, Place place) {
  return add(call, descriptor, place, 0);
}

Answer Notifications::answer_with(const Call& call, int descriptor, Place place) {
  return add(call, descriptor, place, SECCOMP_ADDFD_FLAG_SEND);
}

Answer Notifications::add(const Call& call, int descriptor, Place place, std::uint32_t flags) {
  seccomp_notif_addfd added{};
  added.id = call.id;
  added.flags = flags;
  added.srcfd = static_cast<std::uint32_t>(descriptor);
  if (place.at >= 0) {
    added.flags |= SECCOMP_ADDFD_FLAG_SETFD;
    added.newfd = static_cast<std::uint32_t>(place.at);
  }
  added.newfd_flags = place.closes_on_exec ? O_CLOEXEC : 0;
  const int number = ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ADDFD, &added);
  return number < 0 ? -errno : number;
}

}  // namespace strata::attach
