// SPDX-License-Identifier: Apache-2.0
#include "attach/netlink/netlink_file.h"

#include <linux/sock_diag.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "attach/netlink/tables.h"
#include "socket/posix/option_values.h"

namespace strata::attach {
namespace {

using posix::read_value;
using posix::write_value;

constexpr int kBufferMin = 4608;

// rtnetlink(7): four types for each kind of object.
constexpr int kTypesForKind = 4;
constexpr int kGet = RTM_GETLINK % kTypesForKind;

Answer write_name(std::uint32_t port, Changes::Groups groups, sockaddr* to, socklen_t* size) {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_pid = port;
  address.nl_groups = static_cast<std::uint32_t>(groups);
  return write_value(address, to, size);
}

std::expected<sockaddr_nl, Answer> read_name(const void* address, socklen_t size) {
  const auto given = read_value<sockaddr_nl>(address, size);
  if (!given) return std::unexpected(given.error());
  if (given->nl_family != AF_NETLINK) return std::unexpected(-EINVAL);
  return *given;
}

// Whom something is sent to: nobody speaks to groups.
std::expected<sockaddr_nl, Answer> read_peer(const void* address, socklen_t size) {
  const auto given = read_name(address, size);
  if (given && given->nl_groups != 0) return std::unexpected(-EPERM);
  if (given && given->nl_pid != 0) return std::unexpected(-ECONNREFUSED);  // another program's
  return given;
}

std::vector<std::byte> gather(const msghdr& message) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
    const auto* const from = static_cast<const std::byte*>(message.msg_iov[i].iov_base);
    bytes.insert(bytes.end(), from, from + message.msg_iov[i].iov_len);
  }
  return bytes;
}

std::size_t scatter(Bytes from, const msghdr& message) {
  std::size_t done = 0;
  for (std::size_t i = 0; i < message.msg_iovlen && done < from.size(); ++i) {
    const std::size_t count = std::min(message.msg_iov[i].iov_len, from.size() - done);
    if (count == 0) continue;  // then there may be no place either
    std::memcpy(message.msg_iov[i].iov_base, from.data() + done, count);
    done += count;
  }
  return done;
}

int family_of(const NetlinkRequest& request) {
  // Old programs send an rtgenmsg, which is the family alone: all structures begin with it.
  return request.body.empty() ? AF_UNSPEC : std::to_integer<int>(request.body.front());
}

}  // namespace

// ── Answers ─────────────────────────────────────────────────────────────────────────────────────

Answer NetlinkFile::send(const msghdr& message, int flags, Time now) {
  if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
  if (message.msg_name != nullptr && message.msg_namelen != 0) {
    const auto to = read_peer(message.msg_name, message.msg_namelen);
    if (!to) return to.error();
  }
  const std::vector<std::byte> bytes = gather(message);
  if (bytes.size() > static_cast<std::size_t>(send_buffer_)) return -EMSGSIZE;
  // Who asks and does not listen shall wait.
  if (queued_bytes_ >= static_cast<std::size_t>(receive_buffer_)) return -EAGAIN;
  is_bound_ = true;
  Bytes left(bytes);
  while (const auto request = next_request(left)) answer(*request, now);
  tell_news();
  return static_cast<Answer>(bytes.size());
}

void NetlinkFile::answer(const NetlinkRequest& request, Time now) {
  const nlmsghdr& header = request.header;
  if ((header.nlmsg_flags & NLM_F_REQUEST) == 0) return;
  int error = 0;
  bool is_dump = false;
  if (header.nlmsg_type >= NLMSG_MIN_TYPE && sockets_) {
    is_dump = header.nlmsg_type == SOCK_DIAG_BY_FAMILY && (header.nlmsg_flags & NLM_F_DUMP) != 0;
    error = is_dump ? dump_sockets(request, now) : -EOPNOTSUPP;
  } else if (header.nlmsg_type >= NLMSG_MIN_TYPE) {
    const bool is_question = header.nlmsg_type % kTypesForKind == kGet;
    is_dump = is_question && (header.nlmsg_flags & NLM_F_DUMP) != 0;
    error = !is_question ? refuse_change(request)
            : is_dump    ? dump(request, now)
                         : tell_one(request);
  }
  const bool wants_word = (header.nlmsg_flags & NLM_F_ACK) != 0 && !is_dump;
  if (error != 0 || wants_word) acknowledge(request, error);
}

