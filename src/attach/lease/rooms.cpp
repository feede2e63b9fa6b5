// SPDX-License-Identifier: Apache-2.0
#include "attach/lease/rooms.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "attach/process/pidfd.h"

namespace strata::attach {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
// More than these stay only with leases in them.
constexpr std::size_t kEmptyRoomsMax = 64;

}  // namespace

std::unique_ptr<SharedRoom> SharedRoom::make(pid_t process, Descriptor& file) {
  Descriptor made(::memfd_create("strata-room", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!made || ::ftruncate(made.get(), sizeof(client::Room)) != 0 ||
      ::fcntl(made.get(), F_ADD_SEALS, kSeals) != 0) {
    return nullptr;
  }
  std::uint64_t key = 0;
  if (::getrandom(&key, sizeof(key), 0) != sizeof(key)) return nullptr;
  void* base =
      ::mmap(nullptr, sizeof(client::Room), PROT_READ | PROT_WRITE, MAP_SHARED, made.get(), 0);
  if (base == MAP_FAILED) return nullptr;
  // Zeroed memory is what the constructors would leave: nothing is constructed.
  auto* memory = static_cast<client::Room*>(base);
  memory->key = key;
  Descriptor pidfd(open_process(process, 0));
  file = std::move(made);
  return std::unique_ptr<SharedRoom>(new SharedRoom(memory, process, std::move(pidfd), key));
}

SharedRoom::~SharedRoom() { ::munmap(memory_, sizeof(client::Room)); }

// Without a pidfd (a thread's number, before Linux 6.9) it is never known.
bool SharedRoom::is_process_gone() const {
  pollfd asked{pidfd_.get(), POLLIN, 0};
  return pidfd_ && ::poll(&asked, 1, 0) == 1;
}

Answer SharedRoom::take_slot(std::uint64_t cookie) {
  if (used_.all()) return -ENOSPC;
  std::size_t slot = 0;
  while (used_.test(slot)) ++slot;  // the lowest: its pages are there already
  used_.set(slot);
  owners_[slot] = cookie;
  client::Slot& memory = memory_->slots[slot];
  new (&memory.inward) client::InwardLane;
  new (&memory.outward) client::OutwardLane;
  return static_cast<Answer>(slot);
}

void SharedRoom::give_slot(std::uint32_t slot) {
  used_.reset(slot);
  owners_[slot] = 0;
}

void SharedRoom::say_sleeping(bool is_sleeping) {
  if (is_sleeping || says_sleeping_) memory_->is_sleeping.store(is_sleeping ? 1 : 0);
  says_sleeping_ = is_sleeping;
}

std::expected<Descriptor, Answer> Rooms::make(pid_t process) {
  sweep();
  Descriptor file;
  auto made = SharedRoom::make(process, file);
  if (made == nullptr) return std::unexpected(-ENOMEM);
  rooms_.push_back(std::move(made));
  return file;
}

void Rooms::sweep() {
  std::erase_if(rooms_, [](const auto& room) { return room->is_process_gone(); });
  auto empty = static_cast<std::size_t>(
      std::ranges::count_if(rooms_, [](const auto& room) { return room->is_empty(); }));
  std::erase_if(rooms_, [&empty](const auto& room) {
    const bool is_old = room->is_empty() && empty > kEmptyRoomsMax;
    if (is_old) --empty;
    return is_old;
  });
}

void Rooms::end_rooms_of(pid_t process) {
  std::erase_if(rooms_, [process](const auto& room) { return room->process() == process; });
}

std::shared_ptr<SharedRoom> Rooms::find(std::uint64_t key) const {
  const auto found = std::ranges::find(rooms_, key, &SharedRoom::key);
  return found == rooms_.end() ? nullptr : *found;
}

}  // namespace strata::attach
