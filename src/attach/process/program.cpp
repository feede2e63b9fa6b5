// SPDX-License-Identifier: Apache-2.0
#include "attach/process/program.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <string>

#include "attach/notifications.h"
#include "attach/process/pidfd.h"

namespace strata::attach {
namespace {

constexpr std::size_t kProcessesMax = 1024;

// Linux 6.9: a pidfd of any thread. Before, only that of the process, whose number /proc knows.
constexpr unsigned kOfThread = O_EXCL;

}  // namespace

pid_t process_number(pid_t thread) {
  std::ifstream status("/proc/" + std::to_string(thread) + "/status");
  for (std::string word; status >> word;) {
    pid_t number = 0;
    if (word == "Tgid:" && status >> number) return number;
  }
  return thread;
}

std::size_t size_of(std::span<const iovec> parts) {
  std::size_t size = 0;
  for (const iovec& part : parts) size += part.iov_len;
  return size;
}

// ── Memory ──────────────────────────────────────────────────────────────────────────────────────

ProgramMemory::ProgramMemory(const Notifications& notifications, const Call& call)
    : thread_(call.thread), notifications_(&notifications), call_id_(call.id) {}

bool ProgramMemory::copy_out(std::uint64_t address, MutableBytes to) const {
  const iovec ours{to.data(), to.size()};
  const iovec theirs{std::bit_cast<void*>(address), to.size()};
  const ssize_t count = ::process_vm_readv(thread_, &ours, 1, &theirs, 1, 0);
  return count == static_cast<ssize_t>(to.size());
}

// seccomp_unotify(2): to be asked after the memory was read, and not before.
bool ProgramMemory::is_the_callers() const {
  return notifications_ == nullptr || notifications_->is_waiting(call_id_);
}

Answer ProgramMemory::read(std::uint64_t address, MutableBytes to) const {
  if (to.empty()) return 0;
  return copy_out(address, to) && is_the_callers() ? 0 : -EFAULT;
}

Answer ProgramMemory::write(std::uint64_t address, Bytes from) const {
  if (from.empty()) return 0;
  const iovec ours{const_cast<std::byte*>(from.data()), from.size()};
  const iovec theirs{std::bit_cast<void*>(address), from.size()};
  const ssize_t count = ::process_vm_writev(thread_, &ours, 1, &theirs, 1, 0);
  return count == static_cast<ssize_t>(from.size()) ? 0 : -EFAULT;
}

std::expected<std::vector<iovec>, Answer> ProgramMemory::read_parts(std::uint64_t address,
                                                                    std::uint64_t count) const {
  if (count > IOV_MAX) return std::unexpected(-EMSGSIZE);
  std::vector<iovec> parts(count);
  const Answer done = read(address, std::as_writable_bytes(std::span(parts)));
  if (done < 0) return std::unexpected(done);
  std::size_t size = 0;
  for (const iovec& part : parts) {
    if (part.iov_len > static_cast<std::size_t>(SSIZE_MAX) - size) return std::unexpected(-EINVAL);
    size += part.iov_len;
  }
  return parts;
}

std::expected<std::vector<std::byte>, Answer> ProgramMemory::gather(std::span<const iovec> parts,
                                                                    std::size_t bytes_max) const {
  std::vector<std::byte> bytes(std::min(size_of(parts), bytes_max));
  std::size_t done = 0;
  for (const iovec& part : parts) {
    const std::size_t count = std::min(part.iov_len, bytes.size() - done);
    const MutableBytes room = MutableBytes(bytes).subspan(done, count);
    const bool is_read =
        room.empty() || copy_out(reinterpret_cast<std::uint64_t>(part.iov_base), room);
    if (!is_read) return std::unexpected(-EFAULT);
    done += count;
  }
  if (done != 0 && !is_the_callers()) return std::unexpected(-EFAULT);
  return bytes;
}

Answer ProgramMemory::scatter(std::span<const iovec> parts, Bytes from) const {
  for (const iovec& part : parts) {
    const std::size_t count = std::min(part.iov_len, from.size());
    const Answer done = write(reinterpret_cast<std::uint64_t>(part.iov_base), from.first(count));
    if (done < 0) return done;
    from = from.subspan(count);
  }
  return 0;
}

// ── Descriptors ─────────────────────────────────────────────────────────────────────────────────

ProgramDescriptors::ProgramDescriptors() : ProgramDescriptors(kOfThread) {}

bool ProgramDescriptors::is_owner(const Owner& owner, pid_t thread) {
  if (owner.process == 0 || owner.process == thread) return true;
  // Signal 0: only whether there is such a thread in that process.
  return ::syscall(__NR_tgkill, owner.process, thread, 0) == 0 || errno != ESRCH;
}

ProgramDescriptors::Owner ProgramDescriptors::open(pid_t thread) const {
  Owner owner{.pidfd = Descriptor(open_process(thread, of_thread_))};
  if (owner.pidfd || errno == EMFILE) return owner;
  owner.process = process_number(thread);
  owner.pidfd = Descriptor(open_process(owner.process, 0));
  return owner;
}

int ProgramDescriptors::owner_of(pid_t thread) {
  const auto known = owners_.find(thread);
  if (known != owners_.end()) {
    if (is_owner(known->second, thread)) return known->second.pidfd.get();
    owners_.erase(known);
  }
  Owner owner = open(thread);
  if (!owner.pidfd && errno == EMFILE) {
    owners_.clear();
    owner = open(thread);
  }
  if (!owner.pidfd) return -1;
  if (owners_.size() >= kProcessesMax) owners_.clear();
  return owners_.emplace(thread, std::move(owner)).first->second.pidfd.get();
}

std::expected<Descriptor, Answer> ProgramDescriptors::copy(pid_t thread, int number) {
  for (const bool is_second : {false, true}) {
    const int owner = owner_of(thread);
    if (owner < 0) return std::unexpected(-ESRCH);
    const int copied = copy_descriptor(owner, number);
    if (copied >= 0) return Descriptor(copied);
    if (errno != ESRCH || is_second) return std::unexpected(-errno);
    owners_.erase(thread);
  }
  return std::unexpected(-ESRCH);
}

}  // namespace strata::attach
