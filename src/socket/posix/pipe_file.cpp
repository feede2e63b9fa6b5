// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/pipe_file.h"

#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>

namespace strata::posix {

std::pair<FilePtr, FilePtr> PipeFile::make() {
  auto shared = std::make_shared<Shared>();
  std::shared_ptr<PipeFile> reader(new PipeFile(shared, true));
  std::shared_ptr<PipeFile> writer(new PipeFile(shared, false));
  shared->reader = reader.get();
  shared->writer = writer.get();
  return {reader, writer};
}

Answer PipeFile::receive(msghdr& message, int flags, Time /*now*/) {
  if (!is_reader_) return -EBADF;
  std::deque<std::byte>& bytes = shared_->bytes;
  if (bytes.empty()) return shared_->writer == nullptr ? 0 : -EAGAIN;
  auto from = bytes.begin();
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
    const auto left = static_cast<std::size_t>(bytes.end() - from);
    const std::size_t count = std::min(message.msg_iov[i].iov_len, left);
    std::copy_n(from, count, static_cast<std::byte*>(message.msg_iov[i].iov_base));
    from += static_cast<std::ptrdiff_t>(count);
  }
  const auto done = static_cast<Answer>(from - bytes.begin());
  if ((flags & MSG_PEEK) != 0) return done;  // splice() looks before it takes
  bytes.erase(bytes.begin(), from);
  if (shared_->writer != nullptr) shared_->writer->tell_news();
  return done;
}

Answer PipeFile::send(const msghdr& message, int /*flags*/, Time /*now*/) {
  if (is_reader_) return -EBADF;
  if (shared_->reader == nullptr) return -EPIPE;
  std::deque<std::byte>& bytes = shared_->bytes;
  std::size_t wanted = 0;
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) wanted += message.msg_iov[i].iov_len;
  const std::size_t room = kCapacity - bytes.size();
  // POSIX write(): small writes are whole or not at all.
  if (room == 0 || (wanted <= kAtomicBytes && wanted > room)) return -EAGAIN;
  std::size_t done = 0;
  for (std::size_t i = 0; i < message.msg_iovlen && done < room; ++i) {
    const auto* const from = static_cast<const std::byte*>(message.msg_iov[i].iov_base);
    const std::size_t count = std::min(message.msg_iov[i].iov_len, room - done);
    bytes.insert(bytes.end(), from, from + count);
    done += count;
  }
  shared_->reader->tell_news();
  return static_cast<Answer>(done);
}

Answer PipeFile::control(unsigned long request, int& value) {
  if (request != FIONREAD) return -ENOTTY;
  value = static_cast<int>(shared_->bytes.size());
  return 0;
}

bool PipeFile::close(Time /*now*/, bool /*is_last*/) {
  (is_reader_ ? shared_->reader : shared_->writer) = nullptr;
  PipeFile* const other = is_reader_ ? shared_->writer : shared_->reader;
  if (other != nullptr) other->tell_news();
  return true;
}

std::uint32_t PipeFile::events() const {
  const std::size_t held = shared_->bytes.size();
  if (is_reader_) {
    return (held != 0 ? POLLIN | POLLRDNORM : 0U) | (shared_->writer == nullptr ? POLLHUP : 0U);
  }
  return (held + kAtomicBytes <= kCapacity ? POLLOUT | POLLWRNORM : 0U) |
         (shared_->reader == nullptr ? POLLERR : 0U);
}

}  // namespace strata::posix
