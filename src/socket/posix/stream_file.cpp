// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/stream_file.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

// Behind <netinet/in.h>, whose structures they need.
#include <linux/errqueue.h>
#include <linux/sockios.h>
#include <linux/tcp.h>

#include "socket/posix/control_messages.h"
#include "socket/posix/socket_address.h"
#include "stack/core.h"
#include "stack/out/send_tcp.h"

namespace strata::posix {
namespace {

constexpr std::size_t kZeroCopiesMax = 1024;
constexpr std::size_t kFastOpenBytesMax = 65'536;

MutableBytes bytes_of(const iovec& part) {
  return {static_cast<std::byte*>(part.iov_base), part.iov_len};
}

// The peer has sent its FIN; both ends have.
bool peer_has_ended(TcpState state) {
  return state == TcpState::kCloseWait || state == TcpState::kLastAck ||
         state == TcpState::kClosing || state == TcpState::kTimeWait || state == TcpState::kClosed;
}
bool both_have_ended(TcpState state) {
  return state == TcpState::kLastAck || state == TcpState::kClosing ||
         state == TcpState::kTimeWait || state == TcpState::kClosed;
}

// The empty parts at a message's end are nothing that the part before them could wait for.
std::size_t parts_with_bytes(const msghdr& message) {
  std::size_t parts = message.msg_iovlen;
  while (parts != 0 && message.msg_iov[parts - 1].iov_len == 0) --parts;
  return parts;
}

}  // namespace

StreamFile::StreamFile(Stack& stack, AddressFamily family)
    : SocketFile(family, SOCK_STREAM, IPPROTO_TCP), stack_(stack) {}

StreamFile::StreamFile(Stack& stack, AddressFamily family, TcpStream stream)
    : StreamFile(stack, family) {
  adopt(std::move(stream));
}

StreamFile::~StreamFile() = default;

void StreamFile::adopt(TcpStream stream) {
  TcpStream& mine = end_.emplace<TcpStream>(std::move(stream));
  static_cast<void>(mine.on_ready([this](Readiness news) {
    tell_news();
    // Once it is open, an error is the connection's and not the attempt's.
    if (is_connecting_ && news.writable && !news.error) static_cast<void>(connect_result());
  }));
}

Answer StreamFile::ended(Error error, Answer otherwise) {
  TcpStream* const ours = stream();
  const auto pending = ours == nullptr ? std::nullopt : ours->take_error().value_or(std::nullopt);
  if (pending) return failed(*pending);
  return error == Error::kClosed ? otherwise : failed(error);
}

// ── Receiving ───────────────────────────────────────────────────────────────────────────────────

Answer StreamFile::receive(msghdr& message, int flags, Time now) {
  message.msg_flags = 0;
  if ((flags & MSG_ERRQUEUE) != 0) return receive_notification(message);
  message.msg_namelen = 0;
  const std::size_t control_room = std::exchange(message.msg_controllen, 0);
  if (deferred_peer_) return -EAGAIN;
  if (stream() == nullptr) return -ENOTCONN;
  if ((flags & MSG_OOB) != 0) return receive_urgent(message);
  const Answer count = read(message, flags, now);
  if (count > 0 && tells_queue_) {
    message.msg_controllen = control_room;
    tell_queue(message, now);
  }
  return count;
}

// TCP_CM_INQ: what is still to be read; the end of the stream counts as one more.
void StreamFile::tell_queue(msghdr& message, Time now) {
  const auto info = stream()->info(now);
  const auto state = stream()->state();
  int bytes = info ? static_cast<int>(info->receive_queue) : 0;
  if (state && peer_has_ended(*state)) ++bytes;
  ControlWriter writer(message);
  writer.append(IPPROTO_TCP, TCP_CM_INQ, bytes);
  writer.finish();
}

Answer StreamFile::receive_urgent(const msghdr& message) {
  const auto byte = stream()->read_urgent();
  if (!byte) return byte.error() == Error::kWouldBlock ? -EAGAIN : -EINVAL;
  if (message.msg_iovlen == 0 || message.msg_iov[0].iov_len == 0) return 0;
  bytes_of(message.msg_iov[0])[0] = *byte;
  return 1;
}

Answer StreamFile::read(const msghdr& message, int flags, Time now) {
  TcpStream& ours = *stream();
  const bool peeks = (flags & MSG_PEEK) != 0;
  std::size_t done = 0;
  std::array<std::byte, 4096> discarded;
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
    MutableBytes part = bytes_of(message.msg_iov[i]);
    while (!part.empty()) {
      // Linux: with MSG_TRUNC bytes are taken from the stream and thrown away.
      const bool discards = (flags & MSG_TRUNC) != 0;
      const MutableBytes room =
          discards ? MutableBytes(discarded).first(std::min(part.size(), discarded.size())) : part;
      const auto count = peeks ? ours.peek(done, room) : ours.read(room, now);
      // Linux: behind the peer's end a read is at the end, and leaves the error to who writes.
      const bool is_at_end = !count && count.error() == Error::kClosed;
      if (!count && done == 0) return is_at_end ? 0 : ended(count.error(), 0);
      if (!count || *count == 0) return static_cast<Answer>(done);
      done += *count;
      // It ends here, or stops in front of the urgent byte (RFC 6093): the next call looks further.
      if (*count < room.size()) return static_cast<Answer>(done);
      part = part.subspan(*count);
    }
  }
  return static_cast<Answer>(done);
}

