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
  void* base = ::mmap(nullptr, kTotalBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (base != MAP_FAILED) return SharedMemory(static_cast<std::byte*>(base), file);
  ::close(file);
  return std::nullopt;
}

SharedMemory::~SharedMemory() {
  if (base_ != nullptr) ::munmap(base_, kTotalBytes);
  if (file_ >= 0) ::close(file_);
}

// Zeroed memory is what the constructors of a Lane would leave, and the other side may already be
// using it: nothing is constructed.
Lane& SharedMemory::lane(std::size_t which) const { return reinterpret_cast<Lane*>(base_)[which]; }

MutableBytes SharedMemory::data(std::size_t which) const {
  return {base_ + kHeadBytes + which * kLaneBytes, kLaneBytes};
}

}  // namespace strata::driver::pipe
