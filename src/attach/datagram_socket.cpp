// SPDX-License-Identifier: Apache-2.0
#include "attach/datagram_socket.h"

#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "socket/posix/control_messages.h"

namespace strata::attach {
namespace {

// So many in a turn, then the others: more may come for as long as somebody takes them.
constexpr int kRoundsMax = 64;
constexpr int kMoreThanAPairHolds = 512;
constexpr std::size_t kEntriesMax = 256;
constexpr std::size_t kControlMax = 512;
constexpr std::size_t kDatagramMax = 65'535;
constexpr Duration kQuiet = std::chrono::milliseconds(1);

msghdr message_of(iovec& part) {
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return message;
}

template <typename Size>
void tell(void* to, Size& room, const void* from, std::size_t size) {
  if (to != nullptr) std::memcpy(to, from, std::min<std::size_t>(room, size));
  room = static_cast<Size>(size);
}

void tell_particulars(msghdr& message, const DatagramSocket::Entry& entry) {
  tell(message.msg_name, message.msg_namelen, &entry.source, entry.source_size);
  posix::ControlWriter writer(message);
  writer.append_all(entry.control);
  writer.finish();
}

}  // namespace

void DatagramSocket::pump(Time now) {
  if (!end_) return;
  bool moved = true;
  for (int round = 0; round < kRoundsMax && moved && end_; ++round) {
    moved = !is_hung_up_ && move_inward(now);
    if (end_) moved |= move_outward(now);
  }
  has_more_to_do_ = moved && end_;
}

// ── Towards the program ─────────────────────────────────────────────────────────────────────────

int DatagramSocket::in_flight() const {
  int size = 0;
  return ::ioctl(end_.get(), SIOCOUTQ, &size) == 0 ? size : 0;
}

std::size_t DatagramSocket::taken() const {
  const int left = in_flight();
  int total = 0;
  for (const Entry& entry : entries_) total += entry.charge;
  std::size_t count = 0;
  while (count < entries_.size() && total > left) total -= entries_[count++].charge;
  return count;
}

void DatagramSocket::forget_taken() {
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(taken()));
}

std::size_t DatagramSocket::bytes_inward() const {
  const std::size_t first = taken();
  return first < entries_.size() ? entries_[first].size : 0;
}

bool DatagramSocket::put_in(Bytes datagram, Entry entry) {
  const int before = in_flight();
  const ssize_t sent =
      ::send(end_.get(), datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0) return false;
  entry.charge = in_flight() - before;
  entries_.push_back(std::move(entry));
  return true;
}

bool DatagramSocket::move_inward(Time now) {
  tell_errors(now);
  if (!held_.empty()) return false;  // somebody waits for it with all its particulars
  forget_taken();
  // Half of what the kernel lets us have in flight: then the next one fits, whatever its length.
  constexpr int kInFlightMax = 106'496;
  wants_room_ = entries_.size() >= kEntriesMax || in_flight() > kInFlightMax;
  if (wants_room_) return false;
  if (!given_back_.empty()) return put_back_in();
  alignas(cmsghdr) std::array<std::byte, kControlMax> control;
  Entry entry;
  iovec part{scratch().data(), kDatagramMax};
  msghdr message = message_of(part);
  message.msg_name = &entry.source;
  message.msg_namelen = sizeof(entry.source);
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const Answer count = receive_inward(message, now);
  if (count == -EAGAIN) return false;
  if (count < 0) {
    entry.error = count;
    return put_in({}, std::move(entry));
  }
  entry.size = static_cast<std::size_t>(count);
  entry.source_size = message.msg_namelen;
  entry.control.assign(control.begin(),
                       control.begin() + static_cast<std::ptrdiff_t>(message.msg_controllen));
  return put_in(Bytes(scratch()).first(static_cast<std::size_t>(count)), std::move(entry));
}

Answer DatagramSocket::take_out(msghdr& message, int flags, int theirs) {
  forget_taken();
  if (entries_.empty() || theirs < 0) return -EAGAIN;
  msghdr plain{};
  plain.msg_iov = message.msg_iov;
  plain.msg_iovlen = message.msg_iovlen;
  const ssize_t count = ::recvmsg(theirs, &plain, MSG_DONTWAIT | (flags & (MSG_PEEK | MSG_TRUNC)));
  if (count < 0) return -errno;
  const Entry entry = entries_.front();
  if ((flags & MSG_PEEK) == 0) entries_.pop_front();
  if (entry.error != 0) return entry.error;
  message.msg_flags = plain.msg_flags & MSG_TRUNC;
  tell_particulars(message, entry);
  return count;
}

