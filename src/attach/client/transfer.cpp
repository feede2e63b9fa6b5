// SPDX-License-Identifier: Apache-2.0
#include "attach/client/transfer.h"

#include <array>

#include "attach/client/kernel.h"

namespace strata::attach::client {
namespace {

// Waits for room as a write does, with its timeout, its signals and its errors, and writes nothing:
// the kernel looks for room first, and finds that there is no such address second.
void* const kNowhere = reinterpret_cast<void*>(8);
constexpr std::uintptr_t kFirstPage = 4096;
constexpr std::size_t kPartsAtOnce = 64;

ssize_t fail(int error) {
  errno = error;
  return -1;
}

bool is_bad(Parts parts) {
  for (const iovec& part : parts) {
    if (part.iov_len != 0 && reinterpret_cast<std::uintptr_t>(part.iov_base) < kFirstPage) {
      return true;
    }
  }
  return false;
}

// What is left of a list of parts after some bytes of it: a bounded number of them at a time.
class Rest {
 public:
  explicit Rest(Parts parts) : parts_(parts) { refill(); }

  [[nodiscard]] Parts parts() const { return {window_.data(), count_}; }
  [[nodiscard]] bool is_empty() const { return count_ == 0; }
  void drop(std::size_t bytes) {
    std::size_t gone = 0;
    while (gone < count_ && bytes >= window_[gone].iov_len) bytes -= window_[gone++].iov_len;
    if (gone == count_) return refill();
    if (gone != 0) {
      for (std::size_t i = gone; i < count_; ++i) window_[i - gone] = window_[i];
      count_ -= gone;
    }
    window_[0].iov_base = static_cast<std::byte*>(window_[0].iov_base) + bytes;
    window_[0].iov_len -= bytes;
  }

 private:
  void refill() {
    count_ = 0;
    while (!parts_.empty() && count_ < window_.size()) {
      if (parts_.front().iov_len != 0) window_[count_++] = parts_.front();
      parts_ = parts_.subspan(1);
    }
  }