// Whoever wants up what is up has it: `ip link set lo up` begins many a script.
int NetlinkFile::refuse_change(const NetlinkRequest& request) const {
  const auto wanted = request.structure<ifinfomsg>();
  const bool is_about_flags = request.header.nlmsg_type == RTM_NEWLINK && wanted &&
                              request.body.size() == sizeof(*wanted) && wanted->ifi_change != 0;
  bool is_so = false;
  if (!is_about_flags) return -EPERM;
  stack_.for_each_interface([&](const InterfaceEntry& entry) {
    const unsigned differing = (interface_flags(entry) ^ wanted->ifi_flags) & wanted->ifi_change;
    is_so |= entry.id == wanted->ifi_index && differing == 0;
  });
  return is_so ? 0 : -EPERM;
}

int NetlinkFile::dump(const NetlinkRequest& request, Time now) {
  MessageWriter writer(port_, request.header.nlmsg_seq);
  const int family = family_of(request);
  const bool is_known = family == AF_UNSPEC || family == AF_INET || family == AF_INET6;
  switch (request.header.nlmsg_type) {
    case RTM_GETLINK:
      if (is_known || family == AF_PACKET) write_links(stack_, writer);
      break;
    case RTM_GETADDR:
      if (is_known) write_addresses(stack_, family, writer);
      break;
    case RTM_GETROUTE:
      if (is_known) write_routes(stack_, family, writer);
      break;
    case RTM_GETNEIGH:
      if (is_known) write_neighbors(stack_, family, now, writer);
      break;
    default: return -EOPNOTSUPP;
  }
  queue(writer);
  end_dump(request);
  return 0;
}

int NetlinkFile::dump_sockets(const NetlinkRequest& request, Time now) {
  // Requests about other families are shorter.
  const int family = family_of(request);
  if (family != AF_INET && family != AF_INET6) return -ENOENT;
  const auto wanted = request.structure<inet_diag_req_v2>();
  if (!wanted) return -EINVAL;
  MessageWriter writer(port_, request.header.nlmsg_seq);
  if (const int error = write_open_sockets(sockets_(), *wanted, now, writer); error != 0) {
    return error;
  }
  queue(writer);
  end_dump(request);
  return 0;
}

void NetlinkFile::end_dump(const NetlinkRequest& request) {
  MessageWriter last(port_, request.header.nlmsg_seq);
  last.begin(NLMSG_DONE, NLM_F_MULTI, int{0});
  last.end();
  queue(last);
}

int NetlinkFile::tell_one(const NetlinkRequest& request) {
  switch (request.header.nlmsg_type) {
    case RTM_GETLINK: return tell_link(request);
    case RTM_GETROUTE: return tell_route(request);
    default: return -EOPNOTSUPP;
  }
}

int NetlinkFile::tell_link(const NetlinkRequest& request) {
  const auto wanted = request.structure<ifinfomsg>();
  if (!wanted) return -EINVAL;
  std::string_view name;
  for (const int type : {IFLA_IFNAME, IFLA_ALT_IFNAME}) {
    const auto given = request.attribute(sizeof(ifinfomsg), type);
    if (!given || !name.empty()) continue;
    name = {reinterpret_cast<const char*>(given->data()), given->size()};
    name = name.substr(0, name.find('\0'));
  }
  if (wanted->ifi_index <= 0 && name.empty()) return -EINVAL;
  MessageWriter writer(port_, request.header.nlmsg_seq);
  bool is_found = false;
  stack_.for_each_interface([&](const InterfaceEntry& entry) {
    const bool is_it =
        wanted->ifi_index > 0 ? entry.id == wanted->ifi_index : entry.name.view() == name;
    if (is_it && !std::exchange(is_found, true)) write_link(entry, Telling::kAlone, writer);
  });
  if (!is_found) return -ENODEV;
  queue(writer);
  return 0;
}

