// SPDX-License-Identifier: Apache-2.0
#include "attach/program.h"

#include <fcntl.h>
#include <limits.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <string>

#include "attach/pidfd.h"

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

Answer ProgramMemory::read(std::uint64_t address, MutableBytes to) const {
  if (to.empty()) return 0;
  const iovec ours{to.data(), to.size()};
  const iovec theirs{std::bit_cast<void*>(address), to.size()};
  const ssize_t count = ::process_vm_readv(thread_, &ours, 1, &theirs, 1, 0);
  return count == static_cast<ssize_t>(to.size()) ? 0 : -EFAULT;
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
    const Answer read_answer = read(reinterpret_cast<std::uint64_t>(part.iov_base),
                                    MutableBytes(bytes).subspan(done, count));
    if (read_answer < 0) return std::unexpected(read_answer);
    done += count;
  }
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

int ProgramDescriptors::process_of(pid_t thread) {
  const auto known = processes_.find(thread);
  if (known != processes_.end()) return known->second.get();
  int process = open_process(thread, kOfThread);
  if (process < 0 && errno == EMFILE) {
    processes_.clear();
    process = open_process(thread, kOfThread);
  }
  if (process < 0) process = open_process(process_number(thread), 0);
  if (process < 0) return -1;
  if (processes_.size() >= kProcessesMax) processes_.clear();
  processes_.emplace(thread, Descriptor(process));
  return process;
}

std::expected<Descriptor, Answer> ProgramDescriptors::copy(pid_t thread, int number) {
  for (const bool is_second : {false, true}) {
    const int process = process_of(thread);
    if (process < 0) return std::unexpected(-ESRCH);
    const int copied = copy_descriptor(process, number);
    if (copied >= 0) return Descriptor(copied);
    if (errno != ESRCH || is_second) return std::unexpected(-errno);
    processes_.erase(thread);
  }
  return std::unexpected(-ESRCH);
}

}  // namespace strata::attach