std::size_t StreamFile::finished_copies() const {
  if (zero_copies_.empty()) return 0;
  // Without a connection nothing keeps the bytes any more.
  const auto info = stream() == nullptr ? Result<TcpInfo>(std::unexpected(Error::kNotConnected))
                                        : stream()->info(Time{});
  const bool is_over = !info || info->state == TcpState::kClosed;
  const std::uint64_t acknowledged = is_over ? UINT64_MAX : info->bytes_acknowledged;
  const auto first = std::ranges::find_if(
      zero_copies_, [&](const ZeroCopy& copy) { return copy.end > acknowledged; });
  return static_cast<std::size_t>(first - zero_copies_.begin());
}

// A copy that is finished is news, of POLLERR.
std::uint64_t StreamFile::news() const {
  return File::news() + next_notification_ - (zero_copies_.size() - finished_copies());
}

Answer StreamFile::receive_notification(msghdr& message) {
  std::size_t finished = finished_copies();
  if (finished == 0) return -EAGAIN;
  sock_extended_err error{};
  error.ee_origin = SO_EE_ORIGIN_ZEROCOPY;
  error.ee_code = SO_EE_CODE_ZEROCOPY_COPIED;  // which is allowed, and said
  error.ee_info = zero_copies_.front().identifier;
  // Neighbours are told together, as a range.
  for (; finished != 0; --finished) {
    error.ee_data = zero_copies_.front().identifier;
    zero_copies_.pop_front();
  }
  message.msg_namelen = 0;
  ControlWriter writer(message);
  const bool is_v4 = family() == AddressFamily::kIpv4;
  struct {
    sock_extended_err what;
    sockaddr_in6 offender;
  } data{error, {}};
  writer.append(is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_RECVERR : IPV6_RECVERR, &data,
                sizeof(error) + (is_v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6)));
  writer.finish();
  message.msg_flags |= MSG_ERRQUEUE;
  return 0;
}

// ── Sending ─────────────────────────────────────────────────────────────────────────────────────

