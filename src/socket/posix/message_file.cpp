// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/message_file.h"

#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "socket/posix/socket_address.h"
#include "stack/core.h"
#include "stack/out/send_ip.h"
#include "stack/out/send_udp.h"

namespace strata::posix {
namespace {

constexpr std::size_t kDatagramMax = 65'535;
constexpr std::size_t kSendBufferFirst = 212'992;  // what Linux begins with
constexpr std::size_t kErrorsMax = 64;

std::vector<MutableBytes> parts_of(const msghdr& message) {
  std::vector<MutableBytes> parts;
  parts.reserve(message.msg_iovlen);
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
    parts.emplace_back(static_cast<std::byte*>(message.msg_iov[i].iov_base),
                       message.msg_iov[i].iov_len);
  }
  return parts;
}

std::size_t size_of(const msghdr& message) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) size += message.msg_iov[i].iov_len;
  return size;
}

// How many bytes went where.
std::size_t scatter(Bytes from, const std::vector<MutableBytes>& parts) {
  std::size_t done = 0;
  for (const MutableBytes part : parts) {
    const std::size_t count = std::min(part.size(), from.size() - done);
    copy_bytes(from.subspan(done, count), part);
    done += count;
  }
  return done;
}

void tell_source(msghdr& message, const Endpoint& endpoint, AddressFamily family) {
  if (message.msg_name == nullptr) {
    message.msg_namelen = 0;
    return;
  }
  message.msg_namelen = write_address(endpoint, family, message.msg_name, message.msg_namelen);
}

}  // namespace

MessageFile::MessageFile(Stack& stack, AddressFamily family, int type, int protocol)
    : SocketFile(family, type, protocol), stack_(stack), send_buffer_(kSendBufferFirst) {}

// ── Errors ──────────────────────────────────────────────────────────────────────────────────────

void MessageFile::keep_error(const SocketError& error) {
  if (errors_.size() >= kErrorsMax) errors_.pop_front();
  errors_.push_back(error);
  ++error_count_;
}

// The stack keeps a few; here there is room for those of a whole trace.
void MessageFile::gather_errors() {
  while (const auto error = socket().receive_error()) {
    keep_error(*error);
    error_ = -errno_of(*error);
  }
  // Of a socket that keeps errors it is the same once more.
  const auto pending = socket().take_error();
  if (pending && *pending && error_ == 0) error_ = -errno_of_report(**pending);
}

bool MessageFile::has_errors() {
  gather_errors();
  return !errors_.empty() || error_ != 0;
}

Answer MessageFile::take_error() {
  gather_errors();
  return std::exchange(error_, 0);
}

std::uint64_t MessageFile::count_errors() {
  gather_errors();
  return error_count_;
}

// Linux tells those who keep errors how long the message might have been.
void MessageFile::keep_own_error(const std::optional<Endpoint>& destination) {
  const auto options = socket().options();
  if (!options || !options->receive_errors || !destination) return;
  const auto departure =
      stack::depart(stack_.core(), {.destination = destination->address,
                                    .interface = options->bound_interface,
                                    .fragment_policy = options->fragment_policy});
  if (!departure) return;
  SocketError error{.error = Error::kMessageTooLong, .source = {}, .destination = *destination};
  error.path_mtu = static_cast<std::uint32_t>(departure->mtu);
  keep_error(error);
}

Answer MessageFile::receive_error(msghdr& message, Time now) {
  gather_errors();
  if (errors_.empty()) return -EAGAIN;
  const SocketError error = errors_.front();
  errors_.pop_front();
  // Linux: sk_err is then that of the next one.
  error_ = errors_.empty() ? 0 : -errno_of(errors_.front());
  tell_source(message, error.destination, family());
  ControlWriter writer(message);
  if (error.when != Time{}) write_time(error.when, now, writer);
  if (wanted_.hop_limit && error.hop_limit != 0) {
    const bool is_v4 = family() == AddressFamily::kIpv4;
    const int hops = error.hop_limit;
    writer.append(is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_TTL : IPV6_HOPLIMIT, hops);
  }
  write_error(error, family(), writer);
  writer.finish();
  // What was sent begins behind the header that the stack wrote: UDP's, none for others.
  const bool is_udp = protocol() == IPPROTO_UDP;
  const Bytes quoted = Bytes(error.quoted).first(error.quoted_size);
  const Bytes payload = quoted.subspan(std::min<std::size_t>(is_udp ? 8 : 0, quoted.size()));
  const std::size_t taken = scatter(payload, parts_of(message));
  message.msg_flags |= MSG_ERRQUEUE | (taken < payload.size() ? MSG_TRUNC : 0);
  return static_cast<Answer>(taken);
}

// ── Data ────────────────────────────────────────────────────────────────────────────────────────

void MessageFile::write_time(Time at, Time now, ControlWriter& writer) const {
  constexpr int kTold = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
  const bool tells_all = (timestamping_ & kTold) == kTold;
  if ((stamp_ == Stamp::kNone && !tells_all) || wall_clock_ == nullptr) return;
  const timespec time = wall_clock_(now, at);
  if (stamp_ == Stamp::kNanoseconds) {
    writer.append(SOL_SOCKET, SCM_TIMESTAMPNS, time);
  } else if (stamp_ == Stamp::kMicroseconds) {
    writer.append(SOL_SOCKET, SCM_TIMESTAMP, timeval{time.tv_sec, time.tv_nsec / 1000});
  }
  // Ours, and none of the device's.
  if (tells_all) writer.append(SOL_SOCKET, SCM_TIMESTAMPING, std::array<timespec, 3>{time});
}