int NetlinkFile::tell_route(const NetlinkRequest& request) {
  const auto wanted = request.structure<rtmsg>();
  if (!wanted) return -EINVAL;
  const bool is_v4 = wanted->rtm_family == AF_INET;
  if (!is_v4 && wanted->rtm_family != AF_INET6) return -EOPNOTSUPP;
  const auto given = request.attribute(sizeof(rtmsg), RTA_DST);
  IpAddress destination = is_v4 ? IpAddress::any_v4() : IpAddress::any_v6();
  if (given && is_v4 && given->size() == 4) {
    destination = IpAddress::v4(load_big_endian<std::uint32_t>(given->data()));
  } else if (given && !is_v4 && given->size() == 16) {
    destination = IpAddress::from_bytes(given->first<16>());
  } else if (given) {
    return -EINVAL;
  }
  MessageWriter writer(port_, request.header.nlmsg_seq);
  const int error = write_route_to(stack_, destination, writer);
  if (error == 0) queue(writer);
  return error;
}

void NetlinkFile::acknowledge(const NetlinkRequest& request, int error) {
  MessageWriter writer(port_, request.header.nlmsg_seq);
  nlmsgerr told{};
  told.error = error;
  told.msg = request.header;
  const bool is_whole = error != 0 && !caps_acknowledgements_;
  writer.begin(NLMSG_ERROR, is_whole ? 0 : NLM_F_CAPPED, told);
  if (is_whole) writer.append(request.body);
  writer.end();
  queue(writer);
}

void NetlinkFile::queue(MessageWriter& writer) {
  for (std::vector<std::byte>& datagram : writer.take()) {
    queued_bytes_ += datagram.size();
    answers_.push_back(std::move(datagram));
  }
}

// ── News ────────────────────────────────────────────────────────────────────────────────────────

void NetlinkFile::look_for_changes(Time now) {
  if (!hears_changes()) return;
  MessageWriter writer(0, 0);  // nobody has asked
  changes_.look(stack_, now, writer);
  if (queued_bytes_ >= static_cast<std::size_t>(receive_buffer_)) {
    has_missed_ = !writer.take().empty() || has_missed_;
    return;
  }
  queue(writer);
  if (!answers_.empty()) tell_news();
}

void NetlinkFile::hear(Changes::Groups groups, Time now) {
  look_for_changes(now);
  changes_.hear(stack_, groups, now);
  if (groups != 0 && on_hearing_) on_hearing_();
}

Answer NetlinkFile::join(int group, bool is_member, Time now) {
  if (sockets_) return -EPERM;  // of sockets that end nobody tells
  if (group < 1 || group > Changes::kGroupsMax) return -EINVAL;
  const Changes::Groups bit = Changes::bit_of(group);
  hear(is_member ? changes_.groups() | bit : changes_.groups() & ~bit, now);
  return 0;
}

Answer NetlinkFile::receive(msghdr& message, int flags, Time /*now*/) {
  message.msg_flags = 0;
  if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
  if (std::exchange(has_missed_, false) && !hides_misses_) return -ENOBUFS;
  if ((flags & MSG_ERRQUEUE) != 0 || answers_.empty()) return -EAGAIN;
  const std::vector<std::byte>& first = answers_.front();
  const std::size_t size = first.size();
  const std::size_t taken = scatter(first, message);
  if (taken < size) message.msg_flags |= MSG_TRUNC;
  message.msg_controllen = 0;
  if (message.msg_name == nullptr) message.msg_namelen = 0;
  if (message.msg_name != nullptr) {
    const Answer named =
        write_name(0, 0, static_cast<sockaddr*>(message.msg_name), &message.msg_namelen);
    if (named < 0) return named;
  }
  if ((flags & MSG_PEEK) == 0) {
    queued_bytes_ -= size;
    answers_.pop_front();
  }
  return static_cast<Answer>((flags & MSG_TRUNC) != 0 ? size : taken);
}

// ── Names and options ───────────────────────────────────────────────────────────────────────────

Answer NetlinkFile::bind(const sockaddr* address, socklen_t size, Time now) {
  const auto wanted = read_name(address, size);
  if (!wanted) return wanted.error();
  if (is_bound_ && wanted->nl_pid != 0 && wanted->nl_pid != port_) return -EINVAL;
  constexpr Changes::Groups kNamed = UINT32_MAX;  // those that an address can name
  if (wanted->nl_groups != 0 && sockets_) return -EPERM;
  if (wanted->nl_pid != 0) port_ = wanted->nl_pid;
  is_bound_ = true;
  const Changes::Groups groups = (changes_.groups() & ~kNamed) | wanted->nl_groups;
  if (groups != changes_.groups()) hear(groups, now);
  return 0;
}