Answer StreamFile::send(const msghdr& message, int flags, Time now) {
  const bool is_first = (flags & MSG_FASTOPEN) != 0;
  if (stream() == nullptr && (is_first || deferred_peer_)) {
    return start_with_data(message, flags, now);
  }
  if (stream() == nullptr) return -EPIPE;
  if (is_first && connect_result() == -EINPROGRESS) return -EALREADY;
  // Native streams queue what is written before the connection is open; programs expect to wait.
  if (is_connecting_) {
    const Answer connected = connect_result();
    if (connected < 0) return connected == -EINPROGRESS ? -EAGAIN : connected;
  }
  if (taken_with_syn_ != 0) return std::exchange(taken_with_syn_, 0);
  const bool is_lent = (flags & MSG_ZEROCOPY) != 0 && uses_zero_copy_;
  if (is_lent && zero_copies_.size() == kZeroCopiesMax) return -ENOBUFS;
  TcpStream& ours = *stream();
  const std::size_t parts = parts_with_bytes(message);
  std::size_t done = 0;
  for (std::size_t i = 0; i < parts; ++i) {
    const Bytes part = bytes_of(message.msg_iov[i]);
    if (part.empty()) continue;
    const bool is_last = i + 1 == parts;
    const auto count = is_last && (flags & MSG_OOB) != 0
                           ? ours.write_urgent(part, now)
                           : ours.write(part, now, (flags & MSG_MORE) != 0 || !is_last);
    if (!count && done == 0) return ended(count.error(), -EPIPE);
    if (!count) break;
    done += *count;
    if (*count < part.size()) break;
  }
  bytes_written_ += done;
  if (is_lent && done != 0) zero_copies_.push_back({bytes_written_, next_notification_++});
  return static_cast<Answer>(done);
}

// RFC 7413: the first bytes go with the SYN when the peer's cookie is known.
Answer StreamFile::start_with_data(const msghdr& message, int flags, Time now) {
  Endpoint peer;
  if (!stack_.tcp_config().fast_open_client) return -EOPNOTSUPP;
  if (deferred_peer_) {
    peer = *deferred_peer_;
  } else {
    if (message.msg_name == nullptr) return -EDESTADDRREQ;
    const auto* const name = static_cast<const sockaddr*>(message.msg_name);
    if (message.msg_namelen >= sizeof(name->sa_family) && name->sa_family == AF_UNSPEC) {
      return -EOPNOTSUPP;
    }
    const auto given =
        read_address(static_cast<const sockaddr*>(message.msg_name), message.msg_namelen, family());
    if (!given) return given.error();
    peer = *given;
  }
  std::vector<std::byte> data;
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
    const Bytes part = bytes_of(message.msg_iov[i]);
    const std::size_t count = std::min(part.size(), kFastOpenBytesMax - data.size());
    data.insert(data.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(count));
  }
  options_.fast_open = true;
  deferred_peer_.reset();
  const Answer started = start(peer, data, now);
  if (started != -EINPROGRESS) return started;
  const auto info = stream()->info(now);
  const Answer taken = info ? info->not_sent : 0;
  bytes_written_ += static_cast<std::uint64_t>(taken);
  const bool is_lent = (flags & MSG_ZEROCOPY) != 0 && uses_zero_copy_;
  if (is_lent && taken != 0) zero_copies_.push_back({bytes_written_, next_notification_++});
  if ((flags & MSG_DONTWAIT) != 0) return taken != 0 ? taken : -EINPROGRESS;
  // Who waits is told once there is a connection, or why there is none. The rest of his data then
  // goes with our acknowledgement.
  const auto rest = stream()->write(Bytes(data).subspan(static_cast<std::size_t>(taken)), now);
  taken_with_syn_ = taken + (rest ? static_cast<Answer>(*rest) : 0);
  bytes_written_ += static_cast<std::uint64_t>(taken_with_syn_ - taken);
  if (is_lent && taken != 0) zero_copies_.back().end = bytes_written_;
  return -EAGAIN;
}

// ── Beginning and end ───────────────────────────────────────────────────────────────────────────

Answer StreamFile::bind(const sockaddr* address, socklen_t size, Time /*now*/) {
  const auto endpoint = read_address(address, size, family());
  if (!endpoint) return endpoint.error();
  if (!std::holds_alternative<std::monostate>(end_) || bound_without_port_) return -EINVAL;
  auto made = TcpBinding::bind(stack_, *endpoint, options_);
  if (!made) return failed(made.error());
  if (binds_without_port_ && endpoint->port == 0) {
    bound_without_port_ = endpoint->address;  // it could be had, and is given back
    return 0;
  }
  end_.emplace<TcpBinding>(*std::move(made));
  return 0;
}

