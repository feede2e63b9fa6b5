// SPDX-License-Identifier: Apache-2.0
#include "strata/permissions.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace strata {
namespace {

// Since Linux 5.8; older headers do not have it.
constexpr unsigned kCapBpf = 39;
constexpr rlim_t kLockedBytesWanted = rlim_t{64} * 1024 * 1024;

std::string own_program() {
  std::array<char, 4096> path;
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : "PROGRAM";
}

bool has_capability(unsigned capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return false;
  return (data[capability / 32].effective >> (capability % 32) & 1U) != 0;
}

PermissionState probe_capability(Permission permission, const char* name, bool is_granted) {
  std::string lower(name);
  for (char& character : lower) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character + 32);
  }
  return {permission, is_granted,
          is_granted ? std::string(name) + " is effective"
                     : "this process does not have " + std::string(name),
          is_granted ? "" : "sudo setcap " + lower + "+ep " + own_program()};
}

// The owner of a network namespace is a user namespace, and a capability counts there only when
// that is ours or inside it. The kernel shows no other.
bool is_own_network() {
  const int network = ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (network < 0) return true;  // no /proc: nothing speaks against it
  const int owner = ::ioctl(network, NS_GET_USERNS);
  const bool is_refused = owner < 0 && errno == EPERM;
  if (owner >= 0) ::close(owner);
  ::close(network);
  return !is_refused;
}

PermissionState probe_net_admin() {
  const bool has = has_capability(CAP_NET_ADMIN);
  if (!has || is_own_network()) {
    return probe_capability(Permission::kNetAdmin, "CAP_NET_ADMIN", has);
  }
  return {Permission::kNetAdmin, false,
          "CAP_NET_ADMIN is effective, but this network belongs to another user namespace",
          "unshare --net " + own_program()};
}

PermissionState probe_tun() {
  const int descriptor = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  if (descriptor >= 0) {
    ::close(descriptor);
    return {Permission::kTunDevice, true, "/dev/net/tun can be opened", ""};
  }
  const int error = errno;
  const std::string detail = std::string("/dev/net/tun: ") + std::strerror(error);
  switch (error) {
    case ENOENT:
      return {Permission::kTunDevice, false, detail,
              "sudo mkdir -p /dev/net && sudo mknod -m 666 /dev/net/tun c 10 200"};
    case EACCES:
    case EPERM: return {Permission::kTunDevice, false, detail, "sudo chmod 666 /dev/net/tun"};
    case EMFILE: return {Permission::kTunDevice, false, detail, "ulimit -n 1024"};
    default: return {Permission::kTunDevice, false, detail, "sudo modprobe tun"};
  }
}

// One of a family that a kernel may have been built without. The capability is asked for first, so
// that the remedy names it.
PermissionState probe_socket(Permission permission, int family, const char* name,
                             const char* option) {
  if (!has_capability(CAP_NET_RAW)) return probe_capability(permission, "CAP_NET_RAW", false);
  const int descriptor = ::socket(family, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (descriptor >= 0) {
    ::close(descriptor);
    return {permission, true, std::string(name) + " sockets can be opened", ""};
  }
  const int error = errno;
  const std::string detail = std::string(name) + " sockets: " + std::strerror(error);
  if (error == EAFNOSUPPORT) {
    return {permission, false, detail, std::string("use a kernel that has ") + option};
  }
  if (error == EPERM) {
    return {permission, false, detail + ", for this network belongs to another user namespace",
            "unshare --net " + own_program()};
  }
  return {permission, false, detail, "ulimit -n 1024"};
}

PermissionState probe_locked_memory() {
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  const bool is_granted = limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= kLockedBytesWanted ||
                          has_capability(CAP_IPC_LOCK);
  const std::string bytes =
      limit.rlim_cur == RLIM_INFINITY ? "unlimited" : std::to_string(limit.rlim_cur) + " bytes";
  return {Permission::kLockedMemory, is_granted, "RLIMIT_MEMLOCK is " + bytes,
          is_granted ? "" : "ulimit -l unlimited  (as root, or in /etc/security/limits.conf)"};
}

PermissionState probe_host_sockets() {
  std::string families;
  int error = 0;
  for (const auto& [family, name] : {std::pair(AF_INET, "IPv4"), std::pair(AF_INET6, "IPv6")}) {
    const int descriptor = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
      error = errno;
      continue;
    }
    ::close(descriptor);
    families += (families.empty() ? "" : " and ") + std::string(name);
  }
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const bool is_granted = !families.empty();
  return {Permission::kHostSockets, is_granted,
          is_granted ? families + ", as many as descriptors: " + std::to_string(limit.rlim_max)
                     : std::string("sockets: ") + std::strerror(error),
          is_granted ? "" : "run outside of the sandbox that forbids socket()"};
}

