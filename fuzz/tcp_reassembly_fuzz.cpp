// SPDX-License-Identifier: Apache-2.0
// The receiving half of TCP under any segments and any calls, against an oracle of bytes: what was
// kept first is what is read, once and in order, and the books balance.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "fuzz/input.h"
#include "fuzz/law.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "tcp/receive/reassembly.h"
#include "tcp/receive/receiver.h"

namespace strata::fuzz {
namespace {

using fuzz::Input;
using tcp::Ack;
using tcp::SequenceNumber;

constexpr std::uint64_t kStreamMax = 1U << 16U;

std::byte value_of(std::uint64_t place, std::uint32_t salt) {
  return static_cast<std::byte>((place * 7 + (place >> 8U) + salt) & 0xffU);
}

PacketPtr text_of(PacketPool& pool, std::uint64_t place, std::size_t count, std::uint32_t salt) {
  PacketPtr text = pool.allocate_for(count, 0);
  if (text == nullptr) return nullptr;
  const MutableBytes to = text->append(count);
  for (std::size_t i = 0; i < count; ++i) to[i] = value_of(place + i, salt);
  return text;
}

// Which of four lies a byte may be, a bit each.
using Salts = std::uint8_t;

bool is_one_of(Salts salts, std::uint64_t place, std::byte value) {
  for (std::uint32_t salt = 0; salt < 4; ++salt) {
    if ((salts >> salt & 1U) != 0 && value_of(place, salt) == value) return true;
  }
  return false;
}

// Reassembly alone, where the oracle can see which byte was kept: first bytes win. Only where a
// full table sheds the far end of what the same text then brings again may it be either.
void check_reassembly(Input numbers) {
  HeapMemory memory;
  PacketPool pool(memory, {.small_buffers = 24, .large_buffers = 1, .extra_descriptors = 8});
  const std::size_t segments_max = 1 + numbers.number(1) % 64;
  tcp::Reassembly reassembly(memory, static_cast<std::uint32_t>(segments_max));
  static std::array<Salts, kStreamMax + 4096> oracle;
  oracle.fill(0);
  std::uint64_t front = 0;
  while (!numbers.empty() && front < kStreamMax - 8192) {
    const std::uint32_t action = numbers.number(1);
    if (action < 16) {
      reassembly.shed_furthest();
    } else if (action < 48) {
      tcp::Inbox inbox;
      const std::uint64_t end = reassembly.move_to(inbox, pool, front);
      require(inbox.size() == end - front);
      for (; front < end; ++front) {
        std::byte value{};
        require(inbox.read({&value, 1}) == 1 && is_one_of(oracle[front], front, value));
      }
    } else if (action < 56) {
      reassembly.forget_before(front += numbers.number(1));
    } else {
      const std::uint64_t begin = front + numbers.number(2) % 4096;
      const std::size_t count =
          1 + (action < 160 ? numbers.number(1) % 8 : numbers.number(2) % 2000);
      if (PacketPtr text = text_of(pool, begin, count, action & 3U)) {
        const std::uint64_t covered = reassembly.covered().covered();
        const bool can_shed =
            reassembly.segments() + 2 * reassembly.covered().size() + 4 >= segments_max;
        const auto added = reassembly.add(pool, begin, std::move(text));
        require(can_shed || reassembly.covered().covered() == covered + added.bytes);
        require(reassembly.segments() <= segments_max);
        for (std::uint64_t i = begin; i < begin + count; ++i) {
          if (oracle[i] == 0 || can_shed) oracle[i] |= static_cast<Salts>(1U << (action & 3U));
        }
      }
    }
    for (std::uint64_t i = front; i < front + 8192; ++i) {
      if (!reassembly.covered().contains(i)) oracle[i] = 0;
    }
  }
}

// The whole half: honest bytes in any order and at any place, and every call there is.
struct Half {
  explicit Half(Input input) : numbers(input) {
    config.receive_buffer_first = 1 + numbers.number(2);
    config.receive_buffer_max = config.receive_buffer_first * (1 + numbers.number(1) % 4);
    config.out_of_order_segments_max = 1 + numbers.number(1) % 64;
    irs = SequenceNumber(numbers.number(4));
    const std::uint32_t bits = numbers.number(1);
    receiver.on_established({.irs = irs,
                             .window_offered = std::min(config.receive_buffer_first, 65535U),
                             .window_shift = static_cast<std::uint8_t>(bits % 15),
                             .sack_permitted = (bits & 16U) != 0,
                             .timestamps = (bits & 32U) != 0,
                             .ecn = static_cast<tcp::EcnEchoMode>((bits >> 6U) % 3)},
                            config, {.urgent_inline = true});
  }
  ~Half() {
    receiver.release(shared);
    require(account.used() == 0 && account.holders() == 0 && pool.descriptors_in_use() == 0);
  }
  Half(const Half&) = delete;
  Half& operator=(const Half&) = delete;

