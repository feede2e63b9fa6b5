// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/socket_file.h"

#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <string_view>

#include "socket/posix/option_values.h"
#include "socket/posix/socket_address.h"

namespace strata::posix {
namespace {

// What the kernel gives to privileged programs only: to speak from addresses of others, and to
// have it spin for a socket.
bool needs_privilege(int level, int name) {
  return (level == IPPROTO_IP && name == IP_TRANSPARENT) ||
         (level == IPPROTO_IPV6 && name == IPV6_TRANSPARENT) ||
         (level == SOL_SOCKET && name == SO_BUSY_POLL);
}

// Linux keeps them on every socket, and heeds them on those of another kind alone.
constexpr int kIdleOnStreams[] = {SO_BROADCAST, SO_NO_CHECK};
constexpr int kIdleOnMessages[] = {SO_KEEPALIVE, SO_OOBINLINE};
constexpr int kPriorityMax = 6;  // more needs a privilege

Answer refuse_without_privilege(int value) {
  if (value < 0) return -EINVAL;
  return value == 0 ? 0 : -EPERM;
}

}  // namespace

std::optional<Answer> SocketFile::common_option(int level, int name, void* value,
                                                socklen_t* size) const {
  if (needs_privilege(level, name)) return write_value(0, value, size);
  if (level != SOL_SOCKET) return std::nullopt;
  switch (name) {
    case SO_SNDLOWAT: return write_value(1, value, size);
    case SO_MARK: return write_value(mark_, value, size);
    case SO_PRIORITY: return write_value(priority_, value, size);
    case SO_INCOMING_CPU: return write_value(-1, value, size);  // none in particular
    case SO_TYPE: return write_value(type_, value, size);
    case SO_PROTOCOL: return write_value(protocol_, value, size);
    case SO_DOMAIN: {
      const int domain = family_ == AddressFamily::kIpv4 ? AF_INET : AF_INET6;
      return write_value(domain, value, size);
    }
    case SO_RCVTIMEO: return write_value(to_timeval(receive_timeout_), value, size);
    case SO_SNDTIMEO: return write_value(to_timeval(send_timeout_), value, size);
    default: break;
  }
  if (name == SO_LINGER && type_ != SOCK_STREAM) return write_value(idle_linger_, value, size);
  const auto idle = idle_index(name);
  if (!idle) return std::nullopt;
  return write_value(int{idle_[*idle]}, value, size);
}

std::optional<std::size_t> SocketFile::idle_index(int name) const {
  const std::span<const int> names =
      type_ == SOCK_STREAM ? std::span(kIdleOnStreams) : std::span(kIdleOnMessages);
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

std::optional<Answer> SocketFile::set_idle_option(int name, const void* value, socklen_t size) {
  if (name == SO_LINGER && type_ != SOCK_STREAM) {
    const auto given = read_value<::linger>(value, size);
    if (!given) return given.error();
    idle_linger_ = {given->l_onoff != 0, given->l_onoff != 0 ? given->l_linger : 0};
    return 0;
  }
  const auto idle = idle_index(name);
  if (!idle && name != SO_PRIORITY) return std::nullopt;
  const auto number = read_value<int>(value, size);
  if (!number) return number.error();
  if (idle) {
    idle_[*idle] = *number != 0;
    return 0;
  }
  if (*number < 0 || *number > kPriorityMax) return -EPERM;
  priority_ = *number;
  return 0;
}

Answer SocketFile::unknown_option(int level) const {
  const bool is_known = level == SOL_SOCKET || level == IPPROTO_IP || level == protocol_;
  return is_known || family_ == AddressFamily::kIpv6 ? -ENOPROTOOPT : -EOPNOTSUPP;
}

std::optional<Answer> SocketFile::set_common_option(int level, int name, const void* value,
                                                    socklen_t size) {
  const bool is_mark = level == SOL_SOCKET && name == SO_MARK;
  if (is_mark || needs_privilege(level, name)) {
    const auto number = read_value<int>(value, size);
    if (!number) return number.error();
    if (!is_mark) return refuse_without_privilege(*number);
    mark_ = *number;
    return 0;
  }
  if (level != SOL_SOCKET) return std::nullopt;
  if (const auto set = set_idle_option(name, value, size)) return set;
  const bool is_receive = name == SO_RCVTIMEO;
  if (!is_receive && name != SO_SNDTIMEO) return std::nullopt;
  const auto timeout = read_timeout(value, size);
  if (!timeout) return timeout.error();
  (is_receive ? receive_timeout_ : send_timeout_) = *timeout;
  return 0;
}

std::expected<InterfaceId, Answer> SocketFile::read_device(const Stack& stack, const void* value,
                                                           socklen_t size) {
  if (value == nullptr) return std::unexpected(-EFAULT);
  const auto* const text = static_cast<const char*>(value);
  const std::string_view name(text, ::strnlen(text, std::min<std::size_t>(size, IFNAMSIZ - 1)));
  if (name.empty()) return kNoInterface;
  const auto interface = stack.find_interface(name);
  if (!interface) return std::unexpected(-ENODEV);
  return *interface;
}

bool SocketFile::has_interface(const Stack& stack, InterfaceId interface) {
  bool has = false;
  stack.for_each_interface([&](const InterfaceEntry& entry) { has |= entry.id == interface; });
  return has;
}

Answer SocketFile::tell_device(const Stack& stack, InterfaceId interface, void* value,
                               socklen_t* size) {
  if (size == nullptr || value == nullptr) return -EFAULT;
  std::array<char, IFNAMSIZ> name{};
  std::size_t length = 0;
  stack.for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.id == interface) length = entry.name.view().copy(name.data(), name.size() - 1) + 1;
  });
  if (interface == kNoInterface) {
    *size = 0;
    return 0;
  }
  if (*size < name.size()) return -EINVAL;
  std::memcpy(value, name.data(), length);
  *size = static_cast<socklen_t>(length);
  return 0;
}

Answer SocketFile::tell_name(const Result<Endpoint>& endpoint, AddressFamily family,
                             sockaddr* address, socklen_t* size) {
  if (!endpoint) return failed(endpoint.error());
  if (address == nullptr || size == nullptr) return -EFAULT;
  if (static_cast<int>(*size) < 0) return -EINVAL;
  *size = write_address(*endpoint, family, address, *size);
  return 0;
}

}  // namespace strata::posix
