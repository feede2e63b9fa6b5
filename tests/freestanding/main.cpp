// SPDX-License-Identifier: Apache-2.0
// The smallest firmware that holds Strata: a vector table, a block of RAM and no operating system.
// It exists to be linked: whatever ranks 0 to 3 need from a system shows up here as an undefined
// symbol or as a banned one (tools/check_symbols.sh).
#include <array>
#include <cstddef>
#include <cstdint>

#include "strata/address.h"
#include "strata/check.h"
#include "strata/memory.h"
#include "strata/rng.h"
#include "strata/time.h"
#include "strata/wire/udp.h"

// Every polymorphic class has a deleting destructor in its table, though nothing here is deleted.
void operator delete(void* /*block*/, std::size_t /*bytes*/) noexcept { __builtin_trap(); }
void operator delete(void* /*block*/) noexcept { __builtin_trap(); }

extern "C" {
extern std::uint32_t data_source[], data_begin[], data_end[], bss_begin[], bss_end[];
using Initialiser = void (*)();
extern Initialiser init_begin[], init_end[];
[[noreturn]] void reset();
[[noreturn]] void fault();
}

namespace {

constexpr std::size_t kStackBytes = 4096;
constexpr std::size_t kArenaBytes = 16384;
alignas(8) std::array<std::byte, kStackBytes> call_stack;
alignas(8) std::array<std::byte, kArenaBytes> arena;

struct Vectors {
  const void* stack_top;
  void (*handlers[15])();
};

[[gnu::section(".vectors"), gnu::used]] const Vectors vectors = {
    call_stack.data() + kStackBytes,
    {reset, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault,
     fault, fault}};

// What a device driver would call with a received datagram.
volatile std::uint32_t sink;

void run() {
  strata::ArenaMemory memory(arena);
  auto* frame = static_cast<std::byte*>(memory.allocate(64, 8));
  CHECK(frame != nullptr);
  const auto datagram = strata::wire::UdpView::parse({frame, 64});
  sink = datagram.has_value() ? datagram->source_port() : 0U;
}

}  // namespace

void fault() {
  for (;;) asm volatile("wfi");
}

void reset() {
  for (std::uint32_t *to = data_begin, *from = data_source; to < data_end;) *to++ = *from++;
  for (std::uint32_t* to = bss_begin; to < bss_end;) *to++ = 0;
  for (Initialiser* initialiser = init_begin; initialiser < init_end; ++initialiser) {
    (*initialiser)();
  }
  run();
  fault();
}