Answer MessageFile::receive(msghdr& message, int flags, Time now) {
  message.msg_flags = 0;
  if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
  if ((flags & MSG_ERRQUEUE) != 0) return receive_error(message, now);
  if (const Answer error = take_error(); error != 0) return error;
  return receive_data(message, flags, now);
}

Answer MessageFile::receive_data(msghdr& message, int flags, Time now) {
  message.msg_flags = 0;
  const std::vector<MutableBytes> parts = parts_of(message);
  const auto taken = take(parts, (flags & MSG_PEEK) != 0);
  if (!taken) {
    if (taken.error() != Error::kWouldBlock || !receive_is_shut_) return failed(taken.error());
    message.msg_namelen = 0;
    message.msg_controllen = 0;
    return 0;
  }
  tell_source(message, taken->source, family());
  ControlWriter writer(message);
  write_time(taken->arrival, now, writer);
  write_control(*taken, family(), wanted_, writer);
  write_own_control(writer);
  writer.finish();
  const std::size_t room = size_of(message);
  if (taken->size > room) message.msg_flags |= MSG_TRUNC;
  // With MSG_TRUNC programs ask how long the datagram was, and not how much of it they got.
  return static_cast<Answer>((flags & MSG_TRUNC) != 0 ? taken->size : std::min(taken->size, room));
}

// MSG_CONFIRM: the program has been answered from there.
void MessageFile::confirm(const Endpoint& remote, Time now) {
  const auto options = socket().options();
  const InterfaceId bound = options ? options->bound_interface : kNoInterface;
  stack::confirm_way_towards(stack_.core(), remote, bound, now);
}

std::expected<SendChoices, Answer> MessageFile::choices_of(const msghdr& message) const {
  auto choices = read_control(message);
  if (!choices) return choices;
  if (message.msg_name != nullptr && message.msg_namelen != 0) {
    const auto destination = read_destination(static_cast<const sockaddr*>(message.msg_name),
                                              message.msg_namelen, family());
    if (!destination) return std::unexpected(destination.error());
    choices->destination = *destination;
  } else if (!connected_to()) {
    return std::unexpected(-EDESTADDRREQ);
  }
  return choices;
}

Answer MessageFile::add_to_held(const msghdr& message, bool more_comes, Time now) {
  if (!held_) {
    auto choices = choices_of(message);
    if (!choices) return choices.error();
    if (!choices->destination) choices->destination = connected_to();  // whatever comes between
    held_.emplace(Held{{}, *choices});
  }
  const std::size_t before = held_->bytes.size();
  const std::size_t size = size_of(message);
  if (before + size > kDatagramMax) {
    held_.reset();  // Linux: all of it
    return -EMSGSIZE;
  }
  for (const MutableBytes part : parts_of(message)) {
    held_->bytes.insert(held_->bytes.end(), part.begin(), part.end());
  }
  const Answer sent = more_comes ? 0 : send_held(now);
  if (sent == -EAGAIN) held_->bytes.resize(before);  // it will be tried again
  return sent < 0 ? sent : static_cast<Answer>(size);
}

// EAGAIN leaves all as it was.
Answer MessageFile::send_held(Time now) {
  const Bytes whole(held_->bytes);
  const Answer sent = give({&whole, 1}, held_->choices, now);
  if (sent != -EAGAIN) held_.reset();
  return sent;
}

void MessageFile::set_corked(bool on, Time now) {
  is_corked_ = on;
  gather_errors();  // an error that waits is for who sends next
  if (!on && held_) static_cast<void>(send_held(now));
  if (!on) held_.reset();  // without room it is lost, as datagrams may be
}

Answer MessageFile::send(const msghdr& message, int flags, Time now) {
  if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
  if (send_is_shut_) return -EPIPE;
  if (size_of(message) > kDatagramMax || size_of(message) > send_buffer_) return -EMSGSIZE;
  const bool more_comes = is_corked_ || (flags & MSG_MORE) != 0;
  if (held_ || more_comes) return add_to_held(message, more_comes, now);
  const auto choices = choices_of(message);
  if (!choices) return choices.error();
  const std::vector<MutableBytes> parts = parts_of(message);
  const std::vector<Bytes> bytes(parts.begin(), parts.end());
  const Answer given = give(bytes, *choices, now);
  const auto remote = [&] { return choices->destination ? choices->destination : connected_to(); };
  if (given == -EMSGSIZE) keep_own_error(remote());
  if (given >= 0 && (flags & MSG_CONFIRM) != 0) confirm(*remote(), now);
  return given;
}

Answer MessageFile::shut_down(int how, Time /*now*/) {
  if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR) return -EINVAL;
  receive_is_shut_ |= how != SHUT_WR;
  send_is_shut_ |= how != SHUT_RD;
  tell_news();
  return connected_to() ? 0 : -ENOTCONN;  // Linux: and whoever waits is woken all the same
}

Answer MessageFile::control(unsigned long request, int& value) {
  if (request == TIOCOUTQ) {
    value = 0;  // a datagram that was sent has left the socket
    return 0;
  }
  if (request != FIONREAD) return -ENOTTY;
  value = static_cast<int>(next_size().value_or(0));
  return 0;
}

std::uint32_t MessageFile::events() const {
  auto& self = const_cast<MessageFile&>(*this);
  const auto ready = self.socket().readiness();
  if (!ready) return POLLNVAL;
  std::uint32_t events = 0;
  if (self.next_size() || receive_is_shut_) events |= POLLIN | POLLRDNORM;
  if (ready->writable) events |= POLLOUT | POLLWRNORM | POLLWRBAND;
  if (ready->error || !errors_.empty() || error_ != 0) events |= POLLERR;
  if (receive_is_shut_) events |= POLLRDHUP;
  if (receive_is_shut_ && send_is_shut_) events |= POLLHUP;
  return events;
}

}  // namespace strata::posix
