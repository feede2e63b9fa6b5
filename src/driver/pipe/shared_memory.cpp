// SPDX-License-Identifier: Apache-2.0
#include "driver/pipe/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace strata::driver::pipe {
namespace {

constexpr std::size_t kHeadBytes = 4096;
constexpr std::size_t kTotalBytes = kHeadBytes + 2 * SharedMemory::kLaneBytes;
constexpr std::size_t kMappedBytes = kHeadBytes + 4 * SharedMemory::kLaneBytes;
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
static_assert(2 * sizeof(Lane) <= kHeadBytes);

}  // namespace

std::optional<SharedMemory> SharedMemory::make() {
  const int file = ::memfd_create("strata-pipe", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) return std::nullopt;
  if (::ftruncate(file, kTotalBytes) != 0 || ::fcntl(file, F_ADD_SEALS, kSeals) != 0) {
    ::close(file);
    return std::nullopt;
  }
  return map(file);
}

std::optional<SharedMemory> SharedMemory::adopt(int file) {
  struct stat status{};
  const bool is_sealed = (::fcntl(file, F_GET_SEALS) & kSeals) == kSeals;
  if (!is_sealed || ::fstat(file, &status) != 0 || status.st_size != off_t{kTotalBytes}) {
    ::close(file);
    return std::nullopt;
  }
  return map(file);
}

std::optional<SharedMemory> SharedMemory::map(int file) {
  void* reserved = ::mmap(nullptr, kMappedBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (reserved == MAP_FAILED) {
    ::close(file);
    return std::nullopt;
  }
  SharedMemory made(static_cast<std::byte*>(reserved), file);
  std::byte* to = made.base_;
  const auto map_next = [&](std::size_t from, std::size_t bytes) {
    void* const mapped = ::mmap(to, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file,
                                static_cast<off_t>(from));
    to += bytes;
    return mapped != MAP_FAILED;
  };
  const bool is_mapped = map_next(0, kHeadBytes + kLaneBytes) && map_next(kHeadBytes, kLaneBytes) &&
                         map_next(kHeadBytes + kLaneBytes, kLaneBytes) &&
                         map_next(kHeadBytes + kLaneBytes, kLaneBytes);
  if (!is_mapped) return std::nullopt;
  return made;
}

SharedMemory::~SharedMemory() {
  if (base_ != nullptr) ::munmap(base_, kMappedBytes);
  if (file_ >= 0) ::close(file_);
}

// Zeroed memory is what the constructors of a Lane would leave, and the other side may already be
// using it: nothing is constructed.
Lane& SharedMemory::lane(std::size_t which) const { return reinterpret_cast<Lane*>(base_)[which]; }

MutableBytes SharedMemory::data(std::size_t which) const {
  return {base_ + kHeadBytes + which * 2 * kLaneBytes, 2 * kLaneBytes};
}

}  // namespace strata::driver::pipe