Answer NetlinkFile::connect(const sockaddr* address, socklen_t size, Time /*now*/) {
  const auto to = read_peer(address, size);
  if (!to) return to.error();
  is_bound_ = true;
  return 0;
}

Answer NetlinkFile::local_name(sockaddr* address, socklen_t* size) {
  return write_name(is_bound_ ? port_ : 0, changes_.groups(), address, size);
}

Answer NetlinkFile::remote_name(sockaddr* address, socklen_t* size) {
  return write_name(0, 0, address, size);
}

Answer NetlinkFile::option(int level, int name, void* value, socklen_t* size, Time /*now*/) {
  if (level == SOL_NETLINK) {
    if (name == NETLINK_CAP_ACK) return write_value(int{caps_acknowledgements_}, value, size);
    if (name == NETLINK_EXT_ACK) return write_value(int{has_extended_errors_}, value, size);
    if (name == NETLINK_NO_ENOBUFS) return write_value(int{hides_misses_}, value, size);
    if (name == NETLINK_LIST_MEMBERSHIPS) return write_value(changes_.groups(), value, size);
    return -ENOPROTOOPT;
  }
  if (level != SOL_SOCKET) return -ENOPROTOOPT;
  switch (name) {
    case SO_TYPE: return write_value(type_, value, size);
    case SO_DOMAIN: return write_value(int{AF_NETLINK}, value, size);
    case SO_PROTOCOL: return write_value(sockets_ ? NETLINK_SOCK_DIAG : NETLINK_ROUTE, value, size);
    case SO_ERROR:
    case SO_ACCEPTCONN: return write_value(0, value, size);
    case SO_SNDBUF: return write_value(send_buffer_, value, size);
    case SO_RCVBUF: return write_value(receive_buffer_, value, size);
    case SO_RCVTIMEO: return write_value(posix::to_timeval(receive_timeout_), value, size);
    case SO_SNDTIMEO: return write_value(posix::to_timeval(send_timeout_), value, size);
    default: return -ENOPROTOOPT;
  }
}

Answer NetlinkFile::set_option(int level, int name, const void* value, socklen_t size, Time now) {
  if (level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO)) {
    const auto timeout = posix::read_timeout(value, size);
    if (!timeout) return timeout.error();
    (name == SO_RCVTIMEO ? receive_timeout_ : send_timeout_) = *timeout;
    return 0;
  }
  const auto number = read_value<int>(value, size);
  if (!number) return number.error();
  if (level == SOL_SOCKET && (name == SO_SNDBUF || name == SO_RCVBUF)) {
    (name == SO_SNDBUF ? send_buffer_ : receive_buffer_) =
        2 * std::clamp(*number, kBufferMin / 2, 1 << 29);
    return 0;
  }
  if (level != SOL_NETLINK) return -ENOPROTOOPT;
  switch (name) {
    case NETLINK_CAP_ACK: caps_acknowledgements_ = *number != 0; return 0;
    // It permits attributes behind errors, and there are none that would help.
    case NETLINK_EXT_ACK: has_extended_errors_ = *number != 0; return 0;
    case NETLINK_NO_ENOBUFS: hides_misses_ = *number != 0; return 0;
    case NETLINK_ADD_MEMBERSHIP:
    case NETLINK_DROP_MEMBERSHIP: return join(*number, name == NETLINK_ADD_MEMBERSHIP, now);
    default: return -ENOPROTOOPT;
  }
}

Answer NetlinkFile::control(unsigned long request, int& value) {
  if (request == TIOCOUTQ) {
    value = 0;
    return 0;
  }
  if (request != FIONREAD) return -ENOTTY;
  value = answers_.empty() ? 0 : static_cast<int>(answers_.front().size());
  return 0;
}

std::uint32_t NetlinkFile::events() const {
  const std::uint32_t writable = POLLOUT | POLLWRNORM | POLLWRBAND;
  return answers_.empty() ? writable : writable | POLLIN | POLLRDNORM;
}

}  // namespace strata::attach
