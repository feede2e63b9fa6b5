// SPDX-License-Identifier: Apache-2.0
// Any sequence of fragments, over any time: limits hold, what comes out is a whole packet, and
// everything is given back in the end.
#include <algorithm>
#include <array>
#include <optional>

#include "fuzz/law.h"
#include "ip/ipv6_options.h"
#include "ip/reassembly.h"
#include "strata/packet_pool.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"

using namespace strata;
using namespace strata::fuzz;

namespace {

constexpr ip::ReassemblyConfig kConfig{.buffer_bytes_max = 48 * kSmallBufferBytes,
                                       .datagrams_max = 24,
                                       .fragments_max = 48,
                                       .fragments_per_datagram_max = 12};

// What the stack does with a received packet; none when it is no fragment.
std::optional<ip::Fragment> as_fragment(PacketPtr packet) {
  ip::Fragment fragment;
  const Bytes bytes = packet->bytes();
  if (const auto v4 = wire::Ipv4View::parse(bytes); v4 && v4->is_fragment()) {
    fragment.source = v4->source();
    fragment.destination = v4->destination();
    fragment.identification = v4->identification();
    fragment.protocol = v4->protocol();
    fragment.offset = v4->fragment_offset();
    fragment.more = v4->more_fragments();
    fragment.ecn = v4->traffic_class() & 3U;
    fragment.header_length = static_cast<std::uint16_t>(v4->header_length());
    packet->truncate(v4->total_length());
  } else if (const auto v6 = wire::Ipv6View::parse(bytes)) {
    if (v6->source().is_v4() || v6->destination().is_v4()) return std::nullopt;
    const auto headers = ip::walk_ipv6_headers(bytes, ip::Ipv6HeaderScope::kDestination);
    if (!headers.fragment || headers.drop != DropReason::kNone) return std::nullopt;
    fragment.source = v6->source();
    fragment.destination = v6->destination();
    fragment.identification = headers.fragment->header.identification;
    fragment.protocol = headers.fragment->header.next_header;
    fragment.offset = headers.fragment->header.fragment_offset;
    fragment.more = headers.fragment->header.more_fragments;
    fragment.ecn = v6->traffic_class() & 3U;
    fragment.header_length = static_cast<std::uint16_t>(headers.fragment->payload_at());
    fragment.next_header_at = static_cast<std::uint16_t>(headers.fragment->next_header_at);
    packet->truncate(v6->total_length());
  } else {
    return std::nullopt;
  }
  fragment.packet = std::move(packet);
  return fragment;
}

void require_whole(const Packet& whole) {
  std::array<std::byte, 65'600> bytes;
  require(whole.size() <= bytes.size());
  const MutableBytes copy = MutableBytes(bytes).first(whole.size());
  whole.copy_out(0, copy);
  if (const auto v4 = wire::Ipv4View::parse(copy)) {
    require(v4->total_length() == whole.size() && !v4->is_fragment());
    require(v4->checksum_is_valid());
  } else {
    const auto v6 = wire::Ipv6View::parse(copy);
    require(v6.has_value() && v6->total_length() == whole.size());
  }
}

// A compact script: most inputs that a fuzzer finds are then fragments of few datagrams. Each step
// is a control byte, two bytes of offset and a size, and takes its payload from the input.
PacketPtr scripted(PacketPool& pool, Bytes& input, std::uint8_t control) {
  const auto take = [&] {
    const auto value = std::to_integer<unsigned>(input.front());
    input = input.subspan(1);
    return value;
  };
  if (input.size() < 2) return nullptr;
  const unsigned units = take();
  const std::size_t size = std::min<std::size_t>(take() * 2, input.size());
  PacketPtr packet = pool.allocate();
  if (packet == nullptr) return nullptr;
  const bool more = (control & 1U) != 0;
  if ((control & 2U) != 0) {
    wire::Ipv4Header header{.total_length = static_cast<std::uint16_t>(20 + size),
                            .identification = static_cast<std::uint16_t>(control >> 4U & 3U),
                            .more_fragments = more,
                            .fragment_offset = static_cast<std::uint16_t>(units * 8),
                            .source = IpAddress::v4(control >> 6U)};
    write(header, packet->append(20).first<20>());
  } else {
    wire::Ipv6Header header{.payload_length = static_cast<std::uint16_t>(8 + size),
                            .next_header = wire::kIpProtocolFragment,
                            .source = IpAddress::v6(1, control >> 6U),
                            .destination = IpAddress::v6(2, 2)};
    write(header, packet->append(40).first<40>());
    write(wire::Ipv6FragmentHeader{.fragment_offset = static_cast<std::uint16_t>(units * 8),
                                   .more_fragments = more,
                                   .identification = control >> 4U & 3U},
          packet->append(8).first<8>());
  }
  copy_bytes(input.first(size), packet->append(size));
  return packet;
}

// The rest of the input as it is.
PacketPtr raw(PacketPool& pool, Bytes& input) {
  if (input.empty()) return nullptr;
  const auto wanted = std::to_integer<std::size_t>(input.front());
  input = input.subspan(1);
  const std::size_t size = std::min(wanted, input.size());
  PacketPtr packet = pool.allocate();
  if (packet == nullptr) return nullptr;
  copy_bytes(input.first(size), packet->append(size));
  input = input.subspan(size);
  return packet;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static HeapMemory pool_memory;
  static PacketPool pool(pool_memory, {.small_buffers = 128, .large_buffers = 1});
  HeapMemory memory;
  {
    ip::Reassembly reassembly(memory, SipKey{1, 2}, kConfig);
    Time now{};
    Bytes input = as_input(data, size);
    while (!input.empty()) {
      const auto control = std::to_integer<std::uint8_t>(input.front());
      input = input.subspan(1);
      if ((control & 4U) != 0) {
        now += std::chrono::seconds(control >> 3U);
        reassembly.on_deadline(now);
        while (reassembly.next_output(now)) {
        }
        require(!reassembly.next_deadline() || *reassembly.next_deadline() > now);
        continue;
      }
      PacketPtr packet = (control & 8U) != 0 ? raw(pool, input) : scripted(pool, input, control);
      if (packet == nullptr) continue;
      auto fragment = as_fragment(std::move(packet));
      if (!fragment) continue;
      const auto outcome = reassembly.on_fragment(std::move(*fragment), now);
      if (outcome.whole != nullptr) require_whole(*outcome.whole);
      require(reassembly.buffer_bytes() <= kConfig.buffer_bytes_max);
      require(reassembly.fragments() <= kConfig.fragments_max);
      require(reassembly.datagrams() <= kConfig.datagrams_max);
    }
  }
  require(memory.bytes_used() == 0 && pool.descriptors_in_use() == 0);
  return 0;
}