// All is taken out, for nothing goes from the middle; the others go in again as they were.
Answer DatagramSocket::take_error_out(int theirs) {
  forget_taken();
  const auto is_error = [](const Entry& entry) { return entry.error != 0; };
  if (messages_ != nullptr || std::ranges::none_of(entries_, is_error)) return 0;
  Answer error = 0;
  std::vector<Datagram> others;
  while (!entries_.empty()) {
    const ssize_t count = ::recv(theirs, scratch().data(), scratch().size(), MSG_DONTWAIT);
    if (count < 0) break;
    Entry entry = std::move(entries_.front());
    entries_.pop_front();
    if (entry.error != 0) {
      error = entry.error;
    } else {
      others.push_back({{scratch().begin(), scratch().begin() + count}, std::move(entry)});
    }
  }
  give_back(std::move(others));
  return error;
}

void DatagramSocket::give_back(std::vector<Datagram> datagrams) {
  given_back_.insert(given_back_.begin(), std::move_iterator(datagrams.begin()),
                     std::move_iterator(datagrams.end()));
}

// For whoever polls, and reads without asking for more than the bytes.
bool DatagramSocket::put_back_in() {
  const Datagram& first = given_back_.front();
  if (!put_in(first.bytes, first.entry)) return false;
  given_back_.pop_front();
  return true;
}

Answer DatagramSocket::take_given_back(msghdr& message, int flags) {
  const auto& [bytes, entry] = given_back_.front();
  const std::size_t count = std::min(bytes.size(), message.msg_iov->iov_len);
  std::copy_n(bytes.begin(), count, static_cast<std::byte*>(message.msg_iov->iov_base));
  message.msg_flags = count < entry.size ? MSG_TRUNC : 0;
  const std::size_t size = (flags & MSG_TRUNC) != 0 ? entry.size : count;
  tell_particulars(message, entry);
  if ((flags & MSG_PEEK) == 0) given_back_.pop_front();
  return static_cast<Answer>(size);
}

Answer DatagramSocket::receive(msghdr& message, int flags, int theirs, Time now) {
  if ((flags & MSG_ERRQUEUE) != 0) {
    const Answer told = file_->receive(message, flags, now);
    follow_errors(theirs, now);
    return told;
  }
  // Linux tells an error before what else is there.
  if (messages_ != nullptr && messages_->has_errors()) {
    const Answer error = messages_->take_error();
    follow_errors(theirs, now);
    if (error != 0) return error;
  }
  if (!given_back_.empty()) return take_given_back(message, flags);
  const Answer taken = end_ ? take_out(message, flags, theirs) : -EAGAIN;
  return taken == -EAGAIN ? file_->receive(message, flags, now) : taken;
}

// ── Errors that poll() tells ────────────────────────────────────────────────────────────────────

bool DatagramSocket::needs_signals() const {
  return messages_ == nullptr && end_ && file_->as_messages() != nullptr;
}

Answer DatagramSocket::name(const Pair& pair) {
  // The kernel chooses it, and nobody but us is told.
  sockaddr_un nameless{};
  nameless.sun_family = AF_UNIX;
  const auto* const address = reinterpret_cast<const sockaddr*>(&nameless);
  return ::bind(pair.theirs.get(), address, sizeof(sa_family_t)) == 0 ? 0 : -errno;
}

void DatagramSocket::adopt_signalling(Pair& pair) {
  their_name_size_ = sizeof(their_name_);
  ::getsockname(pair.theirs.get(), reinterpret_cast<sockaddr*>(&their_name_), &their_name_size_);
  adopt(pair);
  entries_.clear();
  messages_ = file_->as_messages();
  errors_signalled_ = messages_->count_errors();
}

void DatagramSocket::ask_whether_held() {
  if (messages_ == nullptr || !end_) return;
  const auto* const name = reinterpret_cast<const sockaddr*>(&their_name_);
  if (::connect(end_.get(), name, their_name_size_) != 0) note_events(EPOLLIN | EPOLLHUP);
}