  void step() {
    now += std::chrono::microseconds(numbers.number(1) * 37);
    switch (numbers.number(1) % 12) {
      case 0: check(receiver.next_ack(shared, now)); break;
      case 1: check(receiver.next_prompt_ack(shared, now)); break;
      case 2: check(receiver.carried_ack(shared, numbers.number(1) % 2 == 0, now)); break;
      case 3: read(numbers.number(2)); break;
      case 4: receiver.on_deadline(now); break;
      case 5: receiver.on_urgent(shared, place(numbers.number(2))); break;
      case 6: receiver.on_unacceptable(shared, place(numbers.number(2)), numbers.number(2)); break;
      case 7: (void)receiver.shed(shared, numbers.number(2)); break;
      case 8: receiver.on_cwr(); break;
      default: segment(); break;
    }
    require(receiver.bytes_held(shared) == account.used());
    require(receiver.readable(shared) + read_total == receiver.bytes_received());
    require(receiver.out_of_order_segments(shared) <= config.out_of_order_segments_max);
  }

  [[nodiscard]] SequenceNumber place(std::uint32_t ahead) const {
    return receiver.next() + ahead - 4096U;
  }
  void segment() {
    const std::uint64_t next = receiver.bytes_received();
    const std::uint64_t back = std::min<std::uint64_t>(next, 512);
    const std::uint64_t begin = next - back + numbers.number(2) % 4096;
    const std::size_t count = numbers.number(2) % 2000;
    const std::uint32_t bits = numbers.number(1);
    const std::uint64_t at = (bits & 3U) == 0 ? next : begin;
    PacketPtr payload = count == 0 ? nullptr : text_of(pool, at, count, 0);
    const auto outcome =
        receiver.on_text(shared, irs + 1U + static_cast<std::uint32_t>(at), std::move(payload),
                         {.segments = static_cast<std::uint16_t>(1 + (bits >> 6U)),
                          .ecn = static_cast<tcp::EcnCodepoint>((bits >> 2U) & 3U),
                          .psh = (bits & 16U) != 0,
                          .fin = bits % 61 == 7},
                         now);
    require(receiver.bytes_received() - next == outcome.bytes_made_readable);
  }
  void read(std::size_t count) {
    std::array<std::byte, 4096> to{};
    const std::size_t got =
        receiver.read(shared, MutableBytes(to).first(std::min(count, to.size())), now);
    for (std::size_t i = 0; i < got; ++i) require(to[i] == value_of(read_total + i, 0));
    read_total += got;
  }
  void check(const std::optional<Ack>& ack) {
    if (!ack) return;
    require(ack->ack >= acknowledged && ack->ack <= receiver.next());
    acknowledged = ack->ack;
    for (const auto& block : ack->sack) {
      require(SequenceNumber(block.left) < SequenceNumber(block.right));
    }
  }

  Input numbers;
  HeapMemory memory;
  TcpConfig config{};
  PacketPool pool{memory, {.small_buffers = 24, .large_buffers = 2, .extra_descriptors = 16}};
  tcp::BufferAccount account{50000, 80000};
  tcp::ReceiverSlabs slabs{memory, config};
  tcp::ReceiverShared shared{memory, pool, config, account, slabs};
  tcp::Receiver receiver;
  SequenceNumber irs;
  SequenceNumber acknowledged;
  Time now{std::chrono::seconds(5)};
  std::uint64_t read_total = 0;

  void run() {
    acknowledged = irs + 1U;
    while (!numbers.empty() && receiver.bytes_received() < kStreamMax) step();
  }
};

}  // namespace
}  // namespace strata::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata::fuzz;
  const Input numbers(as_input(data, size));
  check_reassembly(numbers);
  Half(numbers).run();
  return 0;
}