  Parts parts_;
  std::array<iovec, kPartsAtOnce> window_;
  std::size_t count_ = 0;
};

// A lane's lock, if there is a lease still.
class Turn {
 public:
  Turn(Entry& entry, LaneLock& lock) : lock_(lock), is_mine_(lock.lock()) {
    is_leased_ = is_mine_ && entry.state.load(std::memory_order_acquire) == State::kLeased;
  }
  ~Turn() {
    if (is_mine_) lock_.unlock();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  [[nodiscard]] bool is_leased() const { return is_leased_; }
  // By a signal, in the middle of another call on the same descriptor by the same thread.
  [[nodiscard]] bool is_nested() const { return !is_mine_; }

 private:
  LaneLock& lock_;
  bool is_mine_;
  bool is_leased_ = false;
};

enum class Next : std::uint8_t { kMoved, kAsk, kDry, kCut, kLookAgain, kNested };

struct Step {
  Next next = Next::kMoved;
  std::size_t count = 0;
};

// `was_told`: the kernel has just said that there is something.
Step read_once(Entry& entry, Parts into, int flags, bool was_told) {
  const Turn turn(entry, entry.inward);
  if (turn.is_nested()) return {Next::kNested};
  if (!turn.is_leased()) return {Next::kLookAgain};
  StreamEnd& end = entry.end();
  const bool peeks = (flags & MSG_PEEK) != 0;
  std::size_t count = end.read(into, peeks);
  if (count == 0 && was_told) {
    end.drop_stale_tokens();
    count = end.read(into, peeks);
  }
  if (count != 0) {
    entry.was_dry = false;
    return {Next::kMoved, count};
  }
  // Without the kernel's word only once after bytes: an end that the launcher could not announce
  // is seen then. A watch for edges gets one edge, and must not lose what it stands for.
  const bool waits = (flags & MSG_DONTWAIT) == 0 && !entry.is_non_blocking.load();
  const bool may_guess = !waits && !entry.was_dry && !end.is_ended() && !end.tells_every_arrival();
  entry.was_dry = true;
  return {may_guess ? Next::kDry : Next::kAsk};
}

Step write_once(Entry& entry, Parts from) {
  const Turn turn(entry, entry.outward);
  if (turn.is_nested()) return {Next::kNested};
  if (!turn.is_leased()) return {Next::kLookAgain};
  if (entry.end().is_cut()) return {Next::kCut};
  return {Next::kMoved, entry.end().write(from)};
}

struct FileStep {
  Next next = Next::kMoved;
  long answer = 0;
};

// Reading a regular file does not wait for anybody, so the lock may be held for it.
FileStep send_file_once(Entry& entry, int file, off_t* offset, std::size_t count) {
  const Turn turn(entry, entry.outward);
  if (turn.is_nested()) return {Next::kNested};
  if (!turn.is_leased()) return {Next::kLookAgain};
  StreamEnd& end = entry.end();
  if (end.is_cut()) return {Next::kCut};
  const MutableBytes room = end.room(count);
  if (room.empty()) {
    end.plug();
    return {Next::kAsk};
  }
  const long to = reinterpret_cast<long>(room.data());
  const long size = static_cast<long>(room.size());
  const long got = offset == nullptr ? kernel::call(__NR_read, file, to, size)
                                     : kernel::call(__NR_pread64, file, to, size, *offset);
  if (got > 0) end.wrote(static_cast<std::size_t>(got));
  if (got > 0 && offset != nullptr) *offset += got;
  return {Next::kMoved, got};
}

// The lease has ended in the middle of a call: what is left goes by the pair. It will have no other
// lease, so nobody has to be told that the kernel has it.
template <typename Transfer>
ssize_t finish_by_pair(const Entry& entry, Rest& rest, std::size_t done, Transfer transfer_part) {
  while (entry.state.load() == State::kMoving) ::sched_yield();
  while (!rest.is_empty()) {
    const iovec part = rest.parts().front();
    const ssize_t count = transfer_part(part);
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
    rest.drop(static_cast<std::size_t>(count));
    if (static_cast<std::size_t>(count) < part.iov_len) break;
  }
  return static_cast<ssize_t>(done);
}

}  // namespace

ssize_t receive_leased(const Libc& libc, Entry& entry, int descriptor, Parts into, int flags) {
  if (is_bad(into)) return fail(EFAULT);
  Rest rest(into);
  if (rest.is_empty()) return 0;
  std::size_t done = 0;
  bool was_told = false;
  const bool waits = (flags & MSG_DONTWAIT) == 0 && !entry.is_non_blocking.load();
  const auto answer = [&done](ssize_t otherwise) {
    return done != 0 ? static_cast<ssize_t>(done) : otherwise;
  };
  for (;;) {
    const Step step = read_once(entry, rest.parts(), flags, was_told);
    if (step.next == Next::kLookAgain) {
      if (done == 0) return kLookAgain;
      return finish_by_pair(entry, rest, done, [&](const iovec& part) {
        return libc.recv(descriptor, part.iov_base, part.iov_len, flags);
      });
    }
    if (step.next == Next::kDry || step.next == Next::kNested) {
      errno = EAGAIN;
      return answer(-1);
    }
    if (step.next == Next::kMoved) {
      done += step.count;
      rest.drop(step.count);
      const bool is_enough = (flags & MSG_WAITALL) == 0 || (flags & MSG_PEEK) != 0;
      if (is_enough || rest.is_empty()) return answer(0);
      was_told = false;
      continue;
    }
    if (waits && entry.want_tokens()) continue;
    std::byte token{};
    const ssize_t told = libc.recv(descriptor, &token, 1, MSG_PEEK | (flags & MSG_DONTWAIT));
    if (told <= 0) return answer(told);
    was_told = true;
  }
}

std::optional<int> unread_leased(Entry& entry) {
  const Turn turn(entry, entry.inward);
  if (!turn.is_leased()) return std::nullopt;
  return static_cast<int>(entry.end().unread());
}

ssize_t send_leased(const Libc& libc, Entry& entry, int descriptor, Parts from, int flags) {
  if (is_bad(from)) return fail(EFAULT);
  Rest rest(from);
  std::size_t done = 0;
  const auto answer = [&done](ssize_t otherwise) {
    return done != 0 ? static_cast<ssize_t>(done) : otherwise;
  };
  while (!rest.is_empty()) {
    const Step step = write_once(entry, rest.parts());
    if (step.next == Next::kLookAgain) {
      if (done == 0) return kLookAgain;
      return finish_by_pair(entry, rest, done, [&](const iovec& part) {
        return libc.send(descriptor, part.iov_base, part.iov_len, flags);
      });
    }
    if (step.next == Next::kMoved) {
      done += step.count;
      rest.drop(step.count);
      if (rest.is_empty()) break;
    }
    const bool waits = (flags & MSG_DONTWAIT) == 0 && !entry.is_non_blocking.load();
    if (step.next == Next::kNested || (!waits && step.next == Next::kMoved)) {
      errno = EAGAIN;
      return answer(-1);
    }
    if (libc.send(descriptor, kNowhere, 1, flags & (MSG_NOSIGNAL | MSG_DONTWAIT)) >= 0 ||
        errno == EFAULT) {
      if (step.next == Next::kCut) return fail(EPIPE);  // cut, and the pair does not say why
      continue;
    }
    return answer(-1);
  }
  return static_cast<ssize_t>(done);
}

ssize_t send_file_leased(const Libc& libc, Entry& entry, int descriptor, int file, off_t* offset,
                         std::size_t count) {
  std::size_t done = 0;
  while (done < count) {
    const FileStep step = send_file_once(entry, file, offset, count - done);
    if (step.next == Next::kMoved && step.answer > 0) {
      done += static_cast<std::size_t>(step.answer);
      continue;
    }
    if (done != 0 && step.next != Next::kAsk) break;
    if (step.next == Next::kLookAgain) return kLookAgain;
    if (step.next == Next::kMoved)
      return step.answer == 0 ? 0 : fail(static_cast<int>(-step.answer));
    if (done != 0 && entry.is_non_blocking.load()) break;
    if (step.next == Next::kNested || (step.next == Next::kAsk && entry.is_non_blocking.load())) {
      return fail(EAGAIN);
    }
    if (libc.send(descriptor, kNowhere, 1, 0) >= 0 || errno == EFAULT) {
      if (step.next == Next::kCut) return fail(EPIPE);
      continue;
    }
    if (done == 0) return -1;
    break;
  }
  return static_cast<ssize_t>(done);
}

}  // namespace strata::attach::client