void DatagramSocket::tell_errors(Time now) {
  if (messages_ == nullptr) return;
  const std::uint64_t count = messages_->count_errors();
  has_to_tell_ |= std::exchange(errors_signalled_, count) != count;
  if (!has_to_tell_) return;
  if (now < last_sent_ + kQuiet) {
    wakes_at_ = last_sent_ + kQuiet;
    return;
  }
  has_to_tell_ = false;
  if (messages_->has_errors()) raise_error();
}

void DatagramSocket::raise_error() {
  const Descriptor theirs = borrow_program_end();
  if (!theirs || !end_) return;
  if (::send(theirs.get(), "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1) return;
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  static_cast<void>(::connect(end_.get(), &nobody, sizeof(nobody)));
  ask_whether_held();
}

void DatagramSocket::follow_errors(int theirs, Time now) {
  if (messages_ == nullptr || theirs < 0) return;
  int of_pair = 0;
  socklen_t size = sizeof(of_pair);
  ::getsockopt(theirs, SOL_SOCKET, SO_ERROR, &of_pair, &size);
  // Who reads errors may send something next.
  last_sent_ = now;
  has_to_tell_ = messages_->has_errors();
}

Answer DatagramSocket::receive_inward(msghdr& message, Time now) {
  if (messages_ != nullptr) return messages_->receive_data(message, 0, now);
  return file_->receive(message, 0, now);
}

// ── From the program ────────────────────────────────────────────────────────────────────────────

bool DatagramSocket::move_outward(Time now) {
  if (has_to_stack_) {
    if (!give_to_stack(to_stack_, now)) return false;
    has_to_stack_ = false;
    std::vector<std::byte>().swap(to_stack_);  // sockets are many
    return true;
  }
  if (!may_have_bytes_) return false;
  const ssize_t count = ::recv(end_.get(), scratch().data(), scratch().size(), MSG_DONTWAIT);
  if (count < 0 && errno == EAGAIN) {
    may_have_bytes_ = false;
    if (is_hung_up_) finish(now);
    return false;
  }
  // An end and an empty datagram look alike, and a pair that hung up has only ends to tell.
  if (count <= 0 && (is_hung_up_ || is_hung_up(end_.get()))) {
    finish(now);
    return false;
  }
  last_sent_ = now;
  if (count < 0 || is_write_shut_) return false;
  const Bytes bytes = Bytes(scratch()).first(static_cast<std::size_t>(count));
  if (give_to_stack(bytes, now)) return true;
  to_stack_.assign(bytes.begin(), bytes.end());
  has_to_stack_ = true;
  return false;
}

bool DatagramSocket::give_to_stack(Bytes datagram, Time now) {
  iovec part{const_cast<std::byte*>(datagram.data()), datagram.size()};
  return file_->send(message_of(part), 0, now) != -EAGAIN;
}

Answer DatagramSocket::send(const msghdr& message, int flags, Time now) {
  // What was written before goes first.
  for (int count = 0; count < kMoreThanAPairHolds && end_ && move_outward(now); ++count) {
  }
  last_sent_ = now;
  return has_to_stack_ ? -EAGAIN : file_->send(message, flags, now);
}

Answer DatagramSocket::shut_down(int how, int theirs, Time now) {
  const Answer answer = file_->shut_down(how, now);
  if (answer < 0 && answer != -ENOTCONN) return answer;
  // With both directions of the pair shut our end would hang up, as it does when the program has
  // closed its own: then what is written is thrown away here.
  is_read_shut_ |= how != SHUT_WR;
  is_write_shut_ |= how != SHUT_RD;
  if (messages_ != nullptr) {
    ::shutdown(theirs, how);
    return answer;
  }
  if (how == SHUT_WR && !is_read_shut_) ::shutdown(theirs, SHUT_WR);
  if (how != SHUT_WR && how != SHUT_RD) ::shutdown(end_.get(), SHUT_WR);
  if (how == SHUT_RD && !is_write_shut_) ::shutdown(end_.get(), SHUT_WR);
  return answer;
}

void DatagramSocket::finish(Time now) {
  static_cast<void>(file_->close(now, true));
  end_.reset();
  wants_room_ = false;
  is_gone_ = true;
}

}  // namespace strata::attach
