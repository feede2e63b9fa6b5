// SPDX-License-Identifier: Apache-2.0
// Calls that move bytes and need more than the pair: addresses, control messages, odd flags.
#include <limits.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <utility>

#include "attach/handlers.h"
#include "attach/process/program_address.h"
#include "attach/process/their_message.h"
#include "attach/taken_datagrams.h"

namespace strata::attach {
namespace {

constexpr std::size_t kDatagramMax = 65'535;
constexpr std::size_t kControlMax = 4096;
constexpr std::size_t kMessagesMax = 1024;  // UIO_MAXIOV
// What one call may take out before it has its answer: all of it is kept, to be given back.
constexpr std::size_t kTakenBytesMax = std::size_t{1} << 20U;

TheirMessage plain_message(const Request& request) {
  return {.name = request.argument(4),
          .parts = {{std::bit_cast<void*>(request.argument(1)), request.argument(2)}}};
}

// ── Sending datagrams ───────────────────────────────────────────────────────────────────────────

// The same in our memory; what it points to lives as long as it does.
struct OurMessage {
  std::vector<std::byte> bytes;
  std::vector<std::byte> control;
  ProgramAddress name;
  bool has_name = false;

  [[nodiscard]] static std::expected<OurMessage, Answer> read(const ProgramMemory& checked,
                                                              const TheirMessage& theirs) {
    const ProgramMemory memory = checked.unchecked();
    OurMessage ours;
    if (size_of(theirs.parts) > kDatagramMax) return std::unexpected(-EMSGSIZE);
    auto bytes = memory.gather(theirs.parts, kDatagramMax);
    if (!bytes) return std::unexpected(bytes.error());
    ours.bytes = *std::move(bytes);
    ours.has_name = theirs.name != 0 && theirs.name_room != 0;
    if (ours.has_name) {
      auto name = ProgramAddress::read(memory, theirs.name, theirs.name_room);
      if (!name) return std::unexpected(name.error());
      ours.name = *name;
    }
    if (theirs.control_size > kControlMax) return std::unexpected(-ENOBUFS);
    ours.control.resize(theirs.control_size);
    if (const Answer done = memory.read(theirs.control, ours.control); done < 0) {
      return std::unexpected(done);
    }
    if (!checked.is_the_callers()) return std::unexpected(-EFAULT);
    return ours;
  }
};

Answer send_now(DatagramSocket& socket, OurMessage& ours, int flags, Time now) {
  iovec part{ours.bytes.data(), ours.bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (ours.has_name) {
    message.msg_name = const_cast<sockaddr*>(ours.name.get());
    message.msg_namelen = ours.name.size();
  }
  if (!ours.control.empty()) {
    message.msg_control = ours.control.data();
    message.msg_controllen = ours.control.size();
  }
  return socket.send(message, flags, now);
}

std::optional<Time> deadline(Time now, std::optional<Duration> timeout) {
  return timeout ? std::optional(now + *timeout) : std::nullopt;
}

Operation send_datagram(Request& request, const TheirMessage& theirs, int flags) {
  auto ours = OurMessage::read(request.memory, theirs);
  if (!ours) return ours.error();
  const Answer first = send_now(*request.datagrams(), *ours, flags, request.now);
  if (first != -EAGAIN || (flags & MSG_DONTWAIT) != 0 || !request.waits()) return first;
  auto attempt = [socket = request.socket, message = *std::move(ours), flags](
                     Time now, bool is_last) mutable -> std::optional<Answer> {
    const Answer sent = send_now(static_cast<DatagramSocket&>(*socket), message, flags, now);
    if (sent == -EAGAIN && !is_last) return std::nullopt;
    return sent;
  };
  return {std::move(attempt), deadline(request.now, request.socket->file().send_timeout()),
          request.now};
}

// ── Receiving datagrams ─────────────────────────────────────────────────────────────────────────

Answer receive_now(TakenDatagrams& takes, const ProgramMemory& memory, const TheirMessage& theirs,
                   int flags, int their_end, Time now) {
  static std::array<std::byte, kDatagramMax> room;  // nothing stays in it between calls
  alignas(cmsghdr) std::array<std::byte, kControlMax> control;
  sockaddr_storage name{};
  iovec part{room.data(), std::min(size_of(theirs.parts), room.size())};
  msghdr ours{};
  ours.msg_iov = &part;
  ours.msg_iovlen = 1;
  ours.msg_name = &name;
  ours.msg_namelen = sizeof(name);
  ours.msg_control = control.data();
  ours.msg_controllen = theirs.control == 0 ? 0 : std::min(theirs.control_size, control.size());
  const Answer count = takes.socket().receive(ours, flags, their_end, now);
  if (count < 0) return count;
  const Bytes bytes = Bytes(room).first(std::min(static_cast<std::size_t>(count), part.iov_len));
  const Answer told = tell_message(memory, theirs, ours, bytes);
  if (told < 0) return told;
  if ((flags & (MSG_PEEK | MSG_ERRQUEUE)) == 0) {
    takes.add(bytes, ours, static_cast<std::size_t>(count));
  }
  return count;
}

Operation receive_datagram(Request& request, TheirMessage theirs, int flags) {
  const auto taken = std::make_shared<TakenDatagrams>(request.socket);
  request.taken = taken;
  const Answer first =
      receive_now(*taken, request.memory, theirs, flags, request.theirs.get(), request.now);
  const bool never_waits = (flags & (MSG_DONTWAIT | MSG_ERRQUEUE)) != 0;
  if (first != -EAGAIN || never_waits || !request.waits()) return first;
  auto attempt = [taken, memory = request.memory, message = std::move(theirs), flags](
                     Time now, bool is_last) -> std::optional<Answer> {
    const Answer count = receive_now(*taken, memory, message, flags, -1, now);
    if (count == -EAGAIN && !is_last) return std::nullopt;
    return count;
  };
  return {std::move(attempt), deadline(request.now, request.socket->file().receive_timeout()),
          request.now};
}

// ── Several at once ─────────────────────────────────────────────────────────────────────────────

// The messages of sendmmsg() and recvmmsg(), as far as they have got.
class Many {
 protected:
  explicit Many(const Request& request)
      : memory_(request.memory),
        socket_(request.socket),
        at_(request.argument(1)),
        count_(std::min<std::size_t>(request.argument(2) & UINT32_MAX, kMessagesMax)),
        flags_(request.integer(3)) {}

  [[nodiscard]] std::uint64_t next() const { return at_ + done_ * sizeof(mmsghdr); }
  [[nodiscard]] bool has_next() const { return done_ < count_; }
  // Null when the message has been counted; else what the whole call answers.
  [[nodiscard]] std::optional<Answer> count(Answer moved) {
    if (moved >= 0) {
      moved = memory_.write(next() + offsetof(mmsghdr, msg_len), static_cast<unsigned>(moved));
    }
    if (moved < 0) return done_ != 0 ? static_cast<Answer>(done_) : moved;
    ++done_;
    return std::nullopt;
  }

  ProgramMemory memory_;
  std::shared_ptr<Socket> socket_;
  std::uint64_t at_;
  std::size_t count_;
  std::size_t done_ = 0;
  int flags_;
};

class SendMany : public Many {
 public:
  explicit SendMany(const Request& request) : Many(request) {}

  std::optional<Answer> go_on(Time now, bool is_last) {
    while (has_next()) {
      const Answer sent = send_next(now);
      if (sent == -EAGAIN && !is_last) return std::nullopt;
      if (const auto answer = count(sent)) return answer;
    }
    return static_cast<Answer>(done_);
  }

 private:
  [[nodiscard]] Answer send_next(Time now) {
    const auto theirs = read_message(memory_.unchecked(), next());
    if (!theirs) return theirs.error();
    auto ours = OurMessage::read(memory_, *theirs);
    if (!ours) return ours.error();
    return send_now(static_cast<DatagramSocket&>(*socket_), *ours, flags_, now);
  }
};

class ReceiveMany : public Many {
 public:
  explicit ReceiveMany(Request& request)
      : Many(request), taken_(std::make_shared<TakenDatagrams>(socket_)) {
    request.taken = taken_;
  }

  std::optional<Answer> go_on(int their_end, Time now, bool is_last) {
    while (has_next()) {
      const auto theirs = read_message(memory_.unchecked(), next());
      if (!theirs) return count(theirs.error());
      if (!memory_.is_the_callers()) return count(-EFAULT);
      const Answer got = receive_now(*taken_, memory_, *theirs, flags_, their_end, now);
      const bool is_enough = done_ != 0 && (flags_ & MSG_WAITFORONE) != 0;
      if (got == -EAGAIN && !is_last && !is_enough) return std::nullopt;
      if (const auto answer = count(got)) return answer;
      if (taken_->bytes() >= kTakenBytesMax) break;
    }
    return static_cast<Answer>(done_);
  }

 private:
  std::shared_ptr<TakenDatagrams> taken_;
};

// ── Streams ─────────────────────────────────────────────────────────────────────────────────────

// Bytes that the pair cannot carry as TCP would: they go to the stack, behind all that lies in the
// pair.
class SendBeside {
 public:
  SendBeside(const Request& request, TheirMessage theirs, ProgramAddress name, int flags,
             bool waits)
      : memory_(request.memory),
        socket_(request.socket),
        parts_(std::move(theirs.parts)),
        name_(name),
        // Nobody will ask again: MSG_FASTOPEN answers another thing then.
        flags_(waits ? flags : flags | MSG_DONTWAIT),
        waits_(waits) {}

  std::optional<Answer> go_on(Time now, bool is_last) {
    do {
      const Answer sent = send_next(now);
      if (sent == -EAGAIN && waits_ && !is_last) return std::nullopt;
      if (sent < 0) return done_ != 0 ? done_ : sent;
      advance(static_cast<std::size_t>(sent));
    } while (size_of(parts_) != 0);
    return done_;
  }

 private:
  [[nodiscard]] Answer send_next(Time now) {
    StreamSocket& stream = static_cast<StreamSocket&>(*socket_);
    if (has_begun_) {
      const auto connected = stream.connect_answer();
      if (!connected) return -EAGAIN;
      if (*connected < 0) return *connected;
    }
    if (stream.bytes_outward() != 0) return -EAGAIN;
    auto bytes = memory_.gather(parts_, kDatagramMax);
    if (!bytes) return bytes.error();
    iovec part{bytes->data(), bytes->size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (name_.size() != 0) {
      message.msg_name = const_cast<sockaddr*>(name_.get());
      message.msg_namelen = name_.size();
    }
    const Answer sent = stream.send_beside_pair(message, flags_, now);
    has_begun_ = has_begun_ || ((flags_ & MSG_FASTOPEN) != 0 && sent == -EAGAIN);
    flags_ &= ~MSG_FASTOPEN;  // what it began goes on
    return sent;
  }
  void advance(std::size_t count) {
    done_ += static_cast<Answer>(count);
    for (iovec& part : parts_) {
      const std::size_t taken = std::min(count, part.iov_len);
      part = {static_cast<std::byte*>(part.iov_base) + taken, part.iov_len - taken};
      count -= taken;
    }
  }

  ProgramMemory memory_;
  std::shared_ptr<Socket> socket_;
  std::vector<iovec> parts_;
  ProgramAddress name_;
  int flags_;
  bool waits_;
  bool has_begun_ = false;  // connecting, by MSG_FASTOPEN
  Answer done_ = 0;
};

Operation send_beside_pair(Request& request, TheirMessage theirs, int flags) {
  ProgramAddress name;
  if ((flags & MSG_FASTOPEN) != 0 && theirs.name != 0) {
    const auto given = ProgramAddress::read(request.memory, theirs.name, theirs.name_room);
    if (!given) return given.error();
    name = *given;
  }
  const bool waits = (flags & MSG_DONTWAIT) == 0 && request.waits();
  auto attempt = [send = SendBeside(request, std::move(theirs), name, flags, waits)](
                     Time now, bool is_last) mutable { return send.go_on(now, is_last); };
  return {std::move(attempt), deadline(request.now, request.socket->file().send_timeout()),
          request.now};
}

Operation send_bytes(Request& request, TheirMessage theirs, int flags) {
  // A connected stream has no use for an address, which the pair would refuse.
  const bool has_name = theirs.name != 0 && theirs.name_room != 0;
  if (has_name || (flags & (MSG_OOB | MSG_FASTOPEN)) != 0) {
    return send_beside_pair(request, std::move(theirs), flags);
  }
  if (request.stream()->is_alone()) return -EPIPE;
  if ((flags & MSG_MORE) != 0) request.stream()->expect_more(size_of(theirs.parts));
  return kPassOn;
}

// Linux looks for the byte before it asks who is there, but never on a listener.
bool is_for_urgent(const Request& request, int flags) {
  return (flags & MSG_OOB) != 0 && !request.stream()->is_listening();
}

// The pair has it, unless it came while there was a lease, or this kernel's pairs know none.
Answer receive_urgent(Request& request) {
  const auto byte = request.stream()->take_urgent();
  if (!byte) return kPassOn;
  if (request.argument(2) == 0) return 0;
  const Answer told = request.memory.write(request.argument(1), *byte);
  return told < 0 ? told : 1;
}

// Linux: with MSG_TRUNC a stream copies nothing. Its bytes are counted and thrown away, or with
// MSG_PEEK only counted; all else is as without.
class Discard {
 public:
  Discard(const Request& request, TheirMessage theirs, int flags)
      : memory_(request.memory),
        socket_(request.socket),
        theirs_(std::move(theirs)),
        size_(size_of(theirs_.parts)),
        flags_(flags) {}

  std::optional<Answer> go_on(int their_end, bool is_last) {
    auto& stream = static_cast<StreamSocket&>(*socket_);
    const Answer count = stream.discard(their_end, size_ - done_, flags_);
    if (count > 0) done_ += static_cast<std::size_t>(count);
    const bool wants_all = (flags_ & MSG_WAITALL) != 0 && (flags_ & MSG_PEEK) == 0;
    const bool may_wait = count == -EAGAIN || (count > 0 && wants_all && done_ < size_);
    if (may_wait && (done_ == 0 || wants_all) && !is_last) return std::nullopt;
    return count < 0 && done_ == 0 ? count : tell();
  }

 private:
  // No name and no control message: a stream has none.
  [[nodiscard]] Answer tell() const {
    sockaddr_storage nobody{};
    msghdr nothing{};
    nothing.msg_name = &nobody;
    const Answer told = tell_message(memory_, theirs_, nothing, {});
    return told < 0 ? told : static_cast<Answer>(done_);
  }

  ProgramMemory memory_;
  std::shared_ptr<Socket> socket_;
  TheirMessage theirs_;
  std::size_t size_;
  int flags_;
  std::size_t done_ = 0;
};

Operation discard(Request& request, TheirMessage theirs, int flags) {
  Discard discarding(request, std::move(theirs), flags);
  const bool waits = (flags & MSG_DONTWAIT) == 0 && request.waits();
  if (const auto first = discarding.go_on(request.theirs.get(), !waits)) return *first;
  auto attempt = [discarding = std::move(discarding)](Time /*now*/, bool is_last) mutable {
    return discarding.go_on(-1, is_last);
  };
  return {std::move(attempt), deadline(request.now, request.socket->file().receive_timeout()),
          request.now};
}

}  // namespace

Operation handle_sendto(Request& request) {
  const int flags = request.integer(3);
  TheirMessage theirs = plain_message(request);
  theirs.name_room = static_cast<socklen_t>(request.argument(5));
  if (request.stream() == nullptr) return send_datagram(request, theirs, flags);
  return send_bytes(request, std::move(theirs), flags);
}

Operation handle_recvfrom(Request& request) {
  const int flags = request.integer(3);
  if (request.stream() == nullptr) {
    TheirMessage theirs = plain_message(request);
    theirs.name_size = request.argument(5);
    return receive_datagram(request, std::move(theirs), flags);
  }
  if ((flags & MSG_ERRQUEUE) != 0) return -EAGAIN;
  if (is_for_urgent(request, flags)) return receive_urgent(request);
  if (request.stream()->is_alone()) return -ENOTCONN;
  if ((flags & MSG_TRUNC) == 0) return kPassOn;  // a stream tells no address, and so does the pair
  TheirMessage theirs = plain_message(request);
  theirs.name_size = request.argument(5);
  return discard(request, std::move(theirs), flags);
}

Operation handle_sendmsg(Request& request) {
  auto theirs = read_message(request.memory, request.argument(1));
  if (!theirs) return theirs.error();
  const int flags = request.integer(2);
  if (request.stream() == nullptr) return send_datagram(request, *theirs, flags);
  return send_bytes(request, *std::move(theirs), flags);
}

Operation handle_recvmsg(Request& request) {
  const int flags = request.integer(2);
  const bool asks_for_errors = (flags & MSG_ERRQUEUE) != 0;
  if (request.stream() != nullptr && !asks_for_errors) {
    if (is_for_urgent(request, flags)) return kPassOn;
    if (request.stream()->is_alone()) return -ENOTCONN;
    if ((flags & MSG_TRUNC) == 0) return kPassOn;
  }
  auto theirs = read_message(request.memory, request.argument(1));
  if (!theirs) return theirs.error();
  if (request.stream() != nullptr && asks_for_errors) return -EAGAIN;
  return request.stream() != nullptr ? discard(request, *std::move(theirs), flags)
                                     : receive_datagram(request, *std::move(theirs), flags);
}

Operation handle_sendmmsg(Request& request) {
  if (request.stream() != nullptr) return request.stream()->is_alone() ? Answer{-EPIPE} : kPassOn;
  SendMany many(request);
  const bool waits = (request.integer(3) & MSG_DONTWAIT) == 0 && request.waits();
  const std::optional<Answer> first = many.go_on(request.now, !waits);
  if (first) return *first;
  auto attempt = [many](Time now, bool is_last) mutable { return many.go_on(now, is_last); };
  return {std::move(attempt), deadline(request.now, request.socket->file().send_timeout()),
          request.now};
}

Operation handle_recvmmsg(Request& request) {
  if (request.stream() != nullptr) {
    return request.stream()->is_alone() ? Answer{-ENOTCONN} : kPassOn;
  }
  std::optional<Duration> patience = request.socket->file().receive_timeout();
  if (request.argument(4) != 0) {
    const auto given = request.memory.read<timespec>(request.argument(4));
    if (!given) return given.error();
    if (given->tv_sec < 0 || given->tv_nsec < 0 || given->tv_nsec > 999'999'999) return -EINVAL;
    constexpr time_t kSecondsMax = time_t{1} << 30U;
    patience = std::chrono::seconds(std::min(given->tv_sec, kSecondsMax)) +
               std::chrono::nanoseconds(given->tv_nsec);
  }
  ReceiveMany many(request);
  const bool waits = (request.integer(3) & MSG_DONTWAIT) == 0 && request.waits();
  const std::optional<Answer> first = many.go_on(request.theirs.get(), request.now, !waits);
  if (first) return *first;
  auto attempt = [many](Time now, bool is_last) mutable { return many.go_on(-1, now, is_last); };
  return {std::move(attempt), deadline(request.now, patience), request.now};
}

}  // namespace strata::attach
