// SPDX-License-Identifier: Apache-2.0
// Two transports with a hostile middle that may lose, hold back, repeat and swap every segment: the
// bytes that arrive are those that were written, in order, and in the end nothing is left.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/ready_hook.h"
#include "fuzz/input.h"
#include "fuzz/law.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "tcp/transport.h"

namespace strata::tcp {
namespace {

constexpr std::array kAddresses{IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2)};

constexpr std::byte byte_at(std::uint64_t offset, std::size_t side) {
  return static_cast<std::byte>((offset + side * 131U) * 0x9e37'79b9U >> 16U);
}

class Harness {
 public:
  explicit Harness(Bytes input) : input_(input) {
    const std::uint8_t bits = input_.byte();
    listener_ = ends_[1]
                    .transport.listen({.local = {kAddresses[1], 80}, .binding = {}, .options = {}})
                    .value_or(Handle{});
    TcpSocketOptions options;
    options.no_delay = (bits & 1U) != 0;
    ends_[0].handle = ends_[0]
                          .transport
                          .connect({.flow = {.local_address = kAddresses[0],
                                             .remote_address = kAddresses[1],
                                             .local_port = 0,
                                             .remote_port = 80},
                                    .binding = {},
                                    .options = options},
                                   now_)
                          .value_or(Handle{});
  }

  void run() {
    while (!input_.empty()) act();
    // From here on the middle is honest: what can still end well must.
    for (int i = 0; i < 4000 && !(ends_[0].has_ended && ends_[1].has_ended); ++i) {
      exchange();
      for (std::size_t side = 0; side < 2; ++side) {
        if (i == 10) (void)ends_[side].transport.shut_down(ends_[side].handle, kWrite, now_);
        read(side, 4096);
      }
      pass(std::chrono::milliseconds(500));
    }
    for (End& end : ends_) end.transport.close(end.handle, now_);
    ends_[1].transport.close_listener(listener_, now_);
    collect();  // who closes is done with once it has been asked what it sends
    for (int i = 0; i < 4000 && !is_quiet(); ++i) {
      exchange();
      pass(std::chrono::seconds(1));
    }
    for (End& end : ends_) {
      fuzz::require(end.transport.connections() == 0);
      fuzz::require(end.transport.buffers().used() == 0);
    }
    fuzz::require(middle_.empty());
    fuzz::require(pool_.descriptors_in_use() == 0);
  }

 private:
  static constexpr auto kWrite = Transport::Direction::kWrite;

  struct End {
    End(Memory& memory, PacketPool& pool, std::uint64_t seed)
        : transport(memory, pool, {}, SipKey{seed, 2}, Rng(seed), ready,
                    [](const Flow&) { return 1500U; }) {}
    ReadyList ready;
    Transport transport;
    Handle handle;
    std::uint64_t written = 0;
    std::uint64_t read = 0;
    bool has_ended = false;
  };
  struct Passing {
    std::size_t to;
    Segment segment;
  };

  void collect() {
    for (std::size_t side = 0; side < 2; ++side) {
      for (int i = 0; auto outgoing = ends_[side].transport.next_outgoing(now_, {}); ++i) {
        fuzz::require(i < 100'000);
        cut(side, std::move(*outgoing));
      }
    }
  }
  void cut(std::size_t side, Outgoing outgoing) {
    const auto total =
        static_cast<std::uint32_t>(outgoing.payload == nullptr ? 0 : outgoing.payload->size());
    const std::uint32_t size = outgoing.segment_size != 0 ? outgoing.segment_size : total;
    for (std::uint32_t offset = 0;; offset += size) {
      const std::uint32_t bytes = std::min(size, total - offset);
      const bool is_last = offset + bytes == total;
      Segment segment = header_of(outgoing, offset);
      if (!is_last) segment.flags = segment.flags & ~(wire::kTcpFin | wire::kTcpPsh);
      segment.payload_bytes = bytes;
      if (bytes != 0) segment.payload = outgoing.payload->share(offset, bytes);
      if (bytes == 0 || segment.payload != nullptr) {
        middle_.push_back({1 - side, std::move(segment)});
      }
      if (is_last) return;
    }
  }
  static Segment header_of(const Outgoing& outgoing, std::uint32_t offset) {
    Segment segment;
    segment.flow = {.local_address = outgoing.flow.remote_address,
                    .remote_address = outgoing.flow.local_address,
                    .local_port = outgoing.flow.remote_port,
                    .remote_port = outgoing.flow.local_port};
    segment.seq = SequenceNumber(outgoing.header.sequence_number) + offset;
    segment.ack = SequenceNumber(outgoing.header.acknowledgment_number);
    segment.flags = outgoing.header.flags;
    segment.window = outgoing.header.window;
    segment.urgent_pointer = outgoing.header.urgent_pointer;
    segment.ecn = outgoing.ecn;
    segment.options =
        wire::TcpOptions::parse(Bytes(outgoing.option_bytes).first(outgoing.option_size()));
    return segment;
  }
  static Segment again(const Segment& segment) {
    Segment copy;
    copy.flow = segment.flow;
    copy.seq = segment.seq;
    copy.ack = segment.ack;
    copy.flags = segment.flags;
    copy.window = segment.window;
    copy.urgent_pointer = segment.urgent_pointer;
    copy.ecn = segment.ecn;
    copy.options = segment.options;
    if (segment.payload != nullptr) {
      copy.payload = segment.payload->share(0, segment.payload->size());
      if (copy.payload != nullptr) copy.payload_bytes = segment.payload_bytes;
    }
    return copy;
  }
  void deliver(std::size_t place) {
    if (place >= middle_.size()) return;
    Passing passing = std::move(middle_[place]);
    middle_.erase(middle_.begin() + static_cast<std::ptrdiff_t>(place));
    (void)ends_[passing.to].transport.on_segment(std::move(passing.segment), now_);
    if (auto accepted = ends_[1].transport.accept(listener_, now_)) ends_[1].handle = *accepted;
  }
  void exchange() {
    for (int i = 0; i < 10'000; ++i) {
      collect();
      if (middle_.empty()) return;
      deliver(0);
    }
  }
  [[nodiscard]] bool is_quiet() const {
    return middle_.empty() && !ends_[0].transport.next_deadline() &&
           !ends_[1].transport.next_deadline();
  }
  void pass(Duration duration) {
    const Time end = now_ + duration;
    for (int i = 0; i < 1000; ++i) {
      const auto deadline =
          earlier(ends_[0].transport.next_deadline(), ends_[1].transport.next_deadline());
      if (!deadline || *deadline > end) break;
      now_ = std::max(now_, *deadline);
      for (End& each : ends_) each.transport.on_deadline(now_);
      collect();
      fuzz::require(i < 999);
    }
    now_ = end;
    collect();
  }
  void write(std::size_t side, std::size_t count) {
    std::array<std::byte, 8192> bytes;
    End& end = ends_[side];
    count = std::min(count, bytes.size());
    for (std::size_t i = 0; i < count; ++i) bytes[i] = byte_at(end.written + i, side);
    const auto took = end.transport.write(end.handle, Bytes(bytes).first(count), now_);
    if (took) end.written += *took;
  }
  void read(std::size_t side, std::size_t count) {
    std::array<std::byte, 4096> bytes;
    End& end = ends_[side];
    const auto got = end.transport.read(
        end.handle, MutableBytes(bytes).first(std::min(count, bytes.size())), now_);
    if (!got) {
      end.has_ended |= got.error() != Error::kWouldBlock;
      return;
    }
    for (std::size_t i = 0; i < *got; ++i) {
      fuzz::require(bytes[i] == byte_at(end.read + i, 1 - side));
    }
    end.read += *got;
    fuzz::require(end.read <= ends_[1 - side].written);
  }
  void act() {
    const std::uint8_t what = input_.byte();
    const std::uint8_t how = input_.byte();
    const std::size_t side = how & 1U;
    const std::size_t place = middle_.empty() ? 0 : how % middle_.size();
    switch (what % 10) {
      case 0: return write(side, std::size_t{how} * 32U);
      case 1: return read(side, std::size_t{how} * 16U);
      case 2: return pass(std::chrono::milliseconds(1U << (how % 14U)));
      case 3:
        if (!middle_.empty()) middle_.erase(middle_.begin() + static_cast<std::ptrdiff_t>(place));
        return;
      case 4:
        if (!middle_.empty() && middle_.size() < 200) {
          middle_.push_back({middle_[place].to, again(middle_[place].segment)});
        }
        return;
      case 5:
        if (!middle_.empty()) middle_[place].segment.ecn = EcnCodepoint::kCe;
        return;
      case 6:
        if (how < 8) (void)ends_[side].transport.shut_down(ends_[side].handle, kWrite, now_);
        return;
      case 7: collect(); return;
      default: return deliver(place);
    }
  }

  HeapMemory memory_;
  HeapMemory pool_memory_;
  PacketPool pool_{pool_memory_,
                   {.small_buffers = 2048, .large_buffers = 64, .extra_descriptors = 8192}};
  fuzz::Input input_;
  std::array<End, 2> ends_{End{memory_, pool_, 1}, End{memory_, pool_, 2}};
  Handle listener_;
  std::vector<Passing> middle_;
  Time now_{std::chrono::seconds(1000)};
};

}  // namespace
}  // namespace strata::tcp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  strata::tcp::Harness(strata::fuzz::as_input(data, size)).run();
  return 0;
}
