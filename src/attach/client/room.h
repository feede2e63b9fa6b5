// SPDX-License-Identifier: Apache-2.0
// Room: the memory that a process under the preload tier shares with its launcher, and the calls by
// which they agree on it. docs/design/012-preload-lease.md has the rules.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/shared_ring.h"
#include "strata/bytes.h"

//   | Room: key, sleeping, news, arrivals, sleepers | slot 0: inward, outward, two rings | slot 1 |
//   ...

namespace strata::attach::client {

// Requests of ioctl(), from the range that protocols have for themselves: the filter tells all of
// it to the launcher. The first two and kOpenFile have no descriptor (-1).
enum Request : unsigned long {
  kGreet = 0x89e0,     // argument: kVersion. 0: the launcher gives leases
  kMakeRoom = 0x89e1,  // a descriptor for the memory of a new room
  kLease = 0x89e2,     // argument: the room's key. The number of a slot
  kGiveBack = 0x89e3,  // bytes go by the pair again
  kRing = 0x89e4,      // a bell for which the pair has no room
  kOpenFile = 0x89e5,  // argument: a NetFile, and kClosesOnExec. A descriptor for its text
  kHasPeer = 0x89e6,   // ENOTCONN: nobody is there whom bytes could go to or come from
  kTell = 0x89e7,      // a token, if there are bytes in the ring
};
inline constexpr unsigned long kClosesOnExec = 1UL << 8U;
inline constexpr unsigned kVersion = 4;

[[nodiscard]] constexpr bool is_without_descriptor(unsigned long request) {
  return request == kGreet || request == kMakeRoom || request == kOpenFile;
}
[[nodiscard]] constexpr bool is_about_lease(unsigned long request) {
  return request == kLease || request == kGiveBack || request == kRing || request == kHasPeer ||
         request == kTell;
}

inline constexpr std::uint32_t kLaneBytes = 1U << 17U;
inline constexpr std::size_t kSlots = 512;
inline constexpr std::size_t kNewsWords = kSlots / 64;
// Epoll sets whose waiting the program does itself while it has work.
inline constexpr std::size_t kWatchSets = 16;

// What a side sees of the other: nothing in it is believed by the launcher, all of it is about the
// program's own bytes.
struct InwardLane {
  SharedRingIndices indices;                           // the launcher produces
  alignas(64) std::atomic<std::uint32_t> token{0};     // one lies in the pair
  std::atomic<std::uint32_t> writer_waits{0};          // the launcher wants to know of room
  std::atomic<std::uint32_t> every_arrival{0};         // is told, not only the first
  std::atomic<std::uint32_t> watch_set{0};             // 1 + the one that looks here; 0: none does
  alignas(64) std::atomic<std::uint32_t> is_ended{0};  // by the launcher: nothing more comes
  std::atomic<std::uint32_t> is_cut{0};                // by the launcher: nothing more goes
};

struct OutwardLane {
  SharedRingIndices indices;  // the program produces
};

struct Slot {
  InwardLane inward;
  OutwardLane outward;
  alignas(4096) std::array<std::byte, kLaneBytes> inward_data;
  std::array<std::byte, kLaneBytes> outward_data;
};

struct Room {
  std::uint64_t key = 0;
  alignas(64) std::atomic<std::uint32_t> is_sleeping{0};  // the launcher, or about to
  alignas(64) std::array<std::atomic<std::uint64_t>, kNewsWords> news{};  // a bit for each slot
  // By the launcher, when it has published; the program takes those out that it found empty.
  alignas(64) std::array<std::atomic<std::uint64_t>, kNewsWords> arrivals{};
  // Threads that wait in the kernel at each set, or are about to.
  alignas(64) std::array<std::atomic<std::uint32_t>, kWatchSets> sleepers{};
  alignas(4096) std::array<Slot, kSlots> slots;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "two processes share no lock");

// After a ring was changed, and before the other side's word about it is read.
inline void order_before_look() { std::atomic_thread_fence(std::memory_order_seq_cst); }

}  // namespace strata::attach::client