Answer StreamFile::listen(int backlog, Time /*now*/) {
  // As Linux has it, where below zero is as many as there may be.
  const auto waiting = std::min<std::uint32_t>(static_cast<std::uint32_t>(backlog), SOMAXCONN);
  if (listener() != nullptr) return answer_of(listener()->set_backlog(waiting));
  if (stream() != nullptr) return -EINVAL;
  const bool is_v4 = family() == AddressFamily::kIpv4;
  const IpAddress any_address = is_v4 ? IpAddress::any_v4() : IpAddress::any_v6();
  const Endpoint any{bound_without_port_.value_or(any_address), 0};
  const TcpListenOptions options{.backlog = waiting, .binding = binding(), .options = options_};
  auto made = TcpListener::listen(stack_, any, options);
  if (!made) return failed(made.error());
  TcpListener& mine = end_.emplace<TcpListener>(*std::move(made));
  static_cast<void>(mine.on_ready([this](Readiness) { tell_news(); }));
  return 0;
}

Answer StreamFile::start(const Endpoint& remote, Bytes first_data, Time now) {
  TcpConnectOptions options;
  options.binding = binding();
  if (bound_without_port_) options.local.address = *bound_without_port_;
  options.options = options_;
  options.fast_open_data = first_data;
  auto made = TcpStream::connect(stack_, remote, options, now);
  if (!made) return failed(made.error());
  adopt(*std::move(made));
  is_connecting_ = true;
  return -EINPROGRESS;
}

Answer StreamFile::connect(const sockaddr* address, socklen_t size, Time now) {
  if (listener() != nullptr) return -EISCONN;
  if (stream() != nullptr) {
    if (!is_connecting_) return -EISCONN;
    const Answer result = connect_result();
    return result == -EINPROGRESS ? -EALREADY : result;
  }
  if (deferred_peer_) return -EISCONN;
  const auto remote = read_address(address, size, family());
  if (!remote) return remote.error();
  // Linux: nobody there can accept a connection.
  const bool is_to_many = remote->address.is_multicast() || remote->address.is_limited_broadcast();
  if (is_to_many) return -ENETUNREACH;
  // RFC 7413: without a cookie nothing is gained by waiting for the first write.
  const bool waits_for_data =
      defers_connect_ && TcpStream::sends_first_data(stack_, remote->address, now);
  if (!waits_for_data) return start(*remote, {}, now);
  deferred_peer_ = *remote;
  return 0;
}

Answer StreamFile::connect_result() {
  if (stream() == nullptr) return deferred_peer_ ? 0 : -ENOTCONN;
  const auto error = stream()->take_error();
  if (error && *error) {
    is_connecting_ = false;
    end_.emplace<std::monostate>();  // it may try again, and nothing of this try is left
    taken_with_syn_ = 0;
    bytes_written_ = 0;
    for (ZeroCopy& copy : zero_copies_) copy.end = 0;
    return failed(**error);
  }
  const auto state = stream()->state();
  if (state && (*state == TcpState::kSynSent || *state == TcpState::kSynReceived)) {
    return -EINPROGRESS;
  }
  is_connecting_ = false;
  return 0;
}

File::Accepted StreamFile::accept(Time now) {
  if (listener() == nullptr) return {nullptr, -EINVAL};
  auto accepted = listener()->accept(now);
  if (!accepted) return {nullptr, failed(accepted.error())};
  auto made = std::make_shared<StreamFile>(stack_, family(), *std::move(accepted));
  made->uses_zero_copy_ = uses_zero_copy_;
  made->mark_ = mark_;
  made->low_water_ = low_water_;
  return {std::move(made), 0};
}

Answer StreamFile::shut_down(int how, Time now) {
  static constexpr TcpShutdown kHow[] = {TcpShutdown::kRead, TcpShutdown::kWrite,
                                         TcpShutdown::kBoth};
  if (how < SHUT_RD || how > SHUT_RDWR) return -EINVAL;
  if (listener() != nullptr && how != SHUT_WR) {
    listener()->close(now);
    end_.emplace<std::monostate>();
    tell_news();
    return 0;
  }
  if (stream() == nullptr) return -ENOTCONN;
  return answer_of(stream()->shut_down(kHow[how], now));
}

std::optional<Duration> StreamFile::linger() const {
  const auto linger = current_options().linger;
  return stream() != nullptr && linger && *linger > Duration{} ? linger : std::nullopt;
}