PermissionState probe_ping_sockets() {
  const char* const kPath = "/proc/sys/net/ipv4/ping_group_range";
  std::string range;
  if (std::FILE* file = std::fopen(kPath, "re")) {
    unsigned long first = 0, last = 0;
    if (std::fscanf(file, "%lu %lu", &first, &last) == 2) {
      range = std::to_string(first) + " to " + std::to_string(last);
    }
    std::fclose(file);
  }
  const int descriptor = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
  const int error = descriptor < 0 ? errno : 0;
  if (descriptor >= 0) ::close(descriptor);
  const std::string known = range.empty() ? "net.ipv4.ping_group_range is unknown"
                                          : "net.ipv4.ping_group_range is " + range;
  const bool is_granted = descriptor >= 0;
  return {Permission::kPingSockets, is_granted,
          is_granted ? known
          : error == EACCES
              ? known + ", and has no group of ours (" + std::to_string(::getegid()) + ")"
              : known + "; " + std::strerror(error),
          is_granted ? "" : "sudo sysctl -w net.ipv4.ping_group_range='0 2147483647'"};
}

// The many switches that forbid it differ between distributions; trying it in a child that ends at
// once asks all of them.
PermissionState probe_user_namespaces() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 ? 0 : errno);
  int status = 0;
  pid_t ended = -1;
  do {
    ended = child < 0 ? -1 : ::waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  const bool is_known = ended == child && WIFEXITED(status);
  const bool is_granted = is_known && WEXITSTATUS(status) == 0;
  const std::string why = is_known ? std::strerror(WEXITSTATUS(status)) : "cannot be tried";
  return {Permission::kUserNamespaces, is_granted,
          is_granted ? "user and network namespaces can be made"
                     : "user and network namespaces: " + why,
          is_granted ? "" : "sudo sysctl -w user.max_user_namespaces=10000"};
}

}  // namespace

std::string_view to_text(Permission permission) {
  switch (permission) {
    case Permission::kTunDevice: return "open TAP and TUN devices";
    case Permission::kNetAdmin: return "make devices and set addresses";
    case Permission::kNetRaw: return "use packet sockets";
    case Permission::kXdpSockets: return "use AF_XDP sockets";
    case Permission::kBpf: return "load XDP programs";
    case Permission::kLockedMemory: return "lock memory for rings";
    case Permission::kHostSockets: return "use this host's sockets";
    case Permission::kPingSockets: return "send echo requests through this host";
    case Permission::kUserNamespaces: return "make user namespaces";
  }
  return {};
}

PermissionState probe(Permission permission) {
  switch (permission) {
    case Permission::kTunDevice: return probe_tun();
    case Permission::kNetAdmin: return probe_net_admin();
    case Permission::kNetRaw: return probe_socket(permission, AF_PACKET, "packet", "CONFIG_PACKET");
    case Permission::kXdpSockets:
      return probe_socket(permission, AF_XDP, "AF_XDP", "CONFIG_XDP_SOCKETS");
    case Permission::kBpf:
      return probe_capability(permission, "CAP_BPF",
                              has_capability(kCapBpf) || has_capability(CAP_SYS_ADMIN));
    case Permission::kLockedMemory: return probe_locked_memory();
    case Permission::kHostSockets: return probe_host_sockets();
    case Permission::kPingSockets: return probe_ping_sockets();
    case Permission::kUserNamespaces: return probe_user_namespaces();
  }
  return {};
}

std::vector<PermissionState> probe_permissions() {
  std::vector<PermissionState> states;
  for (const Permission permission :
       {Permission::kTunDevice, Permission::kNetAdmin, Permission::kNetRaw, Permission::kXdpSockets,
        Permission::kBpf, Permission::kLockedMemory, Permission::kHostSockets,
        Permission::kPingSockets, Permission::kUserNamespaces}) {
    states.push_back(probe(permission));
  }
  return states;
}

}  // namespace strata
