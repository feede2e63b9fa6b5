// SPDX-License-Identifier: Apache-2.0
// Calls that move bytes.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "preload/libc.h"

namespace strata::preload {
namespace {

using attach::client::Descriptors;
using attach::client::Entry;
using attach::client::kFlagsIn;
using attach::client::kFlagsOut;
using attach::client::Parts;
using attach::client::transfer;

constexpr int kPartsMax = 1024;          // IOV_MAX
constexpr unsigned kMessagesMax = 1024;  // UIO_MAXIOV
constexpr std::uintptr_t kFirstPage = 4096;

// With these flags the pair is needed.
Entry* leasable(int descriptor, int flags, int known_flags) {
  Entry* entry = descriptors().find(descriptor);
  if (entry != nullptr && (flags & ~known_flags) != 0) {
    descriptors().release(descriptor);
    return nullptr;
  }
  return entry;
}

template <typename Kernel>
ssize_t receive(int descriptor, Entry* entry, Parts into, int flags, Kernel kernel) {
  if (entry == nullptr) return kernel();
  if (!Descriptors::has_peer(*entry, descriptor)) {
    errno = ENOTCONN;
    return -1;
  }
  return transfer(
      descriptors(), entry, descriptor,
      [&](Entry& leased) {
        return attach::client::receive_leased(waiting_calls(), leased, descriptor, into, flags);
      },
      kernel);
}

template <typename Kernel>
ssize_t send(int descriptor, Entry* entry, Parts from, int flags, Kernel kernel) {
  if (entry == nullptr) return kernel();
  if (!Descriptors::has_peer(*entry, descriptor)) {
    if ((flags & MSG_NOSIGNAL) == 0) ::raise(SIGPIPE);
    errno = EPIPE;
    return -1;
  }
  return transfer(
      descriptors(), entry, descriptor,
      [&](Entry& leased) {
        return attach::client::send_leased(waiting_calls(), leased, descriptor, from, flags);
      },
      kernel);
}

// What cannot be an address is for the kernel to refuse.
bool is_address(const void* given) { return reinterpret_cast<std::uintptr_t>(given) >= kFirstPage; }

bool is_list(const iovec* parts, std::size_t count) {
  return is_address(parts) && count <= kPartsMax;
}

// Descriptors that go to another process have two holders.
void release_sent(const msghdr& message) {
  if (!is_address(message.msg_control)) return;
  auto* header = const_cast<msghdr*>(&message);
  for (cmsghdr* one = CMSG_FIRSTHDR(header); one != nullptr; one = CMSG_NXTHDR(header, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (one->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int sent = -1;
      std::memcpy(&sent, CMSG_DATA(one) + i * sizeof(int), sizeof(sent));
      descriptors().release(sent);
    }
  }
}

bool is_regular(int descriptor) {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

// ── Receiving ───────────────────────────────────────────────────────────────────────────────────

ssize_t do_read(int descriptor, void* to, size_t size) {
  const iovec part{to, size};
  return receive(descriptor, descriptors().find(descriptor), {&part, 1}, 0,
                 [&] { return next().read(descriptor, to, size); });
}

ssize_t do_readv(int descriptor, const iovec* parts, int count) {
  Entry* entry = descriptors().find(descriptor);
  if (count < 0 || !is_list(parts, static_cast<std::size_t>(count))) entry = nullptr;
  const Parts into(parts, entry == nullptr ? 0 : static_cast<std::size_t>(count));
  return receive(descriptor, entry, into, 0,
                 [&] { return next().readv(descriptor, parts, count); });
}

ssize_t do_recvfrom(int descriptor, void* to, size_t size, int flags, sockaddr* name,
                    socklen_t* name_size) {
  const iovec part{to, size};
  const ssize_t count =
      receive(descriptor, leasable(descriptor, flags, kFlagsIn), {&part, 1}, flags, [&] {
        return name == nullptr ? next().recv(descriptor, to, size, flags)
                               : next().recvfrom(descriptor, to, size, flags, name, name_size);
      });
  return count;
}

ssize_t do_recvmsg(int descriptor, msghdr* message, int flags) {
  Entry* entry = leasable(descriptor, flags, kFlagsIn);
  if (entry == nullptr || !is_address(message) || !is_list(message->msg_iov, message->msg_iovlen)) {
    return next().recvmsg(descriptor, message, flags);
  }
  const Parts into(message->msg_iov, message->msg_iovlen);
  return transfer(
      descriptors(), entry, descriptor,
      [&](Entry& leased) {
        const ssize_t count =
            attach::client::receive_leased(waiting_calls(), leased, descriptor, into, flags);
        if (count >= 0) {
          message->msg_namelen = 0;
          message->msg_controllen = 0;
          message->msg_flags = 0;
        }
        return count;
      },
      [&] { return next().recvmsg(descriptor, message, flags); });
}

// ── Sending ─────────────────────────────────────────────────────────────────────────────────────

ssize_t do_write(int descriptor, const void* from, size_t size) {
  const iovec part{const_cast<void*>(from), size};
  return send(descriptor, descriptors().find(descriptor), {&part, 1}, 0,
              [&] { return next().write(descriptor, from, size); });
}

ssize_t do_writev(int descriptor, const iovec* parts, int count) {
  Entry* entry = descriptors().find(descriptor);
  if (count < 0 || !is_list(parts, static_cast<std::size_t>(count))) entry = nullptr;
  const Parts from(parts, entry == nullptr ? 0 : static_cast<std::size_t>(count));
  return send(descriptor, entry, from, 0, [&] { return next().writev(descriptor, parts, count); });
}

ssize_t do_sendto(int descriptor, const void* from, size_t size, int flags, const sockaddr* name,
                  socklen_t name_size) {
  const iovec part{const_cast<void*>(from), size};
  // An address, to a stream, is for the launcher to judge.
  if (name != nullptr) descriptors().release(descriptor);
  return send(descriptor, leasable(descriptor, flags, kFlagsOut), {&part, 1}, flags, [&] {
    return name == nullptr ? next().send(descriptor, from, size, flags)
                           : next().sendto(descriptor, from, size, flags, name, name_size);
  });
}

ssize_t do_sendmsg(int descriptor, const msghdr* message, int flags) {
  if (is_address(message) && message->msg_controllen != 0) {
    release_sent(*message);
    descriptors().release(descriptor);
  }
  Entry* entry = leasable(descriptor, flags, kFlagsOut);
  const bool is_plain = is_address(message) && message->msg_name == nullptr &&
                        is_list(message->msg_iov, message->msg_iovlen);
  if (entry != nullptr && !is_plain) {
    descriptors().release(descriptor);
    entry = nullptr;
  }
  const Parts from(entry == nullptr ? nullptr : message->msg_iov,
                   entry == nullptr ? 0 : message->msg_iovlen);
  return send(descriptor, entry, from, flags,
              [&] { return next().sendmsg(descriptor, message, flags); });
}

ssize_t do_sendfile(int to, int from, off_t* offset, size_t count) {
  descriptors().release(from);
  Entry* entry = descriptors().find(to);
  if (entry != nullptr && !is_regular(from)) {
    descriptors().release(to);
    entry = nullptr;
  }
  if (entry == nullptr) return next().sendfile(to, from, offset, count);
  return transfer(
      descriptors(), entry, to,
      [&](Entry& leased) {
        return attach::client::send_file_leased(waiting_calls(), leased, to, from, offset, count);
      },
      [&] { return next().sendfile(to, from, offset, count); });
}

// ── The names that programs call ────────────────────────────────────────────────────────────────

extern "C" {

ssize_t shim_read(int, void*, size_t) STRATA_WRAPPER(read);
ssize_t shim_underscored_read(int, void*, size_t) STRATA_WRAPPER(__read);
ssize_t shim_read_chk(int, void*, size_t, size_t) STRATA_WRAPPER(__read_chk);
ssize_t shim_readv(int, const iovec*, int) STRATA_WRAPPER(readv);
ssize_t shim_recv(int, void*, size_t, int) STRATA_WRAPPER(recv);
ssize_t shim_recv_chk(int, void*, size_t, size_t, int) STRATA_WRAPPER(__recv_chk);
ssize_t shim_recvfrom(int, void*, size_t, int, sockaddr*, socklen_t*) STRATA_WRAPPER(recvfrom);
ssize_t shim_recvfrom_chk(int, void*, size_t, size_t, int, sockaddr*, socklen_t*)
    STRATA_WRAPPER(__recvfrom_chk);
ssize_t shim_recvmsg(int, msghdr*, int) STRATA_WRAPPER(recvmsg);
int shim_recvmmsg(int, mmsghdr*, unsigned, int, timespec*) STRATA_WRAPPER(recvmmsg);
ssize_t shim_preadv2(int, const iovec*, int, off_t, int) STRATA_WRAPPER(preadv2);
ssize_t shim_preadv64v2(int, const iovec*, int, off_t, int) STRATA_WRAPPER(preadv64v2);
ssize_t shim_write(int, const void*, size_t) STRATA_WRAPPER(write);
ssize_t shim_underscored_write(int, const void*, size_t) STRATA_WRAPPER(__write);
ssize_t shim_writev(int, const iovec*, int) STRATA_WRAPPER(writev);
ssize_t shim_send(int, const void*, size_t, int) STRATA_WRAPPER(send);
ssize_t shim_underscored_send(int, const void*, size_t, int) STRATA_WRAPPER(__send);
ssize_t shim_sendto(int, const void*, size_t, int, const sockaddr*, socklen_t)
    STRATA_WRAPPER(sendto);
ssize_t shim_sendmsg(int, const msghdr*, int) STRATA_WRAPPER(sendmsg);
int shim_sendmmsg(int, mmsghdr*, unsigned, int) STRATA_WRAPPER(sendmmsg);
ssize_t shim_pwritev2(int, const iovec*, int, off_t, int) STRATA_WRAPPER(pwritev2);
ssize_t shim_pwritev64v2(int, const iovec*, int, off_t, int) STRATA_WRAPPER(pwritev64v2);
ssize_t shim_sendfile(int, int, off_t*, size_t) STRATA_WRAPPER(sendfile);
ssize_t shim_sendfile64(int, int, off_t*, size_t) STRATA_WRAPPER(sendfile64);
ssize_t shim_splice(int, loff_t*, int, loff_t*, size_t, unsigned) STRATA_WRAPPER(splice);
int shim_aio_read(aiocb*) STRATA_WRAPPER(aio_read);
int shim_aio_read64(aiocb*) STRATA_WRAPPER(aio_read64);
int shim_aio_write(aiocb*) STRATA_WRAPPER(aio_write);
int shim_aio_write64(aiocb*) STRATA_WRAPPER(aio_write64);

ssize_t shim_read(int descriptor, void* to, size_t size) { return do_read(descriptor, to, size); }
ssize_t shim_underscored_read(int descriptor, void* to, size_t size) {
  return do_read(descriptor, to, size);
}
// Callers were compiled to have their buffers' sizes checked.
ssize_t shim_read_chk(int descriptor, void* to, size_t size, size_t room) {
  if (size > room) __builtin_trap();
  return do_read(descriptor, to, size);
}
ssize_t shim_readv(int descriptor, const iovec* parts, int count) {
  return do_readv(descriptor, parts, count);
}
ssize_t shim_recv(int descriptor, void* to, size_t size, int flags) {
  return do_recvfrom(descriptor, to, size, flags, nullptr, nullptr);
}
ssize_t shim_recv_chk(int descriptor, void* to, size_t size, size_t room, int flags) {
  if (size > room) __builtin_trap();
  return do_recvfrom(descriptor, to, size, flags, nullptr, nullptr);
}
ssize_t shim_recvfrom(int descriptor, void* to, size_t size, int flags, sockaddr* name,
                      socklen_t* name_size) {
  return do_recvfrom(descriptor, to, size, flags, name, name_size);
}
ssize_t shim_recvfrom_chk(int descriptor, void* to, size_t size, size_t room, int flags,
                          sockaddr* name, socklen_t* name_size) {
  if (size > room) __builtin_trap();
  return do_recvfrom(descriptor, to, size, flags, name, name_size);
}
ssize_t shim_recvmsg(int descriptor, msghdr* message, int flags) {
  return do_recvmsg(descriptor, message, flags);
}
int shim_recvmmsg(int descriptor, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
  descriptors().release(descriptor);
  return next().recvmmsg(descriptor, messages, count, flags, timeout);
}
ssize_t shim_preadv2(int descriptor, const iovec* parts, int count, off_t offset, int flags) {
  descriptors().release(descriptor);
  return next().preadv2(descriptor, parts, count, offset, flags);
}
ssize_t shim_preadv64v2(int descriptor, const iovec* parts, int count, off_t offset, int flags) {
  descriptors().release(descriptor);
  return next().preadv2(descriptor, parts, count, offset, flags);
}
ssize_t shim_write(int descriptor, const void* from, size_t size) {
  return do_write(descriptor, from, size);
}
ssize_t shim_underscored_write(int descriptor, const void* from, size_t size) {
  return do_write(descriptor, from, size);
}
ssize_t shim_writev(int descriptor, const iovec* parts, int count) {
  return do_writev(descriptor, parts, count);
}
ssize_t shim_send(int descriptor, const void* from, size_t size, int flags) {
  return do_sendto(descriptor, from, size, flags, nullptr, 0);
}
ssize_t shim_underscored_send(int descriptor, const void* from, size_t size, int flags) {
  return do_sendto(descriptor, from, size, flags, nullptr, 0);
}
ssize_t shim_sendto(int descriptor, const void* from, size_t size, int flags, const sockaddr* name,
                    socklen_t name_size) {
  return do_sendto(descriptor, from, size, flags, name, name_size);
}
ssize_t shim_sendmsg(int descriptor, const msghdr* message, int flags) {
  return do_sendmsg(descriptor, message, flags);
}
int shim_sendmmsg(int descriptor, mmsghdr* messages, unsigned count, int flags) {
  // As many as one call can send.
  for (unsigned i = 0; is_address(messages) && i < std::min(count, kMessagesMax); ++i) {
    release_sent(messages[i].msg_hdr);
  }
  descriptors().release(descriptor);
  return next().sendmmsg(descriptor, messages, count, flags);
}
ssize_t shim_pwritev2(int descriptor, const iovec* parts, int count, off_t offset, int flags) {
  descriptors().release(descriptor);
  return next().pwritev2(descriptor, parts, count, offset, flags);
}
ssize_t shim_pwritev64v2(int descriptor, const iovec* parts, int count, off_t offset, int flags) {
  descriptors().release(descriptor);
  return next().pwritev2(descriptor, parts, count, offset, flags);
}
ssize_t shim_sendfile(int to, int from, off_t* offset, size_t count) {
  return do_sendfile(to, from, offset, count);
}
ssize_t shim_sendfile64(int to, int from, off_t* offset, size_t count) {
  return do_sendfile(to, from, offset, count);
}
// By the kernel's hands: it knows of no ring.
ssize_t shim_splice(int from, loff_t* from_at, int to, loff_t* to_at, size_t count,
                    unsigned flags) {
  descriptors().release(from);
  descriptors().release(to);
  return next().splice(from, from_at, to, to_at, count, flags);
}
// In a thread of libc's own.
int shim_aio_read(aiocb* operation) {
  descriptors().release(operation->aio_fildes);
  return next().aio_read(operation);
}
int shim_aio_read64(aiocb* operation) { return shim_aio_read(operation); }
int shim_aio_write(aiocb* operation) {
  descriptors().release(operation->aio_fildes);
  return next().aio_write(operation);
}
int shim_aio_write64(aiocb* operation) { return shim_aio_write(operation); }

}  // extern "C"

}  // namespace strata::preload