bool StreamFile::close(Time now, bool is_last) {
  if (listener() != nullptr) listener()->close(now);
  TcpStream* const ours = stream();
  if (ours == nullptr) {
    end_.emplace<std::monostate>();
    return true;
  }
  if (!is_last && linger()) {
    if (!is_lingering_) is_lingering_ = ours->close_lingering(now).has_value();
    const auto ready = ours->readiness();
    if (is_lingering_ && ready && !ready->closed) return false;
  }
  // A reset throws away what waits to be sent. Linux has sent by now what the peer has room for,
  // and programs that answer without reading all of a question count on that.
  if (ends_by_reset()) static_cast<void>(stack::send_tcp(stack_.core(), now));
  ours->close(now);
  end_.emplace<std::monostate>();
  return true;
}

bool StreamFile::ends_by_reset() {
  int unread = 0;
  static_cast<void>(control(FIONREAD, unread));
  return unread != 0 || current_options().linger == Duration{};
}

// ── Names, queues, readiness ────────────────────────────────────────────────────────────────────

Answer StreamFile::local_name(sockaddr* address, socklen_t* size) {
  Result<Endpoint> local = Endpoint{};
  if (family() == AddressFamily::kIpv4) local->address = IpAddress::any_v4();
  if (bound_without_port_) local->address = *bound_without_port_;
  if (binding() != nullptr) local = binding()->local();
  if (listener() != nullptr) local = listener()->local();
  if (stream() != nullptr) local = stream()->local();
  return tell_name(local, family(), address, size);
}

Answer StreamFile::remote_name(sockaddr* address, socklen_t* size) {
  if (stream() == nullptr) return -ENOTCONN;
  return tell_name(stream()->remote(), family(), address, size);
}

Answer StreamFile::control(unsigned long request, int& value) {
  if (listener() != nullptr) return -EINVAL;
  value = 0;
  if (stream() == nullptr) return request == FIONREAD || request == SIOCOUTQ ? 0 : -ENOTTY;
  if (request == SIOCATMARK) {
    value = stream()->at_urgent_mark().value_or(false) ? 1 : 0;
    return 0;
  }
  const auto info = stream()->info(Time{});
  if (!info) return failed(info.error());
  switch (request) {
    case FIONREAD: value = static_cast<int>(info->receive_queue); return 0;
    case SIOCOUTQ: value = static_cast<int>(info->unacknowledged + info->not_sent); return 0;
    case SIOCOUTQNSD: value = static_cast<int>(info->not_sent); return 0;
    default: return -ENOTTY;
  }
}

// Who waits for more than the peer may send waits for ever: then the mark gives way.
bool StreamFile::has_enough_to_read(const TcpStream& stream) const {
  if (low_water_ <= 1) return true;
  const auto info = stream.info(Time{});
  return !info || info->receive_queue == 0 || info->receive_queue >= low_water_ ||
         info->receive_window <= info->receive_mss;
}

std::uint32_t StreamFile::stream_events(const TcpStream& stream) const {
  const auto ready = stream.readiness();
  const auto state = stream.state();
  if (!ready) return POLLHUP;
  std::uint32_t events = 0;
  const bool has_ended = state && peer_has_ended(*state);
  if ((ready->readable && has_enough_to_read(stream)) || has_ended) events |= POLLIN | POLLRDNORM;
  if (ready->writable) events |= POLLOUT | POLLWRNORM;
  if (ready->error || finished_copies() != 0) events |= POLLERR;
  if (has_ended) events |= POLLRDHUP;
  if (state && both_have_ended(*state)) events |= POLLHUP;
  return events;
}

std::uint32_t StreamFile::events() const {
  if (stream() != nullptr) return stream_events(*stream());
  if (listener() != nullptr) {
    const auto ready = listener()->readiness();
    return ready && ready->readable ? POLLIN | POLLRDNORM : 0;
  }
  if (deferred_peer_) return POLLOUT | POLLWRNORM;
  return POLLOUT | POLLWRNORM | POLLHUP;  // what Linux tells of a socket that is nothing yet
}

}  // namespace strata::posix
