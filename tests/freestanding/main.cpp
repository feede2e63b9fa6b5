// SPDX-License-Identifier: Apache-2.0
// The smallest firmware that holds Strata: a vector table, a block of RAM and no operating system.
// It exists to be linked: whatever ranks 0 to 3 need from a system shows up here as an undefined
// symbol or as a banned one (tools/check_symbols.sh).
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "strata/device.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/stack.h"
#include "strata/time.h"

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
constexpr std::size_t kArenaBytes = 262144;
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

// A network chip of which only the interrupt counter exists: enough to make the linker keep the
// whole way in and the whole way out.
class Chip final : public strata::Device {
 public:
  [[nodiscard]] const strata::DeviceCapabilities& capabilities() const override {
    return capabilities_;
  }
  void receive(strata::PacketPool& pool, strata::PacketBatch& batch) override {
    auto packet = pool.allocate();
    if (packet != nullptr) batch.push(std::move(packet));
  }
  [[nodiscard]] std::size_t room() const override { return 8; }
  void transmit(strata::PacketBatch& batch) override { batch.clear(); }

 private:
  strata::DeviceCapabilities capabilities_;
};

// Raised by the timer interrupt of a real board.
volatile std::uint32_t ticks;

[[noreturn]] void run() {
  strata::ArenaMemory memory(arena);
  strata::PacketPool pool(
      memory,
      {.small_buffers = 16, .large_buffers = 0, .external_buffers = 0, .extra_descriptors = 16});
  strata::StackConfig config;
  config.memory = &memory;
  config.pool = &pool;
  config.udp_sockets_max = 4;
  config.other_sockets_max = 4;
  config.routes_max = 8;
  config.neighbors_max = 8;
  config.path_mtus_max = 8;
  config.reassembly_bytes_max = 8192;
  config.reassembly_datagrams_max = 2;
  config.transmit_queue_max = 8;
  auto stack = strata::Stack::create(config);
  if (!stack) fault();
  Chip chip;
  strata::Time now{};
  strata::InterfaceConfig interface;
  interface.name = "chip";
  if (!stack->add_interface(chip, interface, now)) fault();
  for (;;) {
    now = strata::Time{} + std::chrono::milliseconds(ticks);
    stack->poll(now);
    stack->flush(now);
  }
}

}  // namespace

// Where a failed STRATA_CHECK ends: the C library's would raise a signal, with its heap.
extern "C" void abort() { fault(); }

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
}
